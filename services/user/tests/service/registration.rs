//! Registration.

use futures::future::join_all;
use proto::user::v1 as pb;
use tonic::Code;

use crate::fixture::{PASSWORD, TestService, code_and_reason, fields, registration};

#[tokio::test]
async fn registration_creates_a_signed_in_customer() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let response = service.register(" Ada@Example.com ").await;
    let user = response.user.unwrap();
    assert_eq!((&*user.email, &*user.role, user.disabled), ("Ada@Example.com", "customer", false));
    let profile = user.profile.clone().unwrap();
    assert_eq!(profile.first_name.as_deref(), Some("Ada"));
    assert_eq!(profile.last_name.as_deref(), Some("Lovelace"));
    assert_eq!((profile.phone.as_deref(), profile.avatar_url.as_deref()), (Some(""), Some("")));
    assert_eq!(user.created_at, "2026-03-01T12:00:00Z");
    assert_eq!(response.expires_in, 900);
    assert_eq!(service.get_user(&user.id).await.unwrap(), user);
    let token = service.validate(&response.access_token).await;
    assert_eq!((token.valid, token.user_id, &*token.role), (true, user.id.clone(), "customer"));
    service.refresh(&response.refresh_token).await.unwrap();
    assert!(!user.email_verified());
    service.notification.wait_for("verification", "Ada@Example.com", 1).await;
    service.stop().await;
}

#[tokio::test]
async fn email_address_is_unique_regardless_of_case() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    for email in ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"] {
        let taken = code_and_reason(service.try_register(email).await);
        assert_eq!(taken, (Code::AlreadyExists, "email_taken".to_owned()));
    }
    assert_eq!(service.count("SELECT count(*) FROM users").await, 1);
    service.stop().await;
}

#[tokio::test]
async fn concurrent_registrations_create_one_account_and_one_mail() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let emails = (0..16).map(|n| if n % 2 == 0 { "ada@example.com" } else { "ADA@Example.com" });
    let responses = join_all(emails.map(|email| service.try_register(email))).await;
    let (ok, refusals): (Vec<_>, Vec<_>) = responses.into_iter().partition(Result::is_ok);
    assert_eq!(ok.len(), 1);
    for response in refusals {
        assert_eq!(code_and_reason(response), (Code::AlreadyExists, "email_taken".to_owned()));
    }
    for rows in [
        "SELECT count(*) FROM users",
        "SELECT count(*) FROM profiles",
        "SELECT count(*) FROM sessions",
        "SELECT count(*) FROM refresh_tokens",
    ] {
        assert_eq!(service.count(rows).await, 1, "{rows}");
    }
    let email = ok[0].as_ref().unwrap().user.clone().unwrap().email;
    service.notification.wait_for("verification", &email, 1).await;
    assert_eq!(service.notification.received().len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn invalid_registration_names_every_invalid_field() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let mut client = service.client.clone();
    let invalid = pb::RegisterRequest {
        email: "ada".into(),
        password: "short".into(),
        first_name: "a\0".into(),
        last_name: "x".repeat(101),
    };
    let reported = fields(client.register(invalid).await);
    assert_eq!(reported, ["email", "password", "first_name", "last_name"]);
    let decomposed = "e\u{301}".repeat(37);
    for password in ["        ", "ADA@example.com", &"ü".repeat(37), "", "1234\n5678", &decomposed]
    {
        let request =
            pb::RegisterRequest { password: password.into(), ..registration("ada@example.com") };
        assert_eq!(fields(client.register(request).await), ["password"], "{password}");
    }
    drop(client);
    service.stop().await;
}

#[tokio::test]
async fn most_used_passwords_are_rejected_everywhere() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    for password in ["password1", "Qwertyuiop", "1q2w3e4r5t"] {
        let request =
            pb::RegisterRequest { password: password.into(), ..registration("ada@example.com") };
        let refused = service.client.clone().register(request).await;
        assert_eq!(fields(refused), ["password"], "{password}");
    }
    let id = service.customer("ada@example.com").await;
    let change = service.change_password(&id, (PASSWORD, "password1"), "").await;
    assert_eq!(fields(change), ["new_password"]);
    let reset = service.reset_password("any token", "password1").await;
    assert_eq!(fields(reset), ["new_password"]);
    service.stop().await;
}

#[tokio::test]
async fn all_72_bytes_of_a_password_are_compared() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let password = format!("{}ü", "x".repeat(70));
    let request =
        pb::RegisterRequest { password: password.clone(), ..registration("ada@example.com") };
    service.client.clone().register(request).await.unwrap();
    service.login("ada@example.com", &password).await.unwrap();
    for wrong_password in [format!("{password}y"), format!("{}ö", "x".repeat(70)), "x".repeat(70)]
    {
        let refused = code_and_reason(service.login("ada@example.com", &wrong_password).await);
        assert_eq!(refused, (Code::Unauthenticated, "invalid_credentials".to_owned()));
    }
    service.stop().await;
}

#[tokio::test]
async fn password_and_token_are_not_stored_in_plain_text() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let response = service.register("ada@example.com").await;
    let dump: String = sqlx::query_scalar(
        "SELECT concat((SELECT string_agg(u::text, '') FROM users u),
                       (SELECT string_agg(t::text, '') FROM refresh_tokens t),
                       (SELECT string_agg(s::text, '') FROM sessions s))",
    )
    .fetch_one(database.pool())
    .await
    .unwrap();
    assert!(dump.contains("ada@example.com") && dump.contains("$2b$04$"), "{dump}");
    assert!(!dump.contains(PASSWORD) && !dump.contains(&response.refresh_token), "{dump}");
    service.stop().await;
}
