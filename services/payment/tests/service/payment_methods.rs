//! Saving, removing and selecting payment methods.

use proto::payment::v1 as pb;
use tonic::Code;

use crate::fixture::{PaymentFixture, authorize_request, card, code, reason, user};

const VISA: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";
const INSUFFICIENT_FUNDS: &str = "4000000000009995";

fn card_with_key(key: &str, number: &str) -> pb::AddPaymentMethodRequest {
    pb::AddPaymentMethodRequest { idempotency_key: key.into(), ..card(number) }
}

impl PaymentFixture {
    async fn remove_method(&self, id: &str, user: &str) -> Result<(), tonic::Status> {
        let request = pb::DeletePaymentMethodRequest { id: id.into(), user_id: user.into() };
        self.client.clone().delete_payment_method(request).await.map(|_| ())
    }

    async fn set_default(&self, id: &str, user: &str) -> Result<pb::PaymentMethod, tonic::Status> {
        let request = pb::SetDefaultPaymentMethodRequest { id: id.into(), user_id: user.into() };
        let response = self.client.clone().set_default_payment_method(request).await;
        response.map(tonic::Response::into_inner)
    }

    /// Returns the last four digits and the default flag of each payment method, the default first.
    async fn last_fours(&self, user: &str) -> Vec<(String, bool)> {
        let methods = self.methods(user).await.into_iter();
        methods.map(|method| (method.last_four, method.is_default)).collect()
    }
}

fn last_fours(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
    expected.iter().map(|(last_four, is_default)| ((*last_four).to_owned(), *is_default)).collect()
}

#[tokio::test]
async fn stored_card_has_only_brand_last_four_and_expiry() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let request = card_with_key("key", "5555 5555 5555 4444");
    let request = pb::AddPaymentMethodRequest { cvv: "987".into(), ..request };
    let saved = service.add_method(request).await.unwrap();
    assert_eq!((&*saved.brand, &*saved.last_four), ("mastercard", "4444"));
    assert_eq!((saved.exp_month, saved.exp_year), (12, 2030));
    assert_eq!(saved.r#type(), pb::PaymentMethodType::Card);
    assert_eq!((&*saved.token, &*saved.user_id), ("", &*user(1)));
    assert_eq!(service.methods(&user(1)).await, [saved]);

    let tables: Vec<String> =
        sqlx::query_scalar("SELECT relname::text FROM pg_stat_user_tables ORDER BY 1")
            .fetch_all(database.pool())
            .await
            .unwrap();
    assert!(tables.contains(&"simulator_cards".to_owned()), "{tables:?}");
    for table in tables {
        let rows: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT string_agg(t::text, ' ') FROM {table} t"
        )))
        .fetch_one(database.pool())
        .await
        .unwrap();
        let rows = rows.unwrap_or_default();
        assert!(!rows.contains("5555555555554444") && !rows.contains(",987,"), "{table}: {rows}");
    }
    service.stop().await;
}

#[tokio::test]
async fn exactly_one_payment_method_is_default() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let owner = user(1);
    let visa = service.add_method(card(VISA)).await.unwrap();
    assert!(visa.is_default, "the first payment method becomes the default");
    service.advance_secs(1);
    let declined = service.add_method(card(DECLINED)).await.unwrap();
    service.advance_secs(1);
    assert!(!declined.is_default);
    assert_eq!(service.last_fours(&owner).await, last_fours(&[("4242", true), ("0002", false)]));

    let insufficient_funds =
        pb::AddPaymentMethodRequest { is_default: true, ..card(INSUFFICIENT_FUNDS) };
    let insufficient_funds = service.add_method(insufficient_funds).await.unwrap();
    let all = [("9995", true), ("0002", false), ("4242", false)];
    assert_eq!(service.last_fours(&owner).await, last_fours(&all));
    assert!(service.set_default(&visa.id, &owner).await.unwrap().is_default);
    assert!(service.set_default(&visa.id, &owner).await.unwrap().is_default);
    let all = [("4242", true), ("9995", false), ("0002", false)];
    assert_eq!(service.last_fours(&owner).await, last_fours(&all));

    service.remove_method(&visa.id, &owner).await.unwrap();
    assert_eq!(service.last_fours(&owner).await, last_fours(&[("9995", true), ("0002", false)]));
    service.remove_method(&visa.id, &owner).await.expect("a repeated removal succeeds");
    service.remove_method(&declined.id, &owner).await.unwrap();
    assert_eq!(service.last_fours(&owner).await, last_fours(&[("9995", true)]));
    service.remove_method(&insufficient_funds.id, &owner).await.unwrap();
    assert!(service.last_fours(&owner).await.is_empty());
    assert_eq!(code(service.set_default(&visa.id, &owner).await), Code::NotFound);
    assert!(service.add_method(card(VISA)).await.unwrap().is_default);
    service.stop().await;
}

