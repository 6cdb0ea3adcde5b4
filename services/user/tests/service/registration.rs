//! New accounts.

use futures::future::join_all;
use proto::user::v1 as pb;
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{PASSWORD, Shop, fields, refusal, registration};

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_new_account_is_a_customer_with_a_profile_and_signed_in(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let answer = shop.register(" Ada@Example.com ").await;
    let user = answer.user.unwrap();
    assert_eq!((&*user.email, &*user.role, user.disabled), ("Ada@Example.com", "customer", false));
    let profile = user.profile.clone().unwrap();
    assert_eq!(profile.first_name.as_deref(), Some("Ada"));
    assert_eq!(profile.last_name.as_deref(), Some("Lovelace"));
    assert_eq!((profile.phone.as_deref(), profile.avatar_url.as_deref()), (Some(""), Some("")));
    assert_eq!(user.created_at, "2026-03-01T12:00:00Z");
    assert_eq!(answer.expires_in, 900);
    assert_eq!(shop.get(&user.id).await.unwrap(), user);
    let token = shop.validate(&answer.access_token).await;
    assert_eq!((token.valid, token.user_id, &*token.role), (true, user.id, "customer"));
    shop.refresh(&answer.refresh_token).await.unwrap();
    let mail = shop.post.wait_for("welcome", "Ada@Example.com", 1).await.remove(0);
    assert_eq!(mail.content, "Ada");
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn an_address_has_one_account_in_whatever_case(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    shop.register("ada@example.com").await;
    for email in ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"] {
        let taken = refusal(shop.try_register(email).await);
        assert_eq!(taken, (Code::AlreadyExists, "email_taken".to_owned()));
    }
    assert_eq!(shop.count("SELECT count(*) FROM users").await, 1);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn of_many_registrations_at_once_one_succeeds_and_one_welcome_is_sent(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let emails = (0..16).map(|n| if n % 2 == 0 { "ada@example.com" } else { "ADA@Example.com" });
    let answers = join_all(emails.map(|email| shop.try_register(email))).await;
    let (ok, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(ok.len(), 1);
    for answer in refusals {
        assert_eq!(refusal(answer), (Code::AlreadyExists, "email_taken".to_owned()));
    }
    for rows in [
        "SELECT count(*) FROM users",
        "SELECT count(*) FROM profiles",
        "SELECT count(*) FROM sessions",
        "SELECT count(*) FROM refresh_tokens",
    ] {
        assert_eq!(shop.count(rows).await, 1, "{rows}");
    }
    let email = ok[0].as_ref().unwrap().user.clone().unwrap().email;
    shop.post.wait_for("welcome", &email, 1).await;
    assert_eq!(shop.post.received().len(), 1);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn bad_registrations_name_every_field_at_fault(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut client = shop.client.clone();
    let bad = pb::RegisterRequest {
        email: "ada".into(),
        password: "short".into(),
        first_name: "a\0".into(),
        last_name: "x".repeat(101),
    };
    let wrong = fields(client.register(bad).await);
    assert_eq!(wrong, ["email", "password", "first_name", "last_name"]);
    for password in ["        ", "ADA@example.com", &"ü".repeat(37), ""] {
        let request =
            pb::RegisterRequest { password: password.into(), ..registration("ada@example.com") };
        assert_eq!(fields(client.register(request).await), ["password"], "{password}");
    }
    drop(client);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_password_of_72_bytes_counts_to_its_last(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let password = format!("{}ü", "x".repeat(70));
    let request =
        pb::RegisterRequest { password: password.clone(), ..registration("ada@example.com") };
    shop.client.clone().register(request).await.unwrap();
    shop.login("ada@example.com", &password).await.unwrap();
    for wrong in [format!("{password}y"), format!("{}ö", "x".repeat(70)), "x".repeat(70)] {
        let refused = refusal(shop.login("ada@example.com", &wrong).await);
        assert_eq!(refused, (Code::Unauthenticated, "invalid_credentials".to_owned()));
    }
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn neither_password_nor_token_is_kept_in_the_clear(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let answer = shop.register("ada@example.com").await;
    let dump: String = sqlx::query_scalar(
        "SELECT concat((SELECT string_agg(u::text, '') FROM users u),
                       (SELECT string_agg(t::text, '') FROM refresh_tokens t),
                       (SELECT string_agg(s::text, '') FROM sessions s))",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(dump.contains("ada@example.com") && dump.contains("$2b$04$"), "{dump}");
    assert!(!dump.contains(PASSWORD) && !dump.contains(&answer.refresh_token), "{dump}");
    shop.close().await;
}
