//! Verification and change of e-mail addresses.

use jiff::SignedDuration;
use proto::user::v1 as pb;
use tonic::{Code, Status};

use crate::fake_notification::Received;
use crate::fixture::{
    PASSWORD, TestService, code, code_and_reason, fields, into_inner, registration,
};

const ADA: &str = "ada@example.com";
const NEW_ADDRESS: &str = "lovelace@example.com";

async fn verify(service: &TestService, token: &str) -> Result<(), Status> {
    let request = pb::VerifyEmailRequest { token: token.into() };
    service.client.clone().verify_email(request).await.map(|_| ())
}

async fn resend(service: &TestService, user: &str) -> Result<(), Status> {
    let request = pb::RequestEmailVerificationRequest { user_id: user.into() };
    service.client.clone().request_email_verification(request).await.map(|_| ())
}

async fn change(
    service: &TestService,
    user: &str,
    email: &str,
    password: &str,
) -> Result<(), Status> {
    let request = pb::ChangeEmailRequest {
        user_id: user.into(),
        email: email.into(),
        current_password: password.into(),
    };
    service.client.clone().change_email(request).await.map(|_| ())
}

/// Waits for the `n`th verification mail to an address, and returns its token.
async fn token(service: &TestService, email: &str, n: usize) -> String {
    let mails = service.notification.wait_for("verification", email, n).await;
    wait_for_empty_outbox(service).await;
    mails[n - 1].content.clone()
}

async fn wait_for_empty_outbox(service: &TestService) {
    while service.count("SELECT count(*) FROM outbox").await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Registers a customer whose address is verified, and returns the ID.
async fn verified_customer(service: &TestService, email: &str) -> String {
    let id = service.customer(email).await;
    verify(service, &token(service, email, 1).await).await.unwrap();
    id
}

fn kinds(mails: &[Received], email: &str) -> Vec<&'static str> {
    mails.iter().filter(|mail| mail.email == email).map(|mail| mail.kind).collect()
}

#[tokio::test]
async fn address_is_verified_by_token_before_welcome_mail() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer(ADA).await;
    assert!(!service.get_user(&id).await.unwrap().email_verified());
    let token = token(&service, ADA, 1).await;
    assert_eq!(kinds(&service.notification.received(), ADA), ["verification"]);

    verify(&service, &token).await.unwrap();
    assert!(service.get_user(&id).await.unwrap().email_verified());
    let welcome = service.notification.wait_for("welcome", ADA, 1).await.remove(0);
    assert_eq!(welcome.content, "Ada");
    // The token is valid once, and a verified address gets no further token.
    assert_eq!(fields(verify(&service, &token).await), ["token"]);
    resend(&service, &id).await.unwrap();
    wait_for_empty_outbox(&service).await;
    assert_eq!(kinds(&service.notification.received(), ADA), ["verification", "welcome"]);
    service.stop().await;
}

#[tokio::test]
async fn password_reset_by_mail_verifies_the_address() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer(ADA).await;
    service.request_password_reset(ADA).await.unwrap();
    let reset = service.notification.wait_for("reset", ADA, 1).await.remove(0).content;
    service.reset_password(&reset, "another password").await.unwrap();
    assert!(service.get_user(&id).await.unwrap().email_verified());
    service.notification.wait_for("welcome", ADA, 1).await;
    service.stop().await;
}

#[tokio::test]
async fn new_address_is_taken_over_when_it_is_verified() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = verified_customer(&service, ADA).await;
    let wrong = change(&service, &id, NEW_ADDRESS, "wrong password").await;
    assert_eq!(fields(wrong), ["current_password"]);
    let same = change(&service, &id, "ADA@example.com", PASSWORD).await;
    assert_eq!(fields(same), ["email"]);

    change(&service, &id, NEW_ADDRESS, PASSWORD).await.unwrap();
    let confirmation = token(&service, NEW_ADDRESS, 1).await;
    assert_eq!(service.get_user(&id).await.unwrap().email, ADA);
    service.request_password_reset(ADA).await.unwrap();
    let reset = service.notification.wait_for("reset", ADA, 1).await.remove(0).content;
    verify(&service, &confirmation).await.unwrap();

    let user = service.get_user(&id).await.unwrap();
    assert_eq!((&*user.email, user.email_verified()), (NEW_ADDRESS, true));
    service.notification.wait_for("email_changed", ADA, 1).await;
    service.login(NEW_ADDRESS, PASSWORD).await.unwrap();
    assert_eq!(code(service.login(ADA, PASSWORD).await), Code::Unauthenticated);
    // What was mailed to the former address is worthless.
    assert_eq!(fields(service.reset_password(&reset, "another password").await), ["token"]);
    service.register(ADA).await;
    service.stop().await;
}

