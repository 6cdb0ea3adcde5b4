//! Saved methods.

use proto::payment::v1 as pb;
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{Shop, authorization, card, code, refused, user};

const VISA: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";
const POOR: &str = "4000000000009995";

fn keyed(key: &str, number: &str) -> pb::AddPaymentMethodRequest {
    pb::AddPaymentMethodRequest { idempotency_key: key.into(), ..card(number) }
}

impl Shop {
    async fn remove(&self, id: &str, user: &str) -> Result<(), tonic::Status> {
        let request = pb::DeletePaymentMethodRequest { id: id.into(), user_id: user.into() };
        self.client.clone().delete_payment_method(request).await.map(|_| ())
    }

    async fn prefer(&self, id: &str, user: &str) -> Result<pb::PaymentMethod, tonic::Status> {
        let request = pb::SetDefaultPaymentMethodRequest { id: id.into(), user_id: user.into() };
        let answer = self.client.clone().set_default_payment_method(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// Last four digits of each method, the default one first and marked.
    async fn wallet(&self, user: &str) -> Vec<(String, bool)> {
        let methods = self.methods(user).await.into_iter();
        methods.map(|method| (method.last_four, method.is_default)).collect()
    }
}

fn wallet(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
    expected.iter().map(|(four, is_default)| ((*four).to_owned(), *is_default)).collect()
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_card_is_known_by_brand_last_four_and_expiry_alone(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let request = keyed("key", "5555 5555 5555 4444");
    let request = pb::AddPaymentMethodRequest { cvv: "987".into(), ..request };
    let saved = shop.add(request).await.unwrap();
    assert_eq!((&*saved.brand, &*saved.last_four), ("mastercard", "4444"));
    assert_eq!((saved.exp_month, saved.exp_year), (12, 2030));
    assert_eq!(saved.r#type(), pb::PaymentMethodType::Card);
    assert_eq!((&*saved.token, &*saved.user_id), ("", &*user(1)));
    assert_eq!(shop.methods(&user(1)).await, [saved]);

    let tables: Vec<String> =
        sqlx::query_scalar("SELECT relname::text FROM pg_stat_user_tables ORDER BY 1")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert!(tables.contains(&"simulator_cards".to_owned()), "{tables:?}");
    for table in tables {
        let rows: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT string_agg(t::text, ' ') FROM {table} t"
        )))
        .fetch_one(&pool)
        .await
        .unwrap();
        let rows = rows.unwrap_or_default();
        assert!(!rows.contains("5555555555554444") && !rows.contains(",987,"), "{table}: {rows}");
    }
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn exactly_one_method_is_the_default(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let me = user(1);
    let visa = shop.add(card(VISA)).await.unwrap();
    assert!(visa.is_default, "the first is the default by itself");
    shop.later(1);
    let declined = shop.add(card(DECLINED)).await.unwrap();
    shop.later(1);
    assert!(!declined.is_default);
    assert_eq!(shop.wallet(&me).await, wallet(&[("4242", true), ("0002", false)]));

    let poor = pb::AddPaymentMethodRequest { is_default: true, ..card(POOR) };
    let poor = shop.add(poor).await.unwrap();
    let all = [("9995", true), ("0002", false), ("4242", false)];
    assert_eq!(shop.wallet(&me).await, wallet(&all));
    assert!(shop.prefer(&visa.id, &me).await.unwrap().is_default);
    assert!(shop.prefer(&visa.id, &me).await.unwrap().is_default);
    let all = [("4242", true), ("9995", false), ("0002", false)];
    assert_eq!(shop.wallet(&me).await, wallet(&all));

    shop.remove(&visa.id, &me).await.unwrap();
    assert_eq!(shop.wallet(&me).await, wallet(&[("9995", true), ("0002", false)]));
    shop.remove(&visa.id, &me).await.expect("a repeat changes nothing");
    shop.remove(&declined.id, &me).await.unwrap();
    assert_eq!(shop.wallet(&me).await, wallet(&[("9995", true)]));
    shop.remove(&poor.id, &me).await.unwrap();
    assert!(shop.wallet(&me).await.is_empty());
    assert_eq!(code(shop.prefer(&visa.id, &me).await), Code::NotFound);
    assert!(shop.add(card(VISA)).await.unwrap().is_default);
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_method_is_its_owners_alone(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let visa = shop.add(card(VISA)).await.unwrap();
    let other = user(2);
    assert!(shop.methods(&other).await.is_empty());
    assert_eq!(code(shop.remove(&visa.id, &other).await), Code::NotFound);
    assert_eq!(code(shop.prefer(&visa.id, &other).await), Code::NotFound);
    let stolen = pb::AuthorizeRequest { user_id: other, ..authorization("auth", &visa.id, 100) };
    assert_eq!(code(shop.client.clone().authorize(stolen).await), Code::NotFound);
    assert_eq!(code(shop.charge("charge", &user(9), 100).await), Code::NotFound);
    assert!(shop.authorize("auth", &visa.id, 100).await.unwrap().success);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_removed_method_pays_no_more_and_its_transactions_remember_it(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let visa = shop.add(card(VISA)).await.unwrap().id;
    let held = shop.authorize("auth", &visa, 100).await.unwrap().authorization.unwrap().id;
    shop.remove(&visa, &user(1)).await.unwrap();
    assert_eq!(code(shop.authorize("auth 2", &visa, 100).await), Code::NotFound);
    assert!(shop.authorize("auth", &visa, 100).await.unwrap().success, "a repeat");
    assert!(shop.capture("capture", &held, 100).await.unwrap().success);
    assert_eq!(shop.transaction(&held).await.payment_method_id, visa);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_key_saves_a_card_once(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let replayed = |answer: &tonic::Response<pb::PaymentMethod>| {
        answer
            .metadata()
            .get("idempotency-replayed")
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let mut client = shop.client.clone();
    let first = client.add_payment_method(keyed("key", VISA)).await.unwrap();
    assert_eq!(replayed(&first), None);
    let again = client.add_payment_method(keyed("key", VISA)).await.unwrap();
    assert_eq!(replayed(&again).as_deref(), Some("true"));
    assert_eq!(first.get_ref(), again.get_ref());

    let others = [
        keyed("key", DECLINED),
        pb::AddPaymentMethodRequest { exp_month: 11, ..keyed("key", VISA) },
        pb::AddPaymentMethodRequest { exp_year: 2031, ..keyed("key", VISA) },
        pb::AddPaymentMethodRequest { cvv: "124".into(), ..keyed("key", VISA) },
        pb::AddPaymentMethodRequest { is_default: true, ..keyed("key", VISA) },
    ];
    for other in others {
        assert_eq!(refused(shop.add(other).await), "idempotency_key_reused");
    }
    let blanks = pb::AddPaymentMethodRequest {
        card_number: "4242 4242 4242 4242".into(),
        ..keyed("key", VISA)
    };
    assert_eq!(shop.add(blanks).await.unwrap().id, first.get_ref().id);
    assert_eq!(shop.methods(&user(1)).await.len(), 1);

    let theirs = pb::AddPaymentMethodRequest { user_id: user(2), ..keyed("key", VISA) };
    assert_ne!(shop.add(theirs).await.unwrap().id, first.get_ref().id, "keys belong to a user");
    shop.add(card(VISA)).await.unwrap();
    shop.add(card(VISA)).await.unwrap();
    assert_eq!(shop.methods(&user(1)).await.len(), 3, "without a key each is new");
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_repeat_tells_the_present_state_for_a_day_and_longer(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let first = shop.add(keyed("key", VISA)).await.unwrap();
    shop.add(pb::AddPaymentMethodRequest { is_default: true, ..card(POOR) }).await.unwrap();
    shop.later(25 * 3600);
    let again = shop.add(keyed("key", VISA)).await.unwrap();
    assert_eq!((&again.id, again.is_default), (&first.id, false));
    shop.remove(&first.id, &user(1)).await.unwrap();
    assert_eq!(code(shop.add(keyed("key", VISA)).await), Code::NotFound);
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_request_in_progress_is_told_and_taken_over_when_it_died(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let first = shop.add(keyed("key", VISA)).await.unwrap();
    // As it is while the provider is asked, and stays when the process dies then.
    shop.sql("UPDATE method_requests SET method_id = NULL").await;
    shop.sql("DELETE FROM payment_methods").await;
    let status = shop.add(keyed("key", VISA)).await.unwrap_err();
    assert_eq!(status.code(), Code::Aborted);
    let reason = kit::grpc::status::reason_of(&status);
    assert_eq!(reason.as_deref(), Some("request_in_progress"));
    let other = shop.add(keyed("key", DECLINED)).await;
    assert_eq!(refused(other), "idempotency_key_reused");

    shop.later(11);
    let second = shop.add(keyed("key", VISA)).await.unwrap();
    assert_ne!(second.id, first.id);
    let tokens: i64 =
        sqlx::query_scalar("SELECT count(*) FROM simulator_cards").fetch_one(&pool).await.unwrap();
    assert_eq!(tokens, 1, "the provider was given the card once");
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_customer_has_twenty_methods_at_most(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let adds = (0..25).map(|_| shop.add(card(VISA)));
    let answers = futures::future::join_all(adds).await;
    let (saved, left): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((saved.len(), left.len()), (20, 5));
    for answer in left {
        assert_eq!(refused(answer), "too_many_payment_methods");
    }
    let methods = shop.methods(&user(1)).await;
    assert_eq!(methods.iter().filter(|method| method.is_default).count(), 1);
    // The key of one that was refused is free for the same request.
    assert_eq!(refused(shop.add(keyed("key", VISA)).await), "too_many_payment_methods");
    shop.remove(&methods[0].id, &user(1)).await.unwrap();
    shop.add(keyed("key", VISA)).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn two_at_once_with_one_key_save_one_card(pool: PgPool) {
    let (shop, other) = (Shop::open(&pool).await, Shop::replica(&pool).await);
    let adds = (0..20).map(|n| {
        let shop = if n % 2 == 0 { &shop } else { &other };
        shop.add(keyed("key", VISA))
    });
    let answers = futures::future::join_all(adds).await;
    let ids: Vec<_> = answers.iter().flatten().map(|method| &method.id).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    for answer in answers.iter().filter(|answer| answer.is_err()) {
        assert_eq!(answer.as_ref().unwrap_err().code(), Code::Aborted);
    }
    assert_eq!(shop.methods(&user(1)).await.len(), 1);
    other.close().await;
    shop.close().await;
}
