//! Refresh tokens (rotation, grace period, reuse detection) and sign-out.

use std::time::Duration;

use jiff::SignedDuration;
use tonic::Code;

use crate::fixture::{PASSWORD, TestService, code_and_reason, unused_id};

fn invalid_token() -> (Code, String) {
    (Code::Unauthenticated, "invalid_refresh_token".to_owned())
}

#[tokio::test]
async fn refresh_rotates_the_token_within_the_session() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let mut response = service.register("ada@example.com").await;
    for _ in 0..3 {
        service.env.advance(SignedDuration::from_mins(15));
        let next = service.refresh(&response.refresh_token).await.unwrap();
        assert_ne!(next.refresh_token, response.refresh_token);
        assert!(service.validate(&next.access_token).await.valid);
        response = next;
    }
    assert_eq!(service.count("SELECT count(*) FROM sessions").await, 1);
    assert_eq!(service.metric("user_refreshes_total{outcome=\"rotated\"}").unwrap(), "3");
    service.stop().await;
}

#[tokio::test]
async fn every_use_within_grace_period_returns_the_same_successor() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let first = service.register("ada@example.com").await.refresh_token;
    let one = service.refresh(&first).await.unwrap();
    service.env.advance(SignedDuration::from_secs(9));
    let two = service.refresh(&first).await.unwrap();
    assert_eq!(one.refresh_token, two.refresh_token);
    assert!(service.validate(&two.access_token).await.valid);
    // Also after the successor was used.
    let third = service.refresh(&two.refresh_token).await.unwrap().refresh_token;
    assert_eq!(service.refresh(&first).await.unwrap().refresh_token, one.refresh_token);
    assert_eq!(service.refresh(&one.refresh_token).await.unwrap().refresh_token, third);
    assert_eq!(service.count("SELECT count(*) FROM refresh_tokens").await, 3);
    service.stop().await;
}

/// A thief copies a token and uses it within the grace period. The thief and the owner then have
/// the same chain, so that the next use of a token that the other one has used is a reuse.
#[tokio::test]
async fn thief_within_grace_period_is_noticed_later() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let stolen = service.register("ada@example.com").await.refresh_token;
    let of_owner = service.refresh(&stolen).await.unwrap().refresh_token;
    let of_thief = service.refresh(&stolen).await.unwrap().refresh_token;
    service.env.advance(SignedDuration::from_mins(15));
    let next = service.refresh(&of_owner).await.unwrap().refresh_token;
    service.env.advance(SignedDuration::from_mins(15));
    assert_eq!(code_and_reason(service.refresh(&of_thief).await), invalid_token());
    assert_eq!(code_and_reason(service.refresh(&next).await), invalid_token());
    assert_eq!(service.count("SELECT count(*) FROM sessions").await, 0);
    service.stop().await;
}

#[tokio::test]
async fn successor_is_stored_sealed_and_only_with_a_grace_period() {
    let database = testing::database(&user::MIGRATOR).await;
    const SUCCESSORS: &str = "SELECT count(*) FROM refresh_tokens WHERE successor IS NOT NULL";
    let service = TestService::start(database.pool()).await;
    let first = service.register("ada@example.com").await.refresh_token;
    let next = service.refresh(&first).await.unwrap().refresh_token;
    assert_eq!(service.count(SUCCESSORS).await, 1);
    let dump: String = sqlx::query_scalar(
        "SELECT string_agg(t::text || s::text, ' ') FROM refresh_tokens t, sessions s",
    )
    .fetch_one(database.pool())
    .await
    .unwrap();
    for token in [&first, &next] {
        assert!(!dump.contains(&hex(token)), "a token is readable in the database");
    }
    // A value that was sealed under another token does not open, and reveals nothing.
    sqlx::query("UPDATE refresh_tokens SET successor = $1 WHERE successor IS NOT NULL")
        .bind(vec![0_u8; 60])
        .execute(database.pool())
        .await
        .unwrap();
    assert_eq!(code_and_reason(service.refresh(&first).await).0, Code::Internal);
    service.stop().await;

    sqlx::query("DELETE FROM sessions").execute(database.pool()).await.unwrap();
    let strict =
        TestService::start_with(database.pool(), |args| args.refresh_token_grace = Duration::ZERO)
            .await;
    let first = strict.register("bob@example.com").await.refresh_token;
    strict.refresh(&first).await.unwrap();
    assert_eq!(strict.count(SUCCESSORS).await, 0);
    strict.stop().await;
}

/// Returns the hexadecimal digits of a token's bytes, as PostgreSQL prints them.
fn hex(token: &str) -> String {
    let bytes = user::domain::token::OpaqueToken::parse(token).unwrap();
    bytes.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The previous release does not store the successor; the token's next use issues one, once.
#[tokio::test]
async fn token_used_with_the_previous_release_gets_one_successor() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let first = service.register("ada@example.com").await.refresh_token;
    service.refresh(&first).await.unwrap();
    sqlx::query("UPDATE refresh_tokens SET successor = NULL")
        .execute(database.pool())
        .await
        .unwrap();
    service.env.advance(SignedDuration::from_secs(5));
    let one = service.refresh(&first).await.unwrap().refresh_token;
    let two = service.refresh(&first).await.unwrap().refresh_token;
    assert_eq!(one, two);
    // The grace period still begins at the first use.
    service.env.advance(SignedDuration::from_secs(5));
    assert_eq!(code_and_reason(service.refresh(&first).await), invalid_token());
    service.stop().await;
}