#[tokio::test]
async fn change_does_not_reveal_whether_address_is_taken() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = verified_customer(&service, ADA).await;
    verified_customer(&service, "bob@example.com").await;
    change(&service, &id, "bob@example.com", PASSWORD).await.unwrap();
    wait_for_empty_outbox(&service).await;
    let bob = kinds(&service.notification.received(), "bob@example.com");
    assert_eq!(bob, ["verification", "welcome"]);
    // An address that is registered after the mail was sent.
    change(&service, &id, NEW_ADDRESS, PASSWORD).await.unwrap();
    let confirmation = token(&service, NEW_ADDRESS, 1).await;
    service.register(NEW_ADDRESS).await;
    let taken = code_and_reason(verify(&service, &confirmation).await);
    assert_eq!(taken, (Code::AlreadyExists, "email_taken".to_owned()));
    assert_eq!(service.get_user(&id).await.unwrap().email, ADA);
    service.stop().await;
}

#[tokio::test]
async fn verification_tokens_expire_after_a_day_and_on_password_change() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer(ADA).await;
    let first = token(&service, ADA, 1).await;
    service.env.advance(SignedDuration::from_hours(24));
    assert_eq!(fields(verify(&service, &first).await), ["token"]);
    resend(&service, &id).await.unwrap();
    let second = token(&service, ADA, 2).await;
    service.change_password(&id, (PASSWORD, "another password"), "").await.unwrap();
    assert_eq!(fields(verify(&service, &second).await), ["token"]);
    for text in ["x", &"A".repeat(43), "ünï"] {
        assert_eq!(fields(verify(&service, text).await), ["token"]);
    }
    service.stop().await;
}

#[tokio::test]
async fn password_change_discards_queued_change_of_the_address() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = verified_customer(&service, ADA).await;
    wait_for_empty_outbox(&service).await;
    // A mail that waits because the notification service was unavailable.
    let queue = "INSERT INTO outbox (id, kind, user_id, email, email_key, first_name, created_at,
                                     due_at)
         VALUES (gen_random_uuid(), 'email_verification', $1::uuid, $2, $2, '', now(),
                 '2100-01-01')";
    sqlx::query(queue).bind(&id).bind(NEW_ADDRESS).execute(database.pool()).await.unwrap();
    service.change_password(&id, (PASSWORD, "another password"), "").await.unwrap();
    let queued = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE email = $1");
    let queued: i64 = queued.bind(NEW_ADDRESS).fetch_one(database.pool()).await.unwrap();
    assert_eq!(queued, 0);
    service.stop().await;
}

#[tokio::test]
async fn address_gets_bounded_number_of_mails() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer(ADA).await;
    for n in 0..8 {
        wait_for_empty_outbox(&service).await;
        // The account has an allowance of its own.
        assert_eq!(resend(&service, &id).await.is_ok(), n < 6);
        wait_for_empty_outbox(&service).await;
        service.request_password_reset(ADA).await.unwrap();
    }
    wait_for_empty_outbox(&service).await;
    assert_eq!(kinds(&service.notification.received(), ADA).len(), 6);
    // Another account cannot cause more.
    let bob = verified_customer(&service, "bob@example.com").await;
    change(&service, &bob, ADA, PASSWORD).await.unwrap();
    wait_for_empty_outbox(&service).await;
    assert_eq!(kinds(&service.notification.received(), ADA).len(), 6);
    service.env.advance(SignedDuration::from_hours(1));
    resend(&service, &id).await.unwrap();
    wait_for_empty_outbox(&service).await;
    assert_eq!(kinds(&service.notification.received(), ADA).len(), 7);
    service.stop().await;
}

