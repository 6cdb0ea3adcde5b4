//! Ended sessions: their stream, and the verification of sessions.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use proto::user::v1 as pb;
use sqlx::PgPool;
use testing::FaultProxy;
use tokio::time::timeout;
use tonic::{Code, Streaming};
use uuid::Uuid;

use crate::fixture::{PASSWORD, TestService, code};

/// Returns the session of a refresh token.
async fn session_of(service: &TestService, response: &pb::AuthResponse) -> String {
    let token = URL_SAFE_NO_PAD.decode(&response.refresh_token).unwrap();
    let digest = digest::digest(&digest::SHA256, &token);
    let session: Uuid =
        sqlx::query_scalar("SELECT session_id FROM refresh_tokens WHERE digest = $1")
            .bind(digest.as_ref())
            .fetch_one(&service.pool)
            .await
            .unwrap();
    session.to_string()
}

async fn watch(service: &TestService) -> Streaming<pb::EndedSessions> {
    let request = pb::WatchEndedSessionsRequest {};
    service.client.clone().watch_ended_sessions(request).await.unwrap().into_inner()
}

async fn next(stream: &mut Streaming<pb::EndedSessions>) -> pb::EndedSessions {
    let message = timeout(Duration::from_secs(10), stream.message()).await.expect("a message");
    message.unwrap().expect("the stream continues")
}

/// Receives messages until all these sessions have been received.
async fn wait_for(stream: &mut Streaming<pb::EndedSessions>, sessions: &[String]) {
    let mut missing: BTreeSet<_> = sessions.iter().cloned().collect();
    let receive = async {
        while !missing.is_empty() {
            for session in next(stream).await.session_ids {
                missing.remove(&session);
            }
        }
    };
    timeout(Duration::from_secs(20), receive).await.expect("the sessions are received");
}

async fn verify(service: &TestService, user: &str, session: &str) -> pb::VerifySessionResponse {
    let request = pb::VerifySessionRequest { user_id: user.into(), session_id: session.into() };
    service.client.clone().verify_session(request).await.unwrap().into_inner()
}

/// Inserts sessions, and ends all sessions of the account in one transaction.
async fn end_many(pool: &PgPool, user: &str, count: i32) {
    let insert = "INSERT INTO sessions (id, user_id, created_at, expires_at)
                  SELECT gen_random_uuid(), $1::uuid, now(), now() FROM generate_series(1, $2)";
    sqlx::query(insert).bind(user).bind(count).execute(pool).await.unwrap();
    let delete = "DELETE FROM sessions WHERE user_id = $1::uuid";
    sqlx::query(delete).bind(user).execute(pool).await.unwrap();
}

#[tokio::test]
async fn stream_reports_every_way_to_end_a_session() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.register("ada@example.com").await;
    let id = ada.user.as_ref().unwrap().id.clone();
    let first = session_of(&service, &ada).await;
    let sign_in = async || service.login("ada@example.com", PASSWORD).await.unwrap();

    let mut ended = Vec::new();
    let phone = sign_in().await;
    ended.push(session_of(&service, &phone).await);
    service.logout(&id, &phone.refresh_token, false).await.unwrap();
    // The reuse of a refresh token.
    let stolen = sign_in().await;
    ended.push(session_of(&service, &stolen).await);
    service.refresh(&stolen.refresh_token).await.unwrap();
    service.env.advance(SignedDuration::from_mins(1));
    assert_eq!(code(service.refresh(&stolen.refresh_token).await), Code::Unauthenticated);

    let mut stream = watch(&service).await;
    let message = next(&mut stream).await;
    assert!(message.current);
    assert_eq!(message.keep_secs, 15 * 60 + 60);
    let received: BTreeSet<_> = message.session_ids.into_iter().collect();
    assert_eq!(received, ended.into_iter().collect());

    // The change of the password, which keeps the caller's session.
    let tablet = session_of(&service, &sign_in().await).await;
    service.change_password(&id, (PASSWORD, "another password"), &first).await.unwrap();
    wait_for(&mut stream, &[tablet]).await;
    service.set_access(&id, "", Some(true)).await.unwrap();
    wait_for(&mut stream, &[first]).await;
    let bob = service.register("bob@example.com").await;
    let session = session_of(&service, &bob).await;
    service.logout(&bob.user.unwrap().id, "", true).await.unwrap();
    wait_for(&mut stream, &[session]).await;
    drop(stream);
    service.stop().await;
}

