//! Test fixture: a running payment service, and methods for the requests and checks of tests.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kit::{Env, Runtime};
use payment::Args;
use proto::common::v1::Money;
use proto::payment::v1 as pb;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use sqlx::{ConnectOptions, PgPool};
use testing::RunningService;
pub(crate) use testing::{code, fields, reason};
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;
use tonic::{Response, Status};
use uuid::Uuid;

/// Returns the settings of a service on the database at `url`. The timeouts are long, so that tests
/// pass on a busy machine.
pub(crate) fn args(url: &str) -> Args {
    let command_line = ["--fingerprint-key", "a key for the tests of this service"];
    testing::settings_with_database(url, &command_line)
}

/// Running payment service, whose clock the test controls.
pub(crate) struct PaymentFixture {
    pub(crate) client: PaymentServiceClient<Channel>,
    pub(crate) env: Env,
    pub(crate) pool: PgPool,
    pub(crate) runtime: Runtime,
    server: RunningService,
}

impl PaymentFixture {
    /// Starts the service on the database of a test.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        let url = pool.connect_options().to_url_lossy();
        Self::start_with(pool, args(url.as_str()), 7).await
    }

    /// Starts another replica on the same database. Its random seed differs, so that its ids do.
    pub(crate) async fn start_replica(pool: &PgPool) -> Self {
        let url = pool.connect_options().to_url_lossy();
        Self::start_with(pool, args(url.as_str()), 8).await
    }

    /// Starts the service with other settings.
    pub(crate) async fn start_with(pool: &PgPool, args: Args, seed: u64) -> Self {
        let mut runtime = Runtime::for_tests();
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        runtime.env = Env::fixed(start, seed);
        let server = RunningService::start(runtime.clone(), |listener, runtime| {
            payment::serve_on(listener, args, runtime)
        })
        .await;
        let client = PaymentServiceClient::connect(server.url()).await.unwrap();
        Self { client, env: runtime.env.clone(), pool: pool.clone(), runtime, server }
    }

    /// Shuts down gracefully. Connections that stay open would keep the test's database alive.
    pub(crate) async fn stop(self) {
        drop(self.client);
        self.server.stop().await;
    }

    /// Checks consistency, then shuts down gracefully.
    pub(crate) async fn stop_consistent(self) {
        self.assert_consistent().await;
        self.stop().await;
    }

    pub(crate) async fn assert_consistent(&self) {
        let report = payment::check_consistency_at(&self.pool, self.env.now()).await.unwrap();
        assert!(report.is_consistent(), "{report:?}");
    }

    pub(crate) fn advance_secs(&self, secs: i64) {
        self.env.advance(SignedDuration::from_secs(secs));
    }

    pub(crate) async fn authorize(
        &self,
        key: &str,
        method: &str,
        cents: i64,
    ) -> Result<pb::AuthorizeResponse, Status> {
        let response = self.client.clone().authorize(authorize_request(key, method, cents)).await;
        response.map(Response::into_inner)
    }

    /// Sends an authorize request and cancels it after the provider has executed it, before the
    /// response.
    pub(crate) async fn abandon_authorize(&self, key: &str, method: &str) {
        let (before, mut client) = (self.executed("authorize").await, self.client.clone());
        let request = authorize_request(key, method, 100);
        let call = tokio::spawn(async move { client.authorize(request).await });
        while self.executed("authorize").await == before {
            sleep(Duration::from_millis(20)).await;
        }
        call.abort();
    }

    /// Creates an authorization that succeeds; returns its id.
    pub(crate) async fn authorized(&self, key: &str, cents: i64) -> String {
        let response = self.authorize(key, "pm_test_visa", cents).await.unwrap();
        assert!(response.success, "{response:?}");
        response.authorization.unwrap().id
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

    /// Creates a charge that succeeds; returns its id.
    pub(crate) async fn charged(&self, key: &str, cents: i64) -> String {
        let response = self.charge(key, "pm_test_visa", cents).await.unwrap();
        assert!(response.success, "{response:?}");
        response.transaction.unwrap().id
    }

    pub(crate) async fn charge(
        &self,
        key: &str,
        method: &str,
        cents: i64,
    ) -> Result<pb::ChargeResponse, Status> {
        let pb::AuthorizeRequest { order_id, user_id, payment_method_id, amount, idempotency_key } =
            authorize_request(key, method, cents);
        let request =
            pb::ChargeRequest { order_id, user_id, payment_method_id, amount, idempotency_key };
        self.client.clone().charge(request).await.map(Response::into_inner)
    }

    /// Refunds an amount; `None` refunds the remaining amount.
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
            user_id: user(1),
            ..Default::default()
        };
        self.client.clone().void(request).await.map(|_| ())
    }

    /// Voids by the idempotency key of the authorization.
    pub(crate) async fn void_key(&self, key: &str, authorize_key: &str) -> Result<(), Status> {
        let request = pb::VoidRequest {
            idempotency_key: key.into(),
            authorize_key: authorize_key.into(),
            user_id: user(1),
            ..Default::default()
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

    /// Returns type and status of an order's transactions, oldest first.
    pub(crate) async fn list_by_order(
        &self,
        order: &str,
    ) -> Vec<(pb::TransactionType, pb::TransactionStatus)> {
        let request = pb::ListTransactionsRequest { order_id: order.into() };
        let response = self.client.clone().list_transactions(request).await.unwrap().into_inner();
        response.transactions.iter().map(|t| (t.r#type(), t.status())).collect()
    }

    pub(crate) async fn add_method(
        &self,
        request: pb::AddPaymentMethodRequest,
    ) -> Result<pb::PaymentMethod, Status> {
        self.client.clone().add_payment_method(request).await.map(Response::into_inner)
    }

    pub(crate) async fn methods(&self, user: &str) -> Vec<pb::PaymentMethod> {
        let request = pb::ListPaymentMethodsRequest { user_id: user.into() };
        let response = self.client.clone().list_payment_methods(request).await.unwrap();
        response.into_inner().payment_methods
    }

    /// Returns how many times the simulator has executed an operation.
    pub(crate) async fn executed(&self, operation: &str) -> i64 {
        sqlx::query_scalar(
            "SELECT count(*) FROM simulator_movements
             WHERE operation = $1 AND decline_code IS NULL",
        )
        .bind(operation)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// Waits until a transaction has this status, which the workers set.
    pub(crate) async fn wait_for_status(&self, id: &str, status: pb::TransactionStatus) {
        let wait = async {
            while self.status(id).await != status {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(20), wait).await.expect("the workers settle the transaction");
    }

    /// Executes a statement directly in the database.
    pub(crate) async fn execute_sql(&self, statement: &'static str) -> u64 {
        sqlx::query(statement).execute(&self.pool).await.unwrap().rows_affected()
    }
}

/// Returns a request to authorize an amount for [`order`] 1 and [`user`] 1.
pub(crate) fn authorize_request(key: &str, method: &str, cents: i64) -> pb::AuthorizeRequest {
    pb::AuthorizeRequest {
        order_id: order(1),
        user_id: user(1),
        payment_method_id: method.into(),
        amount: Some(dollars(cents)),
        idempotency_key: key.into(),
    }
}

/// Returns a request of [`user`] 1 to save a card.
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

/// Returns the id of an order by number.
pub(crate) fn order(n: u128) -> String {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | n).to_string()
}

/// Returns the id of a customer by number.
pub(crate) fn user(n: u128) -> String {
    Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0000 | n).to_string()
}
