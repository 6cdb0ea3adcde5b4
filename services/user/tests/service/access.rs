//! Roles and disabled accounts.

use tonic::Code;

use crate::fixture::{PASSWORD, TestService, code, code_and_reason, fields, unused_id};

fn last_admin() -> (Code, String) {
    (Code::FailedPrecondition, "last_admin".to_owned())
}

#[tokio::test]
async fn changed_role_ends_all_sessions_and_is_in_the_next_token() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.admin("bob@example.com").await;
    let mut response = service.register("ada@example.com").await;
    let id = response.user.clone().unwrap().id;
    for role in ["admin", "customer"] {
        let other = service.login("ada@example.com", PASSWORD).await.unwrap();
        let user = service.set_access(&id, role, None).await.unwrap();
        assert_eq!((&*user.role, user.disabled), (role, false));
        for token in [response.refresh_token, other.refresh_token] {
            assert_eq!(code(service.refresh(&token).await), Code::Unauthenticated, "{role}");
        }
        response = service.login("ada@example.com", PASSWORD).await.unwrap();
        assert_eq!(service.validate(&response.access_token).await.role, role);
    }
    // The same role is no change.
    service.set_access(&id, "customer", None).await.unwrap();
    service.refresh(&response.refresh_token).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn disabled_account_loses_sessions_and_reset_tokens() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let one = service.register("ada@example.com").await;
    let two = service.login("ada@example.com", PASSWORD).await.unwrap();
    let id = one.user.unwrap().id;
    service.request_password_reset("ada@example.com").await.unwrap();
    let reset =
        service.notification.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    assert!(service.set_access(&id, "", Some(true)).await.unwrap().disabled);
    assert!(!service.set_access(&id, "", Some(false)).await.unwrap().disabled);
    for token in [one.refresh_token, two.refresh_token] {
        assert_eq!(code(service.refresh(&token).await), Code::Unauthenticated);
    }
    assert_eq!(fields(service.reset_password(&reset, "another password").await), ["token"]);
    service.login("ada@example.com", PASSWORD).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn concurrent_sign_ins_leave_no_session_of_disabled_account() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    for _ in 0..5 {
        service.set_access(&id, "", Some(false)).await.unwrap();
        let attempts = (0..4).map(|_| service.login("ada@example.com", PASSWORD));
        let (_, disabled) = tokio::join!(
            futures::future::join_all(attempts),
            service.set_access(&id, "", Some(true))
        );
        disabled.unwrap();
        assert_eq!(service.count("SELECT count(*) FROM sessions").await, 0);
    }
    service.stop().await;
}

#[tokio::test]
async fn last_administrator_cannot_be_removed() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.admin("ada@example.com").await;
    assert_eq!(code_and_reason(service.set_access(&ada, "customer", None).await), last_admin());
    assert_eq!(code_and_reason(service.set_access(&ada, "", Some(true)).await), last_admin());
    let bob = service.admin("bob@example.com").await;
    service.set_access(&bob, "", Some(true)).await.unwrap();
    // An administrator who cannot sign in does not count.
    assert_eq!(code_and_reason(service.set_access(&ada, "customer", None).await), last_admin());
    service.set_access(&bob, "", Some(false)).await.unwrap();
    assert_eq!(service.set_access(&ada, "customer", None).await.unwrap().role, "customer");
    assert_eq!(service.set_access(&ada, "", None).await.unwrap().role, "customer");
    service.stop().await;
}

#[tokio::test]
async fn concurrent_removals_keep_one_administrator() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.admin("ada@example.com").await;
    let bob = service.admin("bob@example.com").await;
    for round in 0..10 {
        let (one, two) = tokio::join!(
            service.set_access(&ada, "customer", None),
            service.set_access(&bob, "", Some(true)),
        );
        assert!(one.is_ok() != two.is_ok(), "round {round}: {one:?} {two:?}");
        let other = if one.is_ok() { two } else { one };
        assert_eq!(code_and_reason(other), last_admin());
        service.set_access(&ada, "admin", Some(false)).await.unwrap();
        service.set_access(&bob, "admin", Some(false)).await.unwrap();
    }
    service.stop().await;
}

#[tokio::test]
async fn invalid_access_changes_are_rejected() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    assert_eq!(fields(service.set_access(&id, "owner", None).await), ["role"]);
    assert_eq!(code(service.set_access(&unused_id(1), "admin", None).await), Code::NotFound);
    service.stop().await;
}
