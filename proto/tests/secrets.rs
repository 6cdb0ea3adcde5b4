//! What logs can never show, for `Debug` does not.

use std::fmt::Debug;

use proto::{notification::v1 as notification, payment::v1 as payment, user::v1 as user};

const SECRET: &str = "s3cr3t";

#[track_caller]
fn hides(message: &dyn Debug) {
    let shown = format!("{message:?} {message:#?}");
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("{ .. }"), "{shown}");
}

#[test]
fn messages_with_passwords_tokens_or_cards_show_nothing() {
    let secret = || SECRET.to_owned();
    hides(&payment::AddPaymentMethodRequest { card_number: secret(), ..Default::default() });
    hides(&payment::AddPaymentMethodRequest { cvv: secret(), ..Default::default() });
    hides(&payment::PaymentMethod { token: secret(), ..Default::default() });
    hides(&user::RegisterRequest { password: secret(), ..Default::default() });
    hides(&user::LoginRequest { password: secret(), ..Default::default() });
    hides(&user::AuthResponse { access_token: secret(), ..Default::default() });
    hides(&user::AuthResponse { refresh_token: secret(), ..Default::default() });
    hides(&user::RefreshTokenRequest { refresh_token: secret() });
    hides(&user::ValidateTokenRequest { token: secret() });
    hides(&user::LogoutRequest { refresh_token: secret(), ..Default::default() });
    hides(&user::ChangePasswordRequest { current_password: secret(), ..Default::default() });
    hides(&user::ChangePasswordRequest { new_password: secret(), ..Default::default() });
    hides(&user::ResetPasswordRequest { token: secret(), ..Default::default() });
    hides(&user::ResetPasswordRequest { new_password: secret(), ..Default::default() });
    hides(&notification::SendPasswordResetRequest { reset_token: secret(), ..Default::default() });
}

#[test]
fn other_messages_still_show_themselves() {
    let request = payment::CaptureRequest { idempotency_key: "key".into(), ..Default::default() };
    assert!(format!("{request:?}").contains("key"));
    let listed = payment::ListPaymentMethodsResponse { payment_methods: vec![Default::default()] };
    assert!(format!("{listed:?}").contains("PaymentMethod { .. }"));
}
