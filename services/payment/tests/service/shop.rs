//! The fixture: a running payment service, and a shop's words for what tests do with it.

pub(crate) use kit::testing::{code, fields, refused};
use std::time::Duration;

use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use kit::{Env, Runtime};
use payment::Args;
use proto::{
    common::v1::Money,
    payment::v1::{self as pb, payment_service_client::PaymentServiceClient},
};
use sqlx::{ConnectOptions, PgPool};
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tonic::{Response, Status, transport::Channel};
use uuid::Uuid;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// The settings of a service on the database at `url`. A busy machine is given the time to answer what a
/// caller would ask again.
pub(crate) fn args(url: &str) -> Args {
    let line = [
        "payment",
        "--database-url",
        url,
        "--database-acquire-timeout",
        "25s",
        "--database-lock-timeout",
        "25s",
        "--database-statement-timeout",
        "25s",
        "--fingerprint-key",
        "a key for the tests of this service",
    ];
    Cli::try_parse_from(line).unwrap().args
}

/// A payment service that runs, with its clock in the hands of the test.
pub(crate) struct Shop {
    pub(crate) client: PaymentServiceClient<Channel>,
    pub(crate) env: Env,
    pub(crate) pool: PgPool,
    pub(crate) runtime: Runtime,
    server: JoinHandle<Result<(), kit::Error>>,
}

impl Shop {
    /// On the database of a test.
    pub(crate) async fn open(pool: &PgPool) -> Self {
        let url = pool.connect_options().to_url_lossy();
        Self::open_with(pool, args(url.as_str()), 7).await
    }

    /// One more process on the same database: it makes other ids.
    pub(crate) async fn replica(pool: &PgPool) -> Self {
        let url = pool.connect_options().to_url_lossy();
        Self::open_with(pool, args(url.as_str()), 8).await
    }

    /// With settings of its own.
    pub(crate) async fn open_with(pool: &PgPool, args: Args, seed: u64) -> Self {
        let mut runtime = Runtime::for_tests();
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        runtime.env = Env::fixed(start, seed);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(payment::serve_on(listener, args, runtime.clone()));
        let client = PaymentServiceClient::connect(address).await.unwrap();
        Self { client, env: runtime.env.clone(), pool: pool.clone(), runtime, server }
    }

    /// Ends it in order; connections that stay open would keep the test's database alive.
    pub(crate) async fn close(self) {
        drop(self.client);
        self.runtime.drain();
        self.server.await.unwrap().unwrap();
        self.runtime.stop().await;
    }

    /// Ends it in order, after everything added up.
    pub(crate) async fn close_sound(self) {
        self.assert_sound().await;
        self.close().await;
    }

    pub(crate) async fn assert_sound(&self) {
        let report = payment::check_at(&self.pool, self.env.now()).await.unwrap();
        assert!(report.is_sound(), "{report:?}");
    }

    pub(crate) fn later(&self, secs: i64) {
        self.env.advance(SignedDuration::from_secs(secs));
    }

    pub(crate) async fn authorize(
        &self,
        key: &str,
        method: &str,
        cents: i64,
    ) -> Result<pb::AuthorizeResponse, Status> {
        let answer = self.client.clone().authorize(authorization(key, method, cents)).await;
        answer.map(Response::into_inner)
    }

    /// Asks for an authorisation and leaves when the provider has acted, without the answer.
    pub(crate) async fn abandon(&self, key: &str, method: &str) {
        let (before, mut client) = (self.acts("authorize").await, self.client.clone());
        let request = authorization(key, method, 100);
        let call = tokio::spawn(async move { client.authorize(request).await });
        while self.acts("authorize").await == before {
            sleep(Duration::from_millis(20)).await;
        }
        call.abort();
    }

    /// The id of a new authorisation that succeeds.
    pub(crate) async fn held(&self, key: &str, cents: i64) -> String {
        let answer = self.authorize(key, "pm_test_visa", cents).await.unwrap();
        assert!(answer.success, "{answer:?}");
        answer.authorization.unwrap().id
    }

    pub(crate) async fn capture(
        &self,
        key: &str,
        authorization: &str,
        cents: i64,
    ) -> Result<pb::ChargeResponse, Status> {
        let request = pb::CaptureRequest {
            authorization_id: authorization.into(),
            amount: Some(dollars(cents)),
            idempotency_key: key.into(),
        };
        self.client.clone().capture(request).await.map(Response::into_inner)
    }

    /// The id of a new charge that succeeds.
    pub(crate) async fn charged(&self, key: &str, cents: i64) -> String {
        let answer = self.charge(key, "pm_test_visa", cents).await.unwrap();
        assert!(answer.success, "{answer:?}");
        answer.transaction.unwrap().id
    }

