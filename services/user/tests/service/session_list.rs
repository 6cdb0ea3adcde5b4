//! The list of an account's sessions, and the end of one of them.

use jiff::SignedDuration;
use tonic::Code;

use crate::fixture::{PASSWORD, TestService, code, unused_id};

#[tokio::test]
async fn sessions_are_listed_newest_first_with_their_times() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let first = service.register("ada@example.com").await;
    let id = first.user.unwrap().id;
    service.customer("bob@example.com").await;
    service.env.advance(SignedDuration::from_hours(1));
    service.login("ada@example.com", PASSWORD).await.unwrap();
    service.env.advance(SignedDuration::from_hours(1));
    service.refresh(&first.refresh_token).await.unwrap();
    let sessions = service.sessions(&id).await.unwrap();
    let times: Vec<_> = sessions
        .iter()
        .map(|session| (&*session.created_at, &*session.last_used_at, &*session.expires_at))
        .collect();
    let expected = [
        ("2026-03-01T13:00:00Z", "2026-03-01T13:00:00Z", "2026-03-08T13:00:00Z"),
        ("2026-03-01T12:00:00Z", "2026-03-01T14:00:00Z", "2026-03-08T14:00:00Z"),
    ];
    assert_eq!(times, expected);
    // An expired session is not listed, also before it is deleted.
    service.env.advance(SignedDuration::from_hours(7 * 24 - 1));
    assert_eq!(service.sessions(&id).await.unwrap(), sessions[1..]);
    assert_eq!(code(service.sessions(&unused_id(1)).await), Code::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn ended_session_cannot_be_refreshed_and_others_stay() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let first = service.register("ada@example.com").await;
    let id = first.user.unwrap().id;
    let session = service.sessions(&id).await.unwrap().remove(0).id;
    let other = service.login("ada@example.com", PASSWORD).await.unwrap();
    let bob = service.customer("bob@example.com").await;
    assert_eq!(code(service.end_session(&bob, &session).await), Code::NotFound);
    service.end_session(&id, &session).await.unwrap();
    assert_eq!(code(service.end_session(&id, &session).await), Code::NotFound);
    assert_eq!(code(service.refresh(&first.refresh_token).await), Code::Unauthenticated);
    service.refresh(&other.refresh_token).await.unwrap();
    assert_eq!(service.sessions(&id).await.unwrap().len(), 1);
    service.stop().await;
}
