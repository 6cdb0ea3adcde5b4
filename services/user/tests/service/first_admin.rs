//! The first administrator, from the settings.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use user::Args;

use crate::shop::{PASSWORD, Shop};

fn admin(email: &str, password: &str) -> impl FnOnce(&mut Args) {
    let (email, password) = (email.to_owned(), password.to_owned());
    move |args| {
        args.admin_email = Some(email);
        args.admin_password = Some(password.into());
    }
}

async fn until_there(shop: &Shop) {
    let wait = async {
        while shop.count("SELECT count(*) FROM users WHERE role = 'admin'").await == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("an administrator");
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn several_replicas_make_one_who_can_sign_in(pool: PgPool) {
    let mut shops = Vec::new();
    for email in ["root@example.com", "ROOT@example.com", "root@example.com"] {
        shops.push(Shop::open_with(&pool, admin(email, PASSWORD)).await);
    }
    until_there(&shops[0]).await;
    let user = shops[1].login("root@example.com", PASSWORD).await.unwrap().user.unwrap();
    assert_eq!(user.role, "admin");
    for shop in shops {
        assert_eq!(shop.count("SELECT count(*) FROM users").await, 1);
        shop.close().await;
    }
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_start_leaves_the_password_of_an_administrator_alone(pool: PgPool) {
    let shop = Shop::open_with(&pool, admin("root@example.com", PASSWORD)).await;
    until_there(&shop).await;
    let id = shop.login("root@example.com", PASSWORD).await.unwrap().user.unwrap().id;
    shop.change_password(&id, (PASSWORD, "another password"), "").await.unwrap();
    shop.close().await;
    let shop = Shop::open_with(&pool, admin("root@example.com", PASSWORD)).await;
    sleep(Duration::from_millis(500)).await;
    shop.login("root@example.com", "another password").await.unwrap();
    shop.login("root@example.com", PASSWORD).await.unwrap_err();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_customer_who_has_the_address_does_not_come_to_power(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("root@example.com").await;
    shop.close().await;
    let shop = Shop::open_with(&pool, admin("root@example.com", "another password")).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(shop.get(&id).await.unwrap().role, "customer");
    shop.login("root@example.com", "another password").await.unwrap_err();
    assert_eq!(shop.count("SELECT count(*) FROM users").await, 1);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn settings_that_make_no_account_are_told_at_start(pool: PgPool) {
    use sqlx::ConnectOptions as _;

    let url = pool.connect_options().to_url_lossy();
    for (email, password, told) in [
        ("root", Some(PASSWORD), "ADMIN_EMAIL"),
        ("root@example.com", Some("short"), "ADMIN_PASSWORD"),
        ("root@example.com", Some("root@example.com"), "ADMIN_PASSWORD"),
        ("root@example.com", None, "ADMIN_PASSWORD"),
    ] {
        let mut args = crate::shop::args(url.as_str(), "http://127.0.0.1:1", "/nowhere");
        args.admin_email = Some(email.into());
        args.admin_password = password.map(Into::into);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let runtime = kit::Runtime::for_tests();
        let error = user::serve_on(listener, args, runtime).await.unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
        assert!(password.is_none_or(|password| !error.contains(password)), "{error}");
    }
}