#[tokio::test]
async fn session_that_ends_in_long_transaction_is_not_missed() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let (ada, bob) =
        (service.register("ada@example.com").await, service.register("bob@e.com").await);
    let (early, late) = (session_of(&service, &ada).await, session_of(&service, &bob).await);
    let mut stream = watch(&service).await;
    next(&mut stream).await;

    let end = "DELETE FROM sessions WHERE id = $1::uuid";
    let mut transaction = database.pool().begin().await.unwrap();
    sqlx::query(end).bind(&early).execute(&mut *transaction).await.unwrap();
    sqlx::query(end).bind(&late).execute(database.pool()).await.unwrap();
    wait_for(&mut stream, &[late]).await;
    next(&mut stream).await;
    transaction.commit().await.unwrap();
    wait_for(&mut stream, &[early]).await;
    drop(stream);
    service.stop().await;
}

#[tokio::test]
async fn many_ended_sessions_arrive_in_several_messages() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    end_many(database.pool(), &id, 2_499).await;
    let mut stream = watch(&service).await;
    let mut received = BTreeSet::new();
    let mut sizes = Vec::new();
    loop {
        let message = next(&mut stream).await;
        sizes.push(message.session_ids.len());
        received.extend(message.session_ids);
        if message.current {
            break;
        }
    }
    assert_eq!((sizes, received.len()), (vec![1_000, 1_000, 500], 2_500));
    drop(stream);
    service.stop().await;
}

#[tokio::test]
async fn stream_ends_when_database_is_unreachable() {
    let database = testing::database(&user::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    let service = TestService::start_with(database.pool(), |args| {
        args.database.database_url = Some(proxy.database_url(database.pool()).into());
        args.database.database_acquire_timeout = Duration::from_secs(2);
    })
    .await;
    let mut stream = watch(&service).await;
    next(&mut stream).await;
    proxy.disconnect().await;
    let error = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ends with an error"),
                Err(status) => return status,
            }
        }
    };
    let error = timeout(Duration::from_secs(10), error).await.expect("the stream ends");
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    proxy.restore().await;
    service.stop().await;
}

#[tokio::test]
async fn verification_reports_present_role_of_active_session() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.admin("root@example.com").await;
    let ada = service.register("ada@example.com").await;
    let id = ada.user.as_ref().unwrap().id.clone();
    let role = |role: &str| pb::VerifySessionResponse { active: true, role: role.into() };
    let inactive = pb::VerifySessionResponse::default();
    let session = session_of(&service, &ada).await;
    assert_eq!(verify(&service, &id, &session).await, role("customer"));
    service.set_access(&id, "admin", None).await.unwrap();
    let ada = service.login("ada@example.com", PASSWORD).await.unwrap();
    let session = session_of(&service, &ada).await;
    assert_eq!(verify(&service, &id, &session).await, role("admin"));

    let other = service.customer("bob@example.com").await;
    assert_eq!(verify(&service, &other, &session).await, inactive, "a session of another account");
    assert_eq!(verify(&service, &id, &other).await, inactive, "no session");
    service.set_access(&id, "customer", None).await.unwrap();
    assert!(verify(&service, &id, &session).await.role != "admin");
    let ada = service.login("ada@example.com", PASSWORD).await.unwrap();
    let session = session_of(&service, &ada).await;
    service.set_access(&id, "", Some(true)).await.unwrap();
    assert_eq!(verify(&service, &id, &session).await, inactive);
    service.stop().await;
}

#[tokio::test]
async fn expired_session_is_not_reported_and_can_be_ended_while_tokens_live() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    for email in ["ada@example.com", "bob@example.com"] {
        service.register(email).await;
    }
    let start = service.env.now();
    let bob = service.login("bob@example.com", PASSWORD).await.unwrap().user.unwrap().id;
    service.stop().await;
    // Access tokens live for 15 minutes. A session may expire before its access tokens.
    let expire = "UPDATE sessions SET expires_at = $1 - CASE WHEN user_id = $2::uuid
                      THEN interval '14 minutes' ELSE interval '15 minutes' END";
    let expired_at = jiff_sqlx::Timestamp::from(start);
    sqlx::query(expire).bind(expired_at).bind(&bob).execute(database.pool()).await.unwrap();
    let service = TestService::start(database.pool()).await;
    let wait = async {
        while service.count("SELECT count(*) FROM sessions").await != 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("a sweep");
    assert_eq!(service.count("SELECT count(*) FROM ended_sessions").await, 0);
    service.logout(&bob, "", true).await.unwrap();
    assert_eq!(service.count("SELECT count(*) FROM ended_sessions").await, 2);
    service.stop().await;
}

#[tokio::test]
async fn sweeper_deletes_sessions_whose_tokens_have_expired() {
    let database = testing::database(&user::MIGRATOR).await;
    let statement = "INSERT INTO ended_sessions (session_id, ended_at)
                     SELECT gen_random_uuid(), now() - age
                     FROM unnest('{15m,17m,1d}'::interval[]) AS age";
    sqlx::query(statement).execute(database.pool()).await.unwrap();
    // The sweeper runs at startup.
    let service = TestService::start(database.pool()).await;
    let wait = async {
        while service.count("SELECT count(*) FROM ended_sessions").await != 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("a sweep");
    service.stop().await;
}
