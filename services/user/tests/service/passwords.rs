//! Password change and password reset.

use futures::future::join_all;
use jiff::SignedDuration;
use tonic::Code;

use crate::fixture::{PASSWORD, TestService, code, code_and_reason, fields, unused_id};

const NEW: &str = "staple battery horse";

/// Returns the session ID of an access token.
fn sid(token: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn password_change_ends_all_other_sessions() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let current = service.register("ada@example.com").await;
    let other = service.login("ada@example.com", PASSWORD).await.unwrap();
    let id = current.user.unwrap().id;
    service.change_password(&id, (PASSWORD, NEW), &sid(&current.access_token)).await.unwrap();
    service.refresh(&current.refresh_token).await.unwrap();
    assert_eq!(code(service.refresh(&other.refresh_token).await), Code::Unauthenticated);
    assert_eq!(code(service.login("ada@example.com", PASSWORD).await), Code::Unauthenticated);
    service.login("ada@example.com", NEW).await.unwrap();
    // Without a session to keep, all sessions end.
    service.change_password(&id, (NEW, PASSWORD), "").await.unwrap();
    assert_eq!(service.count("SELECT count(*) FROM sessions").await, 0);
    service.stop().await;
}

#[tokio::test]
async fn password_change_requires_current_and_valid_new_password() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let response = service.register("ada@example.com").await;
    let id = response.user.unwrap().id;
    let change = |current, new| service.change_password(&id, (current, new), "");
    assert_eq!(fields(change("wrong password", NEW).await), ["current_password"]);
    assert_eq!(fields(change(PASSWORD, "short").await), ["new_password"]);
    assert_eq!(fields(change(PASSWORD, "Ada@Example.com").await), ["new_password"]);
    let missing = service.change_password(&unused_id(1), (PASSWORD, NEW), "").await;
    assert_eq!(code(missing), Code::NotFound);
    // Wrong current passwords are throttled like sign-ins.
    for _ in 0..9 {
        assert_eq!(fields(change("wrong password", NEW).await), ["current_password"]);
    }
    assert_eq!(code_and_reason(change(PASSWORD, NEW).await).1, "too_many_attempts");
    service.refresh(&response.refresh_token).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn concurrent_password_changes_have_one_winner() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    let news = ["staple battery one", "staple battery two"];
    let changes = news.map(|new| service.change_password(&id, (PASSWORD, new), ""));
    let succeeded: Vec<bool> =
        join_all(changes).await.into_iter().map(|result| result.is_ok()).collect();
    assert_eq!(succeeded.iter().filter(|succeeded| **succeeded).count(), 1);
    for (new, succeeded) in news.into_iter().zip(succeeded) {
        assert_eq!(service.login("ada@example.com", new).await.is_ok(), succeeded);
    }
    service.stop().await;
}

#[tokio::test]
async fn reset_token_works_once_and_ends_all_sessions() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let session = service.register("Ada@example.com").await.refresh_token;
    service.request_password_reset("ADA@example.com").await.unwrap();
    // The mail is sent to the address as it is stored in the account, not as it is spelled in the
    // request.
    let mail = service.notification.wait_for("reset", "Ada@example.com", 1).await.remove(0);
    let token = mail.content;
    assert_eq!(fields(service.reset_password(&token, "short").await), ["new_password"]);
    assert_eq!(fields(service.reset_password(&token, "ada@Example.com").await), ["new_password"]);
    service.reset_password(&token, NEW).await.unwrap();
    assert_eq!(code(service.refresh(&session).await), Code::Unauthenticated);
    service.login("ada@example.com", NEW).await.unwrap();
    assert_eq!(fields(service.reset_password(&token, "another password").await), ["token"]);
    service.login("ada@example.com", NEW).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn concurrent_resets_with_one_token_have_one_winner() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    service.request_password_reset("ada@example.com").await.unwrap();
    let token =
        service.notification.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    let passwords: Vec<_> = (0..8).map(|n| format!("new password {n}")).collect();
    let resets = passwords.iter().map(|password| service.reset_password(&token, password));
    let succeeded = join_all(resets).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(succeeded, 1);
    service.stop().await;
}

