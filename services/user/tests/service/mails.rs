//! The outbox: a mail that an account causes is sent, whatever fails on the way.

use std::time::Duration;

use jiff::SignedDuration;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::{
    post_office::{Mood, PostOffice},
    shop::{PASSWORD, Shop},
};

const START: &str = "2026-03-01T12:00:00Z";

/// Taken once and put off, at the start of a test.
const PUT_OFF: &str = "SELECT count(*) FROM outbox
                       WHERE attempts = 1 AND due_at < '2026-03-01T12:00:30Z'";

/// Taken twice and put off, a minute later.
const PUT_OFF_AGAIN: &str = "SELECT count(*) FROM outbox
                             WHERE attempts = 2 AND due_at < '2026-03-01T12:01:30Z'";

async fn eventually(shop: &Shop, statement: &'static str, expected: i64) {
    let wait = async {
        while shop.count(statement).await != expected {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect(statement);
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn an_outage_only_delays_mails(pool: PgPool) {
    let post = PostOffice::closed().await;
    let mut shop = Shop::open_at(&pool, START, post, |_| {}).await;
    shop.register("ada@example.com").await;
    shop.forgot("ada@example.com").await.unwrap();
    eventually(&shop, PUT_OFF, 2).await;
    shop.env.advance(SignedDuration::from_secs(60));
    eventually(&shop, PUT_OFF_AGAIN, 2).await;
    let wait = async {
        while shop.metric("user_outbox_age_seconds").as_deref() != Some("60") {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("the age to be told");
    assert_eq!(shop.metric("user_outbox_depth").unwrap(), "2");
    // The shop itself goes on.
    shop.login("ada@example.com", PASSWORD).await.unwrap();

    shop.post.open().await;
    shop.env.advance(SignedDuration::from_mins(6));
    shop.post.wait_for("welcome", "ada@example.com", 1).await;
    let token = shop.post.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    shop.reset(&token, "another password").await.unwrap();
    eventually(&shop, "SELECT count(*) FROM outbox", 0).await;
    assert_eq!(shop.post.received().len(), 2);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn what_was_not_sent_is_sent_by_the_next_process(pool: PgPool) {
    let post = PostOffice::closed().await;
    let shop = Shop::open_at(&pool, START, post, |_| {}).await;
    shop.register("ada@example.com").await;
    eventually(&shop, PUT_OFF, 1).await;
    shop.close().await;

    let mut post = PostOffice::closed().await;
    post.open().await;
    let shop = Shop::open_at(&pool, "2026-03-01T13:00:00Z", post, |_| {}).await;
    shop.post.wait_for("welcome", "ada@example.com", 1).await;
    eventually(&shop, "SELECT count(*) FROM outbox", 0).await;
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_mail_whose_taker_died_is_taken_again_when_its_lease_is_over(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("ada@example.com").await;
    shop.post.wait_for("welcome", "ada@example.com", 1).await;
    eventually(&shop, "SELECT count(*) FROM outbox", 0).await;
    sqlx::query(
        "INSERT INTO outbox (id, kind, email, email_key, first_name, attempts, created_at, due_at)
         VALUES ($1::uuid, 'welcome', 'bob@example.com', 'bob@example.com', 'Bob', 1,
                 '2026-03-01T12:00:00Z', '2026-03-01T12:00:30Z')",
    )
    .bind(&id)
    .execute(&pool)
    .await
    .unwrap();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(shop.post.received().len(), 1, "it is somebody else's for now");
    shop.env.advance(SignedDuration::from_secs(30));
    let mail = shop.post.wait_for("welcome", "bob@example.com", 1).await.remove(0);
    assert_eq!(mail.key, id);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_lost_answer_makes_the_same_mail_come_again_with_its_key(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.post.set_mood(Mood::LosesAnswers);
    shop.register("ada@example.com").await;
    shop.post.wait_for("welcome", "ada@example.com", 1).await;
    shop.forgot("ada@example.com").await.unwrap();
    shop.post.wait_for("reset", "ada@example.com", 1).await;
    eventually(&shop, PUT_OFF, 2).await;
    shop.post.set_mood(Mood::Fine);
    shop.env.advance(SignedDuration::from_secs(10));
    for kind in ["welcome", "reset"] {
        let mails = shop.post.wait_for(kind, "ada@example.com", 2).await;
        assert_eq!(mails[0].key, mails[1].key);
    }
    // The other side keeps the first of a key: that one has to work.
    let first = shop.post.wait_for("reset", "ada@example.com", 2).await.remove(0);
    shop.reset(&first.content, "another password").await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_mail_that_can_never_be_sent_holds_up_no_other(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.post.set_mood(Mood::Refuses);
    shop.register("ada@example.com").await;
    eventually(&shop, "SELECT count(*) FROM outbox", 0).await;
    shop.post.set_mood(Mood::Fine);
    shop.register("bob@example.com").await;
    shop.post.wait_for("welcome", "bob@example.com", 1).await;
    assert_eq!(shop.metric("user_mails_total{outcome=\"refused\"}").unwrap(), "1");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn two_replicas_send_each_mail_once(pool: PgPool) {
    let one = Shop::open(&pool).await;
    let two = Shop::open(&pool).await;
    for n in 0..20 {
        let shop = if n % 2 == 0 { &one } else { &two };
        shop.register(&format!("user{n}@example.com")).await;
    }
    eventually(&one, "SELECT count(*) FROM outbox", 0).await;
    let mut keys: Vec<_> = [one.post.received(), two.post.received()]
        .concat()
        .into_iter()
        .map(|mail| mail.key)
        .collect();
    assert_eq!(keys.len(), 20);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 20);
    one.close().await;
    two.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn no_token_for_a_new_password_is_kept(pool: PgPool) {
    let post = PostOffice::closed().await;
    let mut shop = Shop::open_at(&pool, START, post, |_| {}).await;
    shop.register("ada@example.com").await;
    shop.forgot("ada@example.com").await.unwrap();
    eventually(&shop, PUT_OFF, 2).await;
    assert_eq!(shop.count("SELECT count(*) FROM password_resets").await, 1);
    let dump: String = sqlx::query_scalar(
        "SELECT concat((SELECT string_agg(o::text, '') FROM outbox o),
                       (SELECT string_agg(r::text, '') FROM password_resets r))",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    shop.post.open().await;
    shop.env.advance(SignedDuration::from_mins(5));
    let token = shop.post.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    assert!(dump.contains("ada@example.com") && !dump.contains(&token));
    shop.close().await;
}
