//! The maximum age of sessions, by the present role of the account.

use std::time::Duration;

use jiff::SignedDuration;
use proto::user::v1::AuthResponse;
use tonic::Code;

use crate::fixture::{PASSWORD, TestService, code_and_reason};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn invalid_token() -> (Code, String) {
    (Code::Unauthenticated, "invalid_refresh_token".to_owned())
}

/// Refreshes after each of `steps` pauses.
async fn refresh_repeatedly(
    service: &TestService,
    mut response: AuthResponse,
    pause: SignedDuration,
    steps: usize,
) -> AuthResponse {
    for _ in 0..steps {
        service.env.advance(pause);
        response = service.refresh(&response.refresh_token).await.unwrap();
    }
    response
}

#[tokio::test]
async fn session_of_customer_ends_thirty_days_after_sign_in() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let response = service.register("ada@example.com").await;
    let last = refresh_repeatedly(&service, response, DAY * 5, 5).await;
    let last = refresh_repeatedly(&service, last, DAY * 5 - SignedDuration::from_mins(5), 1).await;
    assert_eq!(last.expires_in, 300, "an access token expires with its session");
    service.env.advance(SignedDuration::from_mins(5));
    assert_eq!(code_and_reason(service.refresh(&last.refresh_token).await), invalid_token());
    service.login("ada@example.com", PASSWORD).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn session_of_administrator_ends_twelve_hours_after_sign_in() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.admin("ada@example.com").await;
    let response = service.login("ada@example.com", PASSWORD).await.unwrap();
    let last = refresh_repeatedly(&service, response, SignedDuration::from_mins(710), 1).await;
    assert_eq!(last.expires_in, 600);
    assert!(service.validate(&last.access_token).await.valid);
    service.env.advance(SignedDuration::from_mins(10) + SignedDuration::from_secs(6));
    assert!(!service.validate(&last.access_token).await.valid);
    assert_eq!(code_and_reason(service.refresh(&last.refresh_token).await), invalid_token());
    service.stop().await;
}

/// The previous release promotes without ending sessions, and tokens that it issued live longer.
#[tokio::test]
async fn present_role_decides_about_older_sessions() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let response = service.register("ada@example.com").await;
    let id = response.user.clone().unwrap().id;
    service.env.advance(SignedDuration::from_hours(13));
    sqlx::query("UPDATE users SET role = 'admin'").execute(database.pool()).await.unwrap();
    assert!(service.sessions(&id).await.unwrap().is_empty(), "the session is too old");
    assert_eq!(code_and_reason(service.refresh(&response.refresh_token).await), invalid_token());
    let count = "user_refreshes_total{outcome=\"session_too_old\"}";
    assert_eq!(service.metric(count).unwrap(), "1");
    // The session has ended: the former role does not bring it back.
    sqlx::query("UPDATE users SET role = 'customer'").execute(database.pool()).await.unwrap();
    assert_eq!(code_and_reason(service.refresh(&response.refresh_token).await), invalid_token());
    service.stop().await;
}

#[tokio::test]
async fn maximum_ages_are_settings() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start_with(database.pool(), |args| {
        args.session_max_age = Duration::from_secs(3600);
        args.admin_session_max_age = Duration::from_secs(1800);
    })
    .await;
    service.admin("bob@example.com").await;
    let bob = service.login("bob@example.com", PASSWORD).await.unwrap();
    let ada = service.register("ada@example.com").await;
    service.env.advance(SignedDuration::from_mins(30));
    assert_eq!(code_and_reason(service.refresh(&bob.refresh_token).await), invalid_token());
    let ada = service.refresh(&ada.refresh_token).await.unwrap();
    service.env.advance(SignedDuration::from_mins(30));
    assert_eq!(code_and_reason(service.refresh(&ada.refresh_token).await), invalid_token());
    service.stop().await;
}
