//! What expired is deleted, and nothing else.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::{
    post_office::PostOffice,
    shop::{PASSWORD, Shop},
};

async fn open_at(pool: &PgPool, start: &str) -> Shop {
    let mut post = PostOffice::closed().await;
    post.open().await;
    Shop::open_at(pool, start, post, |_| {}).await
}

const ROWS: [&str; 4] = [
    "SELECT count(*) FROM sessions",
    "SELECT count(*) FROM refresh_tokens",
    "SELECT count(*) FROM password_resets",
    "SELECT count(*) FROM sign_in_attempts",
];

async fn rows(shop: &Shop) -> Vec<i64> {
    let mut counts = Vec::new();
    for statement in ROWS {
        counts.push(shop.count(statement).await);
    }
    counts
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn what_expired_goes_and_what_is_good_stays(pool: PgPool) {
    let shop = open_at(&pool, "2026-03-01T12:00:00Z").await;
    shop.register("ada@example.com").await;
    let lasting = shop.register("bob@example.com").await.refresh_token;
    shop.forgot("ada@example.com").await.unwrap();
    shop.post.wait_for("reset", "ada@example.com", 1).await;
    shop.login("cleo@example.com", "wrong password").await.unwrap_err();
    assert_eq!(rows(&shop).await, [2, 2, 1, 1]);
    // Bob comes back on the sixth day, and somebody guesses.
    shop.env.advance(jiff::SignedDuration::from_hours(6 * 24));
    let lasting = shop.refresh(&lasting).await.unwrap().refresh_token;
    shop.login("dan@example.com", "wrong password").await.unwrap_err();
    shop.close().await;

    // A start sweeps at once.
    let shop = open_at(&pool, "2026-03-08T12:00:00Z").await;
    let wait = async {
        while rows(&shop).await != [1, 1, 0, 0] {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("a sweep");
    shop.refresh(&lasting).await.unwrap();
    shop.login("ada@example.com", PASSWORD).await.unwrap();
    shop.close().await;
}