#[tokio::test]
async fn account_causes_bounded_number_of_mails() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = verified_customer(&service, ADA).await;
    let stranger = |n: usize| format!("stranger{n}@example.com");
    for n in 0..6 {
        change(&service, &id, &stranger(n), PASSWORD).await.unwrap();
    }
    let refused = change(&service, &id, &stranger(6), PASSWORD).await.unwrap_err();
    assert_eq!(kit::grpc::status::retry_after_of(&refused).unwrap().as_secs(), 3600);
    let refused = code_and_reason::<()>(Err(refused));
    assert_eq!(refused, (Code::ResourceExhausted, "rate_limited".to_owned()));
    wait_for_empty_outbox(&service).await;
    assert_eq!(kinds(&service.notification.received(), &stranger(6)), [""; 0]);
    // Another account is not affected.
    let bob = service.customer("bob@example.com").await;
    resend(&service, &bob).await.unwrap();

    service.env.advance(SignedDuration::from_hours(1));
    change(&service, &id, &stranger(6), PASSWORD).await.unwrap();
    token(&service, &stranger(6), 1).await;
    service.stop().await;
}

#[tokio::test]
async fn existing_accounts_and_first_administrator_are_verified() {
    let database = testing::database(&user::MIGRATOR).await;
    // As the previous release inserts an account.
    let insert = "WITH added AS (
             INSERT INTO users (id, email, email_key, password_hash, role, disabled, created_at,
                                updated_at)
             VALUES (gen_random_uuid(), $1, $1, '', 'customer', false, now(), now()) RETURNING id)
         INSERT INTO profiles (user_id, first_name, last_name, phone, avatar_url)
         SELECT id, '', '', '', '' FROM added";
    sqlx::query(insert).bind(ADA).execute(database.pool()).await.unwrap();
    let service = TestService::start_with(database.pool(), |args| {
        args.admin_email = Some("root@example.com".into());
        args.admin_password = Some(PASSWORD.into());
    })
    .await;
    while service.login("root@example.com", PASSWORD).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let list = service.client.clone().list_users(pb::ListUsersRequest::default()).await;
    let users = into_inner(list).unwrap().users;
    assert_eq!(users.len(), 2);
    assert!(users.iter().all(|user| user.email_verified()), "{users:?}");
    service.stop().await;
}

/// Accounts of releases that compared addresses as they were sent.
#[tokio::test]
async fn addresses_of_existing_accounts_are_normalized_by_migration() {
    let database = testing::database(&user::MIGRATOR).await;
    let composed = |name: &str| format!("jos\u{e9}.{name}@example.com");
    let decomposed = |name: &str| format!("jose\u{301}.{name}@example.com");
    let insert =
        "INSERT INTO users (id, email, email_key, password_hash, role, disabled, created_at,
                      updated_at)
                  VALUES (gen_random_uuid(), $1, $1, '', 'customer', false, now(), now())";
    let before = [decomposed("one"), composed("two"), decomposed("two")];
    for email in &before {
        sqlx::query(insert).bind(email).execute(database.pool()).await.unwrap();
    }
    let migration = user::MIGRATOR.iter().find(|migration| migration.version == 13).unwrap();
    sqlx::raw_sql(migration.sql.clone()).execute(database.pool()).await.unwrap();
    let keys =
        sqlx::query_scalar::<_, String>("SELECT email_key FROM users WHERE email = email_key");
    let mut keys = keys.fetch_all(database.pool()).await.unwrap();
    let mut after = [composed("one"), composed("two"), decomposed("two")];
    keys.sort();
    after.sort();
    assert_eq!(keys, after);
}

#[tokio::test]
async fn names_that_look_like_links_are_rejected() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let request = pb::RegisterRequest {
        first_name: "Win at example.com".into(),
        last_name: "https://example".into(),
        ..registration(ADA)
    };
    let refused = service.client.clone().register(request).await;
    assert_eq!(fields(refused), ["first_name", "last_name"]);
    let id = service.customer(ADA).await;
    let profile = Some(pb::Profile { first_name: Some("www.a".into()), ..Default::default() });
    let refused = service.client.clone().update_user(pb::UpdateUserRequest { id, profile }).await;
    assert_eq!(fields(refused), ["profile.first_name"]);
    service.stop().await;
}