#[tokio::test]
async fn payment_method_of_other_customer_is_not_found() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let visa = service.add_method(card(VISA)).await.unwrap();
    let other = user(2);
    assert!(service.methods(&other).await.is_empty());
    assert_eq!(code(service.remove_method(&visa.id, &other).await), Code::NotFound);
    assert_eq!(code(service.set_default(&visa.id, &other).await), Code::NotFound);
    let foreign =
        pb::AuthorizeRequest { user_id: other, ..authorize_request("auth", &visa.id, 100) };
    assert_eq!(code(service.client.clone().authorize(foreign).await), Code::NotFound);
    assert_eq!(code(service.charge("charge", &user(9), 100).await), Code::NotFound);
    assert!(service.authorize("auth", &visa.id, 100).await.unwrap().success);
    service.stop_consistent().await;
}

#[tokio::test]
async fn removed_payment_method_is_rejected_but_retries_succeed() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let visa = service.add_method(card(VISA)).await.unwrap().id;
    let authorization =
        service.authorize("auth", &visa, 100).await.unwrap().authorization.unwrap().id;
    service.remove_method(&visa, &user(1)).await.unwrap();
    assert_eq!(code(service.authorize("auth 2", &visa, 100).await), Code::NotFound);
    assert!(service.authorize("auth", &visa, 100).await.unwrap().success, "a retry");
    assert!(service.capture("capture", &authorization, 100).await.unwrap().success);
    assert_eq!(service.transaction(&authorization).await.payment_method_id, visa);
    service.stop_consistent().await;
}

#[tokio::test]
async fn idempotency_key_saves_card_once() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let replayed = |response: &tonic::Response<pb::PaymentMethod>| {
        response
            .metadata()
            .get("idempotency-replayed")
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let mut client = service.client.clone();
    let first = client.add_payment_method(card_with_key("key", VISA)).await.unwrap();
    assert_eq!(replayed(&first), None);
    let retry = client.add_payment_method(card_with_key("key", VISA)).await.unwrap();
    assert_eq!(replayed(&retry).as_deref(), Some("true"));
    assert_eq!(first.get_ref(), retry.get_ref());

    let others = [
        card_with_key("key", DECLINED),
        pb::AddPaymentMethodRequest { exp_month: 11, ..card_with_key("key", VISA) },
        pb::AddPaymentMethodRequest { exp_year: 2031, ..card_with_key("key", VISA) },
        pb::AddPaymentMethodRequest { is_default: true, ..card_with_key("key", VISA) },
    ];
    for other in others {
        assert_eq!(reason(service.add_method(other).await), "idempotency_key_reused");
    }
    let blanks = pb::AddPaymentMethodRequest {
        card_number: "4242 4242 4242 4242".into(),
        ..card_with_key("key", VISA)
    };
    assert_eq!(service.add_method(blanks).await.unwrap().id, first.get_ref().id);
    let other_cvv = pb::AddPaymentMethodRequest { cvv: "124".into(), ..card_with_key("key", VISA) };
    assert_eq!(
        service.add_method(other_cvv).await.unwrap().id,
        first.get_ref().id,
        "the CVV is not part of the request's identity"
    );
    assert_eq!(service.methods(&user(1)).await.len(), 1);

    let foreign = pb::AddPaymentMethodRequest { user_id: user(2), ..card_with_key("key", VISA) };
    assert_ne!(
        service.add_method(foreign).await.unwrap().id,
        first.get_ref().id,
        "idempotency keys are scoped to a customer"
    );
    service.add_method(card(VISA)).await.unwrap();
    service.add_method(card(VISA)).await.unwrap();
    assert_eq!(
        service.methods(&user(1)).await.len(),
        3,
        "requests without a key are never replays"
    );
    service.stop().await;
}

