//! Once, and not lost: keys, workers, a mail server that goes away.

use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use jiff::SignedDuration;
use proto::notification::v1 as pb;
use sqlx::{ConnectOptions, PgPool};
use tokio::{net::TcpListener, time::sleep};

use crate::{
    relay::{Protection, Relay},
    shop::{Inbox, ORDER, Shop, args, free_port, header, refused},
};

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_repeat_with_the_same_key_makes_no_second_mail(pool: PgPool) {
    let inbox = Inbox::open().await;
    let shop = Shop::open(&pool, inbox.smtp_port).await;
    let repeats = (0..10).map(|_| shop.welcome("ada@example.com", "account-1"));
    join_all(repeats).await.into_iter().for_each(|answer| answer.unwrap());
    shop.until("sent", 1).await;
    // Neither at once nor after it was sent, nor for another reader.
    shop.welcome("bob@example.com", "account-1").await.unwrap();
    assert_eq!(shop.list("").await.len(), 1);

    // A key is one kind's: what is known by its order can be said of it once each.
    let request = pb::SendOrderCancelledRequest {
        email: "ada@example.com".into(),
        order_id: ORDER.into(),
        idempotency_key: "account-1".into(),
        ..Default::default()
    };
    shop.client.clone().send_order_cancelled(request).await.unwrap();
    shop.until("sent", 2).await;
    assert_eq!(inbox.mails().await.len(), 2);
    shop.close().await;
    inbox.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn without_a_key_each_call_is_a_mail(pool: PgPool) {
    let inbox = Inbox::open().await;
    let shop = Shop::open(&pool, inbox.smtp_port).await;
    for _ in 0..3 {
        shop.welcome("ada@example.com", "").await.unwrap();
    }
    shop.until("sent", 3).await;
    assert_eq!(inbox.mails().await.len(), 3);
    shop.close().await;
    inbox.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn two_workers_send_each_mail_once(pool: PgPool) {
    let inbox = Inbox::open().await;
    let url = pool.connect_options().to_url_lossy();
    let one = Shop::open(&pool, inbox.smtp_port).await;
    let settings = args(url.as_str(), inbox.smtp_port, &[]);
    let other = Shop::start(settings, one.env.clone()).await;
    let calls = (0..60).map(|n| {
        let shop = if n % 2 == 0 { &one } else { &other };
        async move { shop.welcome(&format!("c{n}@example.com"), "").await.unwrap() }
    });
    join_all(calls).await;
    loop {
        let mails = inbox.mails().await;
        if mails.len() >= 60 && one.list("queued").await.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mails = inbox.mails().await;
    let ids: HashSet<_> = mails.iter().map(|mail| header(mail, "Message-ID").unwrap()).collect();
    assert_eq!((mails.len(), ids.len()), (60, 60));
    let attempts: i64 = sqlx::query_scalar("SELECT sum(attempts) FROM notifications")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(attempts, 60);
    one.close().await;
    other.close().await;
    inbox.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn mails_wait_for_the_mail_server_and_none_is_lost(pool: PgPool) {
    let port = free_port();
    let shop = Shop::open(&pool, port).await;
    for n in 0..20 {
        shop.welcome(&format!("c{n}@example.com"), "").await.unwrap();
    }
    let waiting = shop.until_all("queued", 20, |mail| mail.attempts == 1 && !mail.error.is_empty());
    let waiting = waiting.await;
    assert!(waiting[0].error.contains("onnect"), "{}", waiting[0].error);
    assert_eq!(waiting[0].sent_at, "");

    let inbox = Inbox::open_on(port).await;
    assert!(inbox.mails().await.is_empty(), "the pause is not over");
    shop.advance(5);
    let sent = shop.until("sent", 20).await;
    assert!(sent.iter().all(|mail| mail.attempts == 2 && mail.error.is_empty()), "{sent:?}");
    assert_eq!(inbox.mails().await.len(), 20);

    // And again, with the same service.
    inbox.close().await;
    shop.welcome("late@example.com", "").await.unwrap();
    shop.until_all("queued", 1, |mail| !mail.error.is_empty()).await;
    let inbox = Inbox::open_on(port).await;
    shop.advance(5);
    assert_eq!(inbox.one().await["to"][0], "late@example.com");
    shop.close().await;
    inbox.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_mail_of_a_worker_that_died_is_sent_when_its_lease_is_over(pool: PgPool) {
    let inbox = Inbox::open().await;
    let shop = Shop::open(&pool, free_port()).await;
    shop.welcome("ada@example.com", "").await.unwrap();
    shop.until_all("queued", 1, |mail| mail.attempts == 1 && !mail.error.is_empty()).await;
    let (env, start) = (shop.env.clone(), shop.env.now());
    shop.close().await;
    // As a worker leaves it that ends in the middle.
    let until = (start + jiff::SignedDuration::from_secs(120)).to_string();
    sqlx::query("UPDATE notifications SET lease_id = gen_random_uuid(), due_at = $1::timestamptz")
        .bind(until)
        .execute(&pool)
        .await
        .unwrap();

    let url = pool.connect_options().to_url_lossy();
    let shop = Shop::start(args(url.as_str(), inbox.smtp_port, &[]), env).await;
    shop.advance(119);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(inbox.mails().await.is_empty());
    shop.advance(1);
    assert_eq!(inbox.one().await["to"][0], "ada@example.com");
    assert_eq!(shop.until("sent", 1).await[0].attempts, 2);
    shop.close().await;
    inbox.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_mail_of_which_workers_die_is_given_up(pool: PgPool) {
    let shop = Shop::open_with(&pool, free_port(), &["--mail-max-attempts", "3"]).await;
    shop.welcome("ada@example.com", "").await.unwrap();
    shop.until_all("queued", 1, |mail| !mail.error.is_empty()).await;
    sqlx::query("UPDATE notifications SET attempts = 3").execute(&pool).await.unwrap();
    shop.advance(5);
    let failed = shop.until("failed", 1).await;
    assert_eq!(failed[0].error, "given up after too many attempts");
    assert_eq!(failed[0].attempts, 3);
    let text = shop.runtime.metrics().text();
    assert!(
        text.contains("notification_mails_total{kind=\"welcome\",outcome=\"failed\"} 1"),
        "{text}"
    );
    shop.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn an_attempt_that_is_repeated_has_the_same_identity(pool: PgPool) {
    let relay = Relay::open(Protection::None).await;
    relay.say(".", "451 4.3.0 not now");
    let shop = Shop::open(&pool, relay.port).await;
    shop.welcome("ada@example.com", "").await.unwrap();
    shop.until_all("queued", 1, |mail| mail.error.contains("not now")).await;
    relay.say(".", "");
    shop.advance(5);
    let sent = shop.until("sent", 1).await;
    let heard = relay.heard();
    for name in ["Message-ID: ", "Date: "] {
        let lines: Vec<_> = heard.iter().filter(|line| line.starts_with(name)).collect();
        assert_eq!(lines.len(), 2, "{heard:?}");
        assert_eq!(lines[0], lines[1]);
    }
    assert_eq!(sent[0].attempts, 2);
    shop.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_reset_that_is_not_delivered_within_the_hour_is_dropped(pool: PgPool) {
    let port = free_port();
    let shop = Shop::open(&pool, port).await;
    shop.reset("ada@example.com", "a-secret-token").await;
    shop.welcome("ada@example.com", "").await.unwrap();
    shop.until_all("queued", 2, |mail| mail.attempts == 1 && !mail.error.is_empty()).await;
    shop.advance(3599);
    shop.until_all("queued", 2, |mail| mail.attempts == 2).await;
    shop.advance(1);
    let failed = shop.until("failed", 1).await;
    assert_eq!(failed[0].r#type, "password_reset");
    assert_eq!(failed[0].error, "expired before it could be delivered");
    let row: String = sqlx::query_scalar("SELECT string_agg(n::text, ' ') FROM notifications n")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(!row.contains("a-secret-token"), "{row}");
    assert_eq!(refused(shop.retry(&failed[0].id).await), "notification_expired");

    let inbox = Inbox::open_on(port).await;
    shop.advance(1800);
    assert_eq!(inbox.one().await["subject"], "Welcome to Storefront", "the other one still goes");
    shop.close().await;
    inbox.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn what_is_over_is_forgotten_in_time_and_what_waits_is_not(pool: PgPool) {
    let inbox = Inbox::open().await;
    let shop = Shop::open(&pool, inbox.smtp_port).await;
    for key in ["sent", "failed", "queued"] {
        shop.welcome("ada@example.com", key).await.unwrap();
    }
    shop.until("sent", 3).await;
    for key in ["failed", "queued"] {
        sqlx::query(
            "UPDATE notifications SET status = $1, sent_at = NULL, content = '{}',
                 due_at = created_at + interval '1 year' WHERE idempotency_key = $1",
        )
        .bind(key)
        .execute(&pool)
        .await
        .unwrap();
    }
    let (env, url) = (shop.env.clone(), pool.connect_options().to_url_lossy());
    shop.close().await;

    let settings = || args(url.as_str(), inbox.smtp_port, &["--mail-retention", "1d"]);
    env.advance(SignedDuration::from_hours(23));
    let shop = Shop::start(settings(), env.clone()).await;
    shop.welcome("bob@example.com", "new").await.unwrap();
    shop.until("sent", 2).await;
    assert_eq!(shop.list("").await.len(), 4, "a day is not over");
    shop.close().await;

    env.advance(SignedDuration::from_hours(2));
    let shop = Shop::start(settings(), env).await;
    shop.until("", 2).await;
    let kept: Vec<_> = shop.list("").await.into_iter().map(|mail| mail.status).collect();
    assert_eq!(kept, ["sent", "queued"], "the new one and the one that waits");
    shop.close().await;
    inbox.close().await;
}

/// Statistics of a table that was nearly empty make PostgreSQL join in loops.
#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn no_more_are_taken_at_a_time_whatever_postgresql_knows_of_the_table(pool: PgPool) {
    let insert = "INSERT INTO notifications
             (id, kind, recipient, subject, content, due_at, created_at)
         SELECT gen_random_uuid(), 'welcome', 'ada@example.com', 'Welcome',
             '{\"kind\": \"welcome\", \"first_name\": \"\"}', '2026-01-01', '2026-01-01'
         FROM generate_series(1, $1)";
    sqlx::query(insert).bind(1).execute(&pool).await.unwrap();
    sqlx::query("ANALYZE notifications").execute(&pool).await.unwrap();
    sqlx::query(insert).bind(39).execute(&pool).await.unwrap();
    // A mail server that never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shop = Shop::open(&pool, silent.local_addr().unwrap().port()).await;
    let taken = loop {
        let taken = "SELECT count(*) FROM notifications WHERE lease_id IS NOT NULL";
        match sqlx::query_scalar::<_, i64>(taken).fetch_one(&pool).await.unwrap() {
            0 => sleep(Duration::from_millis(20)).await,
            taken => break taken,
        }
    };
    assert_eq!(taken, 8);
    drop(silent);
    shop.close().await;
}
