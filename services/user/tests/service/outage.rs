//! PostgreSQL goes away and comes back; the service stays.

use std::time::Duration;

use kit::testing::FaultProxy;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::shop::{PASSWORD, Shop};

/// The service, reaching the test's database over `proxy`, with a first administrator to be made.
async fn open(pool: &PgPool, proxy: &FaultProxy) -> Shop {
    Shop::open_with(pool, |args| {
        args.database.database_url = Some(proxy.database_url(pool).into());
        args.database.database_acquire_timeout = Duration::from_secs(2);
        args.admin_email = Some("root@example.com".into());
        args.admin_password = Some(PASSWORD.into());
    })
    .await
}

/// Signs in as the administrator as soon as that is possible.
async fn until_root_signs_in(shop: &Shop) {
    let wait = async {
        while shop.login("root@example.com", PASSWORD).await.is_err() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("the administrator to sign in");
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn calls_are_unavailable_while_postgresql_is_away_and_work_after(pool: PgPool) {
    let mut proxy = FaultProxy::for_database(&pool).await;
    let shop = open(&pool, &proxy).await;
    until_root_signs_in(&shop).await;
    let ada = shop.register("ada@example.com").await;
    let id = ada.user.unwrap().id;
    shop.post.wait_for("welcome", "ada@example.com", 1).await;

    proxy.disconnect().await;
    for status in [
        shop.get(&id).await.unwrap_err(),
        shop.login("ada@example.com", PASSWORD).await.unwrap_err(),
        shop.login("bob@example.com", PASSWORD).await.unwrap_err(),
        shop.refresh(&ada.refresh_token).await.unwrap_err(),
        shop.try_register("bob@example.com").await.unwrap_err(),
        shop.forgot("ada@example.com").await.unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(kit::grpc::status::retry_after_of(&status).is_some());
        assert!(!status.message().contains("127.0.0.1"), "{}", status.message());
    }
    // What needs no database goes on.
    assert!(shop.validate(&ada.access_token).await.valid);

    proxy.restore().await;
    until_root_signs_in(&shop).await;
    shop.refresh(&ada.refresh_token).await.unwrap();
    // Background work has recovered too.
    shop.forgot("ada@example.com").await.unwrap();
    shop.post.wait_for("reset", "ada@example.com", 1).await;
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn the_service_starts_before_postgresql_and_makes_the_administrator_then(pool: PgPool) {
    let mut proxy = FaultProxy::for_database(&pool).await;
    proxy.disconnect().await;
    let shop = open(&pool, &proxy).await;
    let status = shop.login("root@example.com", PASSWORD).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    proxy.restore().await;
    until_root_signs_in(&shop).await;
    shop.close().await;
}
