//! Letting held money go, in whatever order the requests arrive.

use proto::payment::v1::{self as pb, TransactionStatus as Status};
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{Shop, authorization, code, fields, order, refused};

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_void_lets_go_once_however_often_it_is_asked_for(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("auth", 100).await;
    shop.void("void", &held).await.unwrap();
    shop.void("void", &held).await.unwrap();
    shop.void("another", &held).await.unwrap();
    shop.void_key("by key", "auth").await.unwrap();
    assert_eq!(shop.status(&held).await, Status::Voided);
    assert_eq!(shop.acts("void").await, 1);
    let expected = [
        (pb::TransactionType::Authorization, Status::Voided),
        (pb::TransactionType::Void, Status::Succeeded),
    ];
    assert_eq!(shop.of_order(&order(1)).await, expected);
    assert_eq!(refused(shop.capture("capture", &held, 1).await), "authorization_voided");
    let repeat = shop.authorize("auth", "pm_test_visa", 100).await;
    assert_eq!(refused(repeat), "authorization_voided");
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn what_was_captured_is_not_voided(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("auth", 100).await;
    shop.capture("capture", &held, 1).await.unwrap();
    for _ in 0..2 {
        assert_eq!(refused(shop.void("void", &held).await), "authorization_captured");
        assert_eq!(refused(shop.void_key("void 2", "auth").await), "authorization_captured");
    }
    assert!(shop.capture("capture 2", &held, 99).await.unwrap().success);
    assert_eq!(shop.acts("void").await, 0);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn an_authorisation_that_comes_after_its_void_is_refused(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.void_key("void", "auth").await.unwrap();
    shop.void_key("void", "auth").await.unwrap();
    shop.void_key("void 2", "auth").await.unwrap();
    for method in ["pm_test_visa", "pm_test_visa", "pm_test_declined"] {
        let late = shop.authorize("auth", method, 100).await;
        assert_eq!(refused(late), "authorization_voided");
    }
    assert!(shop.of_order(&order(1)).await.is_empty());
    assert_eq!(shop.acts("authorize").await, 0);
    // What is refused leaves no mark on what it named.
    assert_eq!(refused(shop.void_key("void", "other").await), "idempotency_key_reused");
    assert!(shop.authorize("other", "pm_test_visa", 100).await.unwrap().success);
    // The keys of charges are others.
    assert!(shop.charge("auth", "pm_test_visa", 100).await.unwrap().success);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_void_by_key_of_what_is_held_lets_it_go(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("auth", 100).await;
    shop.void_key("void", "auth").await.unwrap();
    assert_eq!(shop.status(&held).await, Status::Voided);
    let late = shop.authorize("auth", "pm_test_visa", 100).await;
    assert_eq!(refused(late), "authorization_voided");
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn what_is_open_at_the_provider_is_voided_once_it_is_known(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    for (n, method) in ["pm_test_timeout", "pm_test_lost_reply"].into_iter().enumerate() {
        let (key, void) = (format!("auth {n}"), format!("void {n}"));
        shop.abandon(&key, method).await;
        shop.void_key(&void, &key).await.unwrap();
        let late = shop.authorize(&key, method, 100).await;
        assert_eq!(refused(late), "authorization_voided");
    }
    assert_eq!(shop.acts("authorize").await, 2);
    assert_eq!(shop.acts("void").await, 2);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn an_answer_that_comes_after_the_void_is_no_success(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut client = shop.client.clone();
    // It waits for the provider while the void is asked for.
    let waits = tokio::spawn(async move {
        client.authorize(authorization("auth", "pm_test_timeout", 100)).await
    });
    while shop.acts("authorize").await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    shop.void_key("void", "auth").await.unwrap();
    assert_eq!(code(waits.await.unwrap()), Code::DeadlineExceeded);
    let late = shop.authorize("auth", "pm_test_timeout", 100).await;
    assert_eq!(refused(late), "authorization_voided");
    assert_eq!(shop.acts("void").await, 1);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn there_is_nothing_to_void_of_a_decline(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let declined = shop.authorize("auth", "pm_test_declined", 100).await.unwrap();
    let id = declined.authorization.clone().unwrap().id;
    shop.void("void", &id).await.unwrap();
    shop.void_key("void 2", "auth").await.unwrap();
    assert_eq!(shop.authorize("auth", "pm_test_declined", 100).await.unwrap(), declined);
    assert_eq!(shop.status(&id).await, Status::Failed);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn id_and_key_must_name_the_same(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("auth", 100).await;
    let both = |authorize_key: &str| pb::VoidRequest {
        authorization_id: held.clone(),
        idempotency_key: "void".into(),
        authorize_key: authorize_key.into(),
    };
    let mut client = shop.client.clone();
    assert_eq!(fields(client.void(both("other")).await), ["authorize_key"]);
    client.void(both("auth")).await.unwrap();
    assert_eq!(shop.status(&held).await, Status::Voided);
    shop.close_sound().await;
}