#[tokio::test]
async fn retry_after_a_day_returns_present_state() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let first = service.add_method(card_with_key("key", VISA)).await.unwrap();
    service
        .add_method(pb::AddPaymentMethodRequest { is_default: true, ..card(INSUFFICIENT_FUNDS) })
        .await
        .unwrap();
    service.advance_secs(25 * 3600);
    let retry = service.add_method(card_with_key("key", VISA)).await.unwrap();
    assert_eq!((&retry.id, retry.is_default), (&first.id, false));
    service.remove_method(&first.id, &user(1)).await.unwrap();
    assert_eq!(code(service.add_method(card_with_key("key", VISA)).await), Code::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn leased_key_is_aborted_until_lease_expires() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    for _ in 0..20 {
        service.add_method(card(VISA)).await.unwrap();
    }
    let full = service.add_method(card_with_key("key", VISA)).await;
    assert_eq!(reason(full), "too_many_payment_methods");
    // State during the call to the provider, and after a crash during that call.
    let lease = "UPDATE method_requests SET busy_until = busy_until + interval '10 s'";
    service.execute_sql(lease).await;
    service.execute_sql("DELETE FROM payment_methods").await;
    let status = service.add_method(card_with_key("key", VISA)).await.unwrap_err();
    assert_eq!(status.code(), Code::Aborted);
    let in_progress = kit::grpc::status::reason_of(&status);
    assert_eq!(in_progress.as_deref(), Some("request_in_progress"));
    let other = service.add_method(card_with_key("key", DECLINED)).await;
    assert_eq!(reason(other), "idempotency_key_reused");

    service.advance_secs(11);
    service.add_method(card_with_key("key", VISA)).await.unwrap();
    let tokens: i64 = sqlx::query_scalar("SELECT count(*) FROM simulator_cards")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(tokens, 21, "the provider stored the card of the key once");
    service.stop().await;
}

#[tokio::test]
async fn twenty_first_payment_method_is_refused() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let adds = (0..25).map(|_| service.add_method(card(VISA)));
    let responses = futures::future::join_all(adds).await;
    let (saved, refused_responses): (Vec<_>, Vec<_>) =
        responses.into_iter().partition(Result::is_ok);
    assert_eq!((saved.len(), refused_responses.len()), (20, 5));
    for response in refused_responses {
        assert_eq!(reason(response), "too_many_payment_methods");
    }
    let methods = service.methods(&user(1)).await;
    assert_eq!(methods.iter().filter(|method| method.is_default).count(), 1);
    // A refused request releases its idempotency key for a retry.
    assert_eq!(
        reason(service.add_method(card_with_key("key", VISA)).await),
        "too_many_payment_methods"
    );
    service.remove_method(&methods[0].id, &user(1)).await.unwrap();
    service.add_method(card_with_key("key", VISA)).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn concurrent_requests_with_one_key_save_one_card() {
    let database = testing::database(&payment::MIGRATOR).await;
    let (service, other) = (
        PaymentFixture::start(database.pool()).await,
        PaymentFixture::start_replica(database.pool()).await,
    );
    let adds = (0..20).map(|n| {
        let service = if n % 2 == 0 { &service } else { &other };
        service.add_method(card_with_key("key", VISA))
    });
    let responses = futures::future::join_all(adds).await;
    let ids: Vec<_> = responses.iter().flatten().map(|method| &method.id).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    for response in responses.iter().filter(|response| response.is_err()) {
        assert_eq!(response.as_ref().unwrap_err().code(), Code::Aborted);
    }
    assert_eq!(service.methods(&user(1)).await.len(), 1);
    other.stop().await;
    service.stop().await;
}
