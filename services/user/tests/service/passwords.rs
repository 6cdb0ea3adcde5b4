//! New passwords: by the old one, or by a token that a mail brings.

use futures::future::join_all;
use jiff::SignedDuration;
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{PASSWORD, Shop, code, fields, refusal, some_id};

const NEW: &str = "staple battery horse";

/// The session of an access token.
fn sid(token: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["sid"].as_str().unwrap().to_owned()
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_change_ends_all_sessions_but_the_callers(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let here = shop.register("ada@example.com").await;
    let there = shop.login("ada@example.com", PASSWORD).await.unwrap();
    let id = here.user.unwrap().id;
    shop.change_password(&id, (PASSWORD, NEW), &sid(&here.access_token)).await.unwrap();
    shop.refresh(&here.refresh_token).await.unwrap();
    assert_eq!(code(shop.refresh(&there.refresh_token).await), Code::Unauthenticated);
    assert_eq!(code(shop.login("ada@example.com", PASSWORD).await), Code::Unauthenticated);
    shop.login("ada@example.com", NEW).await.unwrap();
    // Without a session that could stay, all end.
    shop.change_password(&id, (NEW, PASSWORD), "").await.unwrap();
    assert_eq!(shop.count("SELECT count(*) FROM sessions").await, 0);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_change_needs_the_present_password_and_a_good_new_one(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let answer = shop.register("ada@example.com").await;
    let id = answer.user.unwrap().id;
    let change = |current, new| shop.change_password(&id, (current, new), "");
    assert_eq!(fields(change("wrong password", NEW).await), ["current_password"]);
    assert_eq!(fields(change(PASSWORD, "short").await), ["new_password"]);
    assert_eq!(fields(change(PASSWORD, "Ada@Example.com").await), ["new_password"]);
    let nobody = shop.change_password(&some_id(1), (PASSWORD, NEW), "").await;
    assert_eq!(code(nobody), Code::NotFound);
    // Who guesses here is slowed down as at the front door.
    for _ in 0..9 {
        assert_eq!(fields(change("wrong password", NEW).await), ["current_password"]);
    }
    assert_eq!(refusal(change(PASSWORD, NEW).await).1, "too_many_attempts");
    shop.refresh(&answer.refresh_token).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn of_two_changes_at_once_one_wins(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("ada@example.com").await;
    let news = ["staple battery one", "staple battery two"];
    let changes = news.map(|new| shop.change_password(&id, (PASSWORD, new), ""));
    let won: Vec<bool> = join_all(changes).await.into_iter().map(|done| done.is_ok()).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    for (new, won) in news.into_iter().zip(won) {
        assert_eq!(shop.login("ada@example.com", new).await.is_ok(), won);
    }
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_mailed_token_sets_a_password_once_and_ends_all_sessions(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let session = shop.register("Ada@example.com").await.refresh_token;
    shop.forgot("ADA@example.com").await.unwrap();
    // To the address of the account, not to what was typed.
    let mail = shop.post.wait_for("reset", "Ada@example.com", 1).await.remove(0);
    let token = mail.content;
    assert_eq!(fields(shop.reset(&token, "short").await), ["new_password"]);
    assert_eq!(fields(shop.reset(&token, "ada@Example.com").await), ["new_password"]);
    shop.reset(&token, NEW).await.unwrap();
    assert_eq!(code(shop.refresh(&session).await), Code::Unauthenticated);
    shop.login("ada@example.com", NEW).await.unwrap();
    assert_eq!(fields(shop.reset(&token, "another password").await), ["token"]);
    shop.login("ada@example.com", NEW).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn of_many_uses_of_a_mailed_token_at_once_one_wins(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    shop.forgot("ada@example.com").await.unwrap();
    let token = shop.post.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    let passwords: Vec<_> = (0..8).map(|n| format!("new password {n}")).collect();
    let resets = passwords.iter().map(|password| shop.reset(&token, password));
    let won = join_all(resets).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(won, 1);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn mailed_tokens_end_after_an_hour_and_with_any_other_new_password(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let id = shop.customer("ada@example.com").await;
    let mut tokens = Vec::new();
    for n in 1..=3 {
        shop.forgot("ada@example.com").await.unwrap();
        tokens = shop.post.wait_for("reset", "ada@example.com", n).await;
        wait_for_empty_outbox(&shop).await;
    }
    shop.env.advance(SignedDuration::from_mins(59));
    shop.reset(&tokens[0].content, NEW).await.unwrap();
    assert_eq!(fields(shop.reset(&tokens[1].content, NEW).await), ["token"]);

    shop.forgot("ada@example.com").await.unwrap();
    let fourth = shop.post.wait_for("reset", "ada@example.com", 4).await.remove(3).content;
    shop.change_password(&id, (NEW, PASSWORD), "").await.unwrap();
    assert_eq!(fields(shop.reset(&fourth, NEW).await), ["token"]);

    wait_for_empty_outbox(&shop).await;
    shop.forgot("ada@example.com").await.unwrap();
    let fifth = shop.post.wait_for("reset", "ada@example.com", 5).await.remove(4).content;
    shop.env.advance(SignedDuration::from_hours(1));
    assert_eq!(fields(shop.reset(&fifth, NEW).await), ["token"]);
    for text in ["x", &"A".repeat(43), "ünï"] {
        assert_eq!(fields(shop.reset(text, NEW).await), ["token"]);
    }
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn whether_an_address_has_an_account_is_told_to_nobody(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let disabled = shop.customer("cleo@example.com").await;
    shop.set_access(&disabled, "", Some(true)).await.unwrap();
    shop.register("ada@example.com").await;
    for email in ["bob@example.com", "cleo@example.com", "ada@example.com"] {
        shop.forgot(email).await.unwrap();
    }
    shop.post.wait_for("reset", "ada@example.com", 1).await;
    wait_for_empty_outbox(&shop).await;
    let resets = shop.post.received().into_iter().filter(|mail| mail.kind == "reset").count();
    assert_eq!(resets, 1);
    assert_eq!(shop.metric("user_mails_total{outcome=\"dropped\"}").unwrap(), "2");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn nobody_can_have_a_mailbox_flooded(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    for _ in 0..8 {
        shop.forgot("ada@example.com").await.unwrap();
        wait_for_empty_outbox(&shop).await;
    }
    let resets = || shop.post.received().into_iter().filter(|mail| mail.kind == "reset").count();
    assert_eq!(resets(), 5);
    shop.env.advance(SignedDuration::from_hours(1));
    shop.forgot("ada@example.com").await.unwrap();
    shop.post.wait_for("reset", "ada@example.com", 6).await;
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_new_password_by_mail_opens_a_door_that_guesses_had_shut(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    for _ in 0..10 {
        shop.login("ada@example.com", "wrong password").await.unwrap_err();
    }
    shop.forgot("ada@example.com").await.unwrap();
    let token = shop.post.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    shop.reset(&token, NEW).await.unwrap();
    shop.login("ada@example.com", NEW).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_new_password_by_mail_is_set_whole_or_not_at_all(pool: PgPool) {
    let hurry = |args: &mut user::Args| {
        args.database.database_lock_timeout = std::time::Duration::from_millis(200);
    };
    let shop = Shop::open_with(&pool, hurry).await;
    shop.register("ada@example.com").await;
    shop.login("ada@example.com", "wrong password").await.unwrap_err();
    shop.forgot("ada@example.com").await.unwrap();
    let token = shop.post.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    // Somebody else has hold of what is to be forgotten.
    let mut busy = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM sign_in_attempts FOR UPDATE").execute(&mut *busy).await.unwrap();
    assert_eq!(code(shop.reset(&token, NEW).await), Code::Unavailable);
    busy.rollback().await.unwrap();
    shop.reset(&token, NEW).await.unwrap();
    shop.close().await;
}

async fn wait_for_empty_outbox(shop: &Shop) {
    let wait = async {
        while shop.count("SELECT count(*) FROM outbox").await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("mails to go");
}