    pub(crate) async fn charge(
        &self,
        key: &str,
        method: &str,
        cents: i64,
    ) -> Result<pb::ChargeResponse, Status> {
        let pb::AuthorizeRequest { order_id, user_id, payment_method_id, amount, idempotency_key } =
            authorization(key, method, cents);
        let request =
            pb::ChargeRequest { order_id, user_id, payment_method_id, amount, idempotency_key };
        self.client.clone().charge(request).await.map(Response::into_inner)
    }

    /// `None` for all that is left.
    pub(crate) async fn refund(
        &self,
        key: &str,
        transaction: &str,
        cents: Option<i64>,
    ) -> Result<pb::RefundResponse, Status> {
        let request = pb::RefundRequest {
            transaction_id: transaction.into(),
            amount: cents.map(dollars),
            reason: "returned".into(),
            idempotency_key: key.into(),
        };
        self.client.clone().refund(request).await.map(Response::into_inner)
    }

    pub(crate) async fn void(&self, key: &str, authorization: &str) -> Result<(), Status> {
        let request = pb::VoidRequest {
            authorization_id: authorization.into(),
            idempotency_key: key.into(),
            authorize_key: String::new(),
        };
        self.client.clone().void(request).await.map(|_| ())
    }

    /// Voids by the key of the authorisation.
    pub(crate) async fn void_key(&self, key: &str, authorize_key: &str) -> Result<(), Status> {
        let request = pb::VoidRequest {
            authorization_id: String::new(),
            idempotency_key: key.into(),
            authorize_key: authorize_key.into(),
        };
        self.client.clone().void(request).await.map(|_| ())
    }

    pub(crate) async fn transaction(&self, id: &str) -> pb::Transaction {
        let request = pb::GetTransactionRequest { id: id.into() };
        self.client.clone().get_transaction(request).await.unwrap().into_inner()
    }

    pub(crate) async fn status(&self, id: &str) -> pb::TransactionStatus {
        self.transaction(id).await.status()
    }

    /// What an order's transactions did and where they stand, oldest first.
    pub(crate) async fn of_order(
        &self,
        order: &str,
    ) -> Vec<(pb::TransactionType, pb::TransactionStatus)> {
        let request = pb::ListTransactionsRequest { order_id: order.into() };
        let answer = self.client.clone().list_transactions(request).await.unwrap().into_inner();
        answer.transactions.iter().map(|t| (t.r#type(), t.status())).collect()
    }

    pub(crate) async fn add(
        &self,
        request: pb::AddPaymentMethodRequest,
    ) -> Result<pb::PaymentMethod, Status> {
        self.client.clone().add_payment_method(request).await.map(Response::into_inner)
    }

    pub(crate) async fn methods(&self, user: &str) -> Vec<pb::PaymentMethod> {
        let request = pb::ListPaymentMethodsRequest { user_id: user.into() };
        let answer = self.client.clone().list_payment_methods(request).await.unwrap();
        answer.into_inner().payment_methods
    }

    /// How often the simulator did this.
    pub(crate) async fn acts(&self, operation: &str) -> i64 {
        sqlx::query_scalar(
            "SELECT count(*) FROM simulator_movements WHERE operation = $1 AND decline_code IS NULL",
        )
        .bind(operation)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// Waits until a transaction has a status, as the workers make it so.
    pub(crate) async fn until(&self, id: &str, status: pb::TransactionStatus) {
        let wait = async {
            while self.status(id).await != status {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(20), wait).await.expect("the workers to do it");
    }

    /// Executes a statement behind the service's back.
    pub(crate) async fn sql(&self, statement: &'static str) -> u64 {
        sqlx::query(statement).execute(&self.pool).await.unwrap().rows_affected()
    }
}

/// An authorisation for [`order`] 1 by [`user`] 1.
pub(crate) fn authorization(key: &str, method: &str, cents: i64) -> pb::AuthorizeRequest {
    pb::AuthorizeRequest {
        order_id: order(1),
        user_id: user(1),
        payment_method_id: method.into(),
        amount: Some(dollars(cents)),
        idempotency_key: key.into(),
    }
}

/// A request of [`user`] 1 to save a card.
pub(crate) fn card(number: &str) -> pb::AddPaymentMethodRequest {
    pb::AddPaymentMethodRequest {
        user_id: user(1),
        r#type: pb::PaymentMethodType::Card.into(),
        card_number: number.into(),
        exp_month: 12,
        exp_year: 2030,
        cvv: "123".into(),
        ..Default::default()
    }
}

pub(crate) fn dollars(cents: i64) -> Money {
    Money { amount_cents: cents, currency: "USD".into() }
}

/// The id of an order, by number.
pub(crate) fn order(n: u128) -> String {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | n).to_string()
}

/// The id of a customer, by number.
pub(crate) fn user(n: u128) -> String {
    Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0000 | n).to_string()
}
