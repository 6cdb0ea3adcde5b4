//! Roles, and accounts that are disabled.

use sqlx::PgPool;
use tonic::Code;

use crate::shop::{PASSWORD, Shop, code, fields, refusal, some_id};

fn last() -> (Code, String) {
    (Code::FailedPrecondition, "last_admin".to_owned())
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_role_is_in_the_next_token(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let answer = shop.register("ada@example.com").await;
    let id = answer.user.unwrap().id;
    let user = shop.set_access(&id, "admin", None).await.unwrap();
    assert_eq!((&*user.role, user.disabled), ("admin", false));
    let next = shop.refresh(&answer.refresh_token).await.unwrap();
    assert_eq!(next.user.unwrap().role, "admin");
    assert_eq!(shop.validate(&next.access_token).await.role, "admin");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn disabling_ends_all_sessions_for_good(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let one = shop.register("ada@example.com").await;
    let two = shop.login("ada@example.com", PASSWORD).await.unwrap();
    let id = one.user.unwrap().id;
    shop.forgot("ada@example.com").await.unwrap();
    let reset = shop.post.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    assert!(shop.set_access(&id, "", Some(true)).await.unwrap().disabled);
    assert!(!shop.set_access(&id, "", Some(false)).await.unwrap().disabled);
    for token in [one.refresh_token, two.refresh_token] {
        assert_eq!(code(shop.refresh(&token).await), Code::Unauthenticated);
    }
    assert_eq!(fields(shop.reset(&reset, "another password").await), ["token"]);
    shop.login("ada@example.com", PASSWORD).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn sign_ins_while_an_account_is_disabled_leave_no_session(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("ada@example.com").await;
    for _ in 0..5 {
        shop.set_access(&id, "", Some(false)).await.unwrap();
        let attempts = (0..4).map(|_| shop.login("ada@example.com", PASSWORD));
        let (_, disabled) =
            tokio::join!(futures::future::join_all(attempts), shop.set_access(&id, "", Some(true)));
        disabled.unwrap();
        assert_eq!(shop.count("SELECT count(*) FROM sessions").await, 0);
    }
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn the_last_administrator_stays_one(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.admin("ada@example.com").await;
    assert_eq!(refusal(shop.set_access(&ada, "customer", None).await), last());
    assert_eq!(refusal(shop.set_access(&ada, "", Some(true)).await), last());
    let bob = shop.admin("bob@example.com").await;
    shop.set_access(&bob, "", Some(true)).await.unwrap();
    // One who cannot sign in does not count.
    assert_eq!(refusal(shop.set_access(&ada, "customer", None).await), last());
    shop.set_access(&bob, "", Some(false)).await.unwrap();
    assert_eq!(shop.set_access(&ada, "customer", None).await.unwrap().role, "customer");
    assert_eq!(shop.set_access(&ada, "", None).await.unwrap().role, "customer");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn of_two_administrators_demoted_at_once_one_stays(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.admin("ada@example.com").await;
    let bob = shop.admin("bob@example.com").await;
    for round in 0..10 {
        let (one, two) = tokio::join!(
            shop.set_access(&ada, "customer", None),
            shop.set_access(&bob, "", Some(true)),
        );
        assert!(one.is_ok() != two.is_ok(), "round {round}: {one:?} {two:?}");
        let other = if one.is_ok() { two } else { one };
        assert_eq!(refusal(other), last());
        shop.set_access(&ada, "admin", Some(false)).await.unwrap();
        shop.set_access(&bob, "admin", Some(false)).await.unwrap();
    }
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn what_cannot_be_changed_is_told(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("ada@example.com").await;
    assert_eq!(fields(shop.set_access(&id, "owner", None).await), ["role"]);
    assert_eq!(code(shop.set_access(&some_id(1), "admin", None).await), Code::NotFound);
    shop.close().await;
}