#[tokio::test]
async fn reuse_after_grace_period_ends_only_its_token_family() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let first = service.register("ada@example.com").await.refresh_token;
    let other = service.login("ada@example.com", PASSWORD).await.unwrap().refresh_token;
    let next = service.refresh(&first).await.unwrap().refresh_token;
    service.env.advance(SignedDuration::from_secs(10));
    assert_eq!(code_and_reason(service.refresh(&first).await), invalid_token());
    assert_eq!(
        code_and_reason(service.refresh(&next).await),
        invalid_token(),
        "although the token was never used"
    );
    service.refresh(&other).await.unwrap();
    assert_eq!(service.metric("user_refreshes_total{outcome=\"reused\"}").unwrap(), "1");
    service.stop().await;
}

#[tokio::test]
async fn concurrent_refreshes_stay_in_one_token_family() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let first = service.register("ada@example.com").await.refresh_token;
    let responses = service.refresh_concurrently(&first, 20).await;
    let mut tokens: Vec<_> =
        responses.into_iter().map(|response| response.unwrap().refresh_token).collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all uses return the same successor");
    assert_eq!(service.count("SELECT count(*) FROM sessions").await, 1);
    assert_eq!(service.metric("user_refreshes_total{outcome=\"rotated\"}").unwrap(), "1");
    assert_eq!(service.metric("user_refreshes_total{outcome=\"within_grace\"}").unwrap(), "19");
    // Reuse of the first token ends the family.
    service.env.advance(SignedDuration::from_secs(11));
    assert_eq!(code_and_reason(service.refresh(&first).await), invalid_token());
    for token in tokens {
        assert_eq!(code_and_reason(service.refresh(&token).await), invalid_token());
    }
    service.stop().await;
}

#[tokio::test]
async fn concurrent_refreshes_without_grace_end_the_token_family() {
    let database = testing::database(&user::MIGRATOR).await;
    let service =
        TestService::start_with(database.pool(), |args| args.refresh_token_grace = Duration::ZERO)
            .await;
    let first = service.register("ada@example.com").await.refresh_token;
    let responses = service.refresh_concurrently(&first, 20).await;
    let (ok, refusals): (Vec<_>, Vec<_>) = responses.into_iter().partition(Result::is_ok);
    assert_eq!(ok.len(), 1);
    assert!(refusals.into_iter().all(|response| code_and_reason(response) == invalid_token()));
    let issued_token = ok[0].as_ref().unwrap().refresh_token.clone();
    assert_eq!(code_and_reason(service.refresh(&issued_token).await), invalid_token());
    assert_eq!(service.count("SELECT count(*) FROM sessions").await, 0);
    service.stop().await;
}

#[tokio::test]
async fn malformed_and_expired_refresh_tokens_are_rejected() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let response = service.register("ada@example.com").await;
    let long = "x".repeat(5000);
    let never = "A".repeat(43);
    for text in ["x", &*long, &*never, "ünï", &*response.access_token] {
        assert_eq!(code_and_reason(service.refresh(text).await), invalid_token(), "{text}");
    }
    service.env.advance(SignedDuration::from_hours(7 * 24));
    assert_eq!(code_and_reason(service.refresh(&response.refresh_token).await), invalid_token());
    service.stop().await;
}

#[tokio::test]
async fn logout_ends_one_or_all_sessions_and_is_idempotent() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(service.login("ada@example.com", PASSWORD).await.unwrap().refresh_token);
    }
    for _ in 0..2 {
        service.logout(&id, &tokens[0], false).await.unwrap();
    }
    assert_eq!(code_and_reason(service.refresh(&tokens[0]).await), invalid_token());
    let next = service.refresh(&tokens[1]).await.unwrap().refresh_token;
    // A used token still identifies its session.
    service.logout(&id, &tokens[1], false).await.unwrap();
    assert_eq!(code_and_reason(service.refresh(&next).await), invalid_token());
    for _ in 0..2 {
        service.logout(&id, "", true).await.unwrap();
    }
    assert_eq!(code_and_reason(service.refresh(&tokens[2]).await), invalid_token());
    assert_eq!(service.count("SELECT count(*) FROM refresh_tokens").await, 0);
    service.stop().await;
}

#[tokio::test]
async fn logout_does_not_end_sessions_of_other_accounts() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.register("ada@example.com").await.refresh_token;
    let bob = service.customer("bob@example.com").await;
    for (user, token, all) in [
        (bob.clone(), &*ada, false),
        (bob.clone(), "no token", false),
        (bob, "", true),
        (unused_id(1), "", true),
    ] {
        service.logout(&user, token, all).await.unwrap();
    }
    service.refresh(&ada).await.unwrap();
    service.stop().await;
}
