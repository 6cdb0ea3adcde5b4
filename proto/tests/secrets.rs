//! `Debug` of messages with secrets, which must not appear in logs.

use std::fmt::Debug;

use proto::notification::v1 as notification;
use proto::payment::v1 as payment;
use proto::user::v1 as user;

const SECRET: &str = "s3cr3t";

#[track_caller]
fn assert_hides(message: &dyn Debug) {
    let debug = format!("{message:?} {message:#?}");
    assert!(!debug.contains(SECRET), "{debug}");
    assert!(debug.contains("{ .. }"), "{debug}");
}

#[test]
fn debug_hides_passwords_tokens_and_cards() {
    let secret = || SECRET.to_owned();
    assert_hides(&payment::AddPaymentMethodRequest { card_number: secret(), ..Default::default() });
    assert_hides(&payment::AddPaymentMethodRequest { cvv: secret(), ..Default::default() });
    assert_hides(&payment::PaymentMethod { token: secret(), ..Default::default() });
    assert_hides(&user::RegisterRequest { password: secret(), ..Default::default() });
    assert_hides(&user::LoginRequest { password: secret(), ..Default::default() });
    assert_hides(&user::AuthResponse { access_token: secret(), ..Default::default() });
    assert_hides(&user::AuthResponse { refresh_token: secret(), ..Default::default() });
    assert_hides(&user::RefreshTokenRequest { refresh_token: secret() });
    assert_hides(&user::ValidateTokenRequest { token: secret() });
    assert_hides(&user::LogoutRequest { refresh_token: secret(), ..Default::default() });
    assert_hides(&user::ChangePasswordRequest { current_password: secret(), ..Default::default() });
    assert_hides(&user::ChangePasswordRequest { new_password: secret(), ..Default::default() });
    assert_hides(&user::ResetPasswordRequest { token: secret(), ..Default::default() });
    assert_hides(&user::ResetPasswordRequest { new_password: secret(), ..Default::default() });
    assert_hides(&notification::SendPasswordResetRequest {
        reset_token: secret(),
        ..Default::default()
    });
}

#[test]
fn debug_of_other_messages_shows_their_fields() {
    let request = payment::CaptureRequest { idempotency_key: "key".into(), ..Default::default() };
    assert!(format!("{request:?}").contains("key"));
    let listed = payment::ListPaymentMethodsResponse { payment_methods: vec![Default::default()] };
    assert!(format!("{listed:?}").contains("PaymentMethod { .. }"));
}