#[tokio::test]
async fn reset_tokens_expire_after_an_hour_and_on_password_change() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    let mut tokens = Vec::new();
    for n in 1..=3 {
        service.request_password_reset("ada@example.com").await.unwrap();
        tokens = service.notification.wait_for("reset", "ada@example.com", n).await;
        wait_for_empty_outbox(&service).await;
    }
    service.env.advance(SignedDuration::from_mins(59));
    service.reset_password(&tokens[0].content, NEW).await.unwrap();
    assert_eq!(fields(service.reset_password(&tokens[1].content, NEW).await), ["token"]);

    service.request_password_reset("ada@example.com").await.unwrap();
    let fourth =
        service.notification.wait_for("reset", "ada@example.com", 4).await.remove(3).content;
    service.change_password(&id, (NEW, PASSWORD), "").await.unwrap();
    assert_eq!(fields(service.reset_password(&fourth, NEW).await), ["token"]);

    wait_for_empty_outbox(&service).await;
    service.request_password_reset("ada@example.com").await.unwrap();
    let fifth =
        service.notification.wait_for("reset", "ada@example.com", 5).await.remove(4).content;
    service.env.advance(SignedDuration::from_hours(1));
    assert_eq!(fields(service.reset_password(&fifth, NEW).await), ["token"]);
    for text in ["x", &"A".repeat(43), "ünï"] {
        assert_eq!(fields(service.reset_password(text, NEW).await), ["token"]);
    }
    service.stop().await;
}

#[tokio::test]
async fn reset_request_does_not_reveal_whether_account_exists() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let disabled = service.customer("cleo@example.com").await;
    service.notification.wait_for("verification", "cleo@example.com", 1).await;
    wait_for_empty_outbox(&service).await;
    service.set_access(&disabled, "", Some(true)).await.unwrap();
    service.register("ada@example.com").await;
    for email in ["bob@example.com", "cleo@example.com", "ada@example.com"] {
        service.request_password_reset(email).await.unwrap();
    }
    service.notification.wait_for("reset", "ada@example.com", 1).await;
    wait_for_empty_outbox(&service).await;
    let resets =
        service.notification.received().into_iter().filter(|mail| mail.kind == "reset").count();
    assert_eq!(resets, 1);
    assert_eq!(service.metric("user_mails_total{outcome=\"dropped\"}").unwrap(), "2");
    service.stop().await;
}

#[tokio::test]
async fn reset_mails_are_limited_per_account() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    for _ in 0..8 {
        service.request_password_reset("ada@example.com").await.unwrap();
        wait_for_empty_outbox(&service).await;
    }
    let resets =
        || service.notification.received().into_iter().filter(|mail| mail.kind == "reset").count();
    assert_eq!(resets(), 5);
    service.env.advance(SignedDuration::from_hours(1));
    service.request_password_reset("ada@example.com").await.unwrap();
    service.notification.wait_for("reset", "ada@example.com", 6).await;
    service.stop().await;
}

#[tokio::test]
async fn password_reset_clears_sign_in_throttle() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register("ada@example.com").await;
    for _ in 0..10 {
        service.login("ada@example.com", "wrong password").await.unwrap_err();
    }
    service.request_password_reset("ada@example.com").await.unwrap();
    let token =
        service.notification.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    service.reset_password(&token, NEW).await.unwrap();
    service.login("ada@example.com", NEW).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn failed_password_reset_changes_nothing() {
    let test_database = testing::database(&user::MIGRATOR).await;
    let short_lock_timeout = |args: &mut user::Args| {
        args.database.database_lock_timeout = std::time::Duration::from_millis(200);
    };
    let service = TestService::start_with(test_database.pool(), short_lock_timeout).await;
    service.register("ada@example.com").await;
    service.login("ada@example.com", "wrong password").await.unwrap_err();
    service.request_password_reset("ada@example.com").await.unwrap();
    let token =
        service.notification.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    // Another transaction has locked the row that the reset deletes.
    let mut busy = test_database.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM sign_in_attempts FOR UPDATE").execute(&mut *busy).await.unwrap();
    assert_eq!(code(service.reset_password(&token, NEW).await), Code::Unavailable);
    busy.rollback().await.unwrap();
    service.reset_password(&token, NEW).await.unwrap();
    service.stop().await;
}

async fn wait_for_empty_outbox(service: &TestService) {
    let wait = async {
        while service.count("SELECT count(*) FROM outbox").await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("an empty outbox");
}
