//! The fixture: a running service, an inbox as mail server, and shorthands for calls.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kit::{Env, Runtime};
use notification::Args;
use proto::common::v1::{Address, Money};
use proto::notification::v1 as pb;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use sqlx::{ConnectOptions, PgPool};
use testing::RunningService;
pub(crate) use testing::{fields, free_port, reason};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::Status;
use tonic::transport::Channel;

pub(crate) const ORDER: &str = "01900000-0000-7000-8000-000000000001";
pub(crate) const NUMBER: &str = "K7Q2-M9XD-4T";

/// Settings for a service on the database at `url` that sends to a port of this machine. It polls
/// often, and the database timeouts are long for slow machines.
pub(crate) fn args(url: &str, smtp_port: u16, extra_args: &[&str]) -> Args {
    let port = smtp_port.to_string();
    let line = [
        "--smtp-host",
        "127.0.0.1",
        "--smtp-port",
        &port,
        "--mail-poll-interval",
        "20ms",
        "--web-url",
        "https://shop.example.com/",
    ];
    testing::settings_with_database(url, &[&line, extra_args].concat())
}

/// A running service with a clock that the test controls.
pub(crate) struct TestService {
    pub(crate) client: NotificationServiceClient<Channel>,
    pub(crate) env: Env,
    pub(crate) runtime: Runtime,
    server: RunningService,
}

impl TestService {
    /// Starts a service on the test's database.
    pub(crate) async fn start(pool: &PgPool, smtp_port: u16) -> Self {
        Self::start_with(pool, smtp_port, &[]).await
    }

    /// Starts a service with additional arguments.
    pub(crate) async fn start_with(pool: &PgPool, smtp_port: u16, extra_args: &[&str]) -> Self {
        let url = pool.connect_options().to_url_lossy();
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        Self::start_with_args(args(url.as_str(), smtp_port, extra_args), Env::fixed(start, 7)).await
    }

    /// Starts a service with an existing clock.
    pub(crate) async fn start_with_args(args: Args, env: Env) -> Self {
        let mut runtime = Runtime::for_tests();
        runtime.env = env.clone();
        let server = RunningService::start(runtime.clone(), |listener, runtime| {
            notification::serve_on(listener, args, runtime)
        })
        .await;
        let client = NotificationServiceClient::connect(server.url()).await.unwrap();
        Self { client, env, runtime, server }
    }

    /// Shuts the service down gracefully: open connections would keep the test's database in use.
    pub(crate) async fn stop(self) {
        drop(self.client);
        self.server.stop().await;
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.env.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) async fn send_welcome(&self, email: &str, key: &str) -> Result<(), Status> {
        let request = pb::SendWelcomeEmailRequest {
            email: email.into(),
            first_name: "Ada".into(),
            idempotency_key: key.into(),
        };
        self.client.clone().send_welcome_email(request).await.map(|_| ())
    }

    pub(crate) async fn send_password_reset(&self, email: &str, token: &str) {
        let request = pb::SendPasswordResetRequest {
            email: email.into(),
            reset_token: token.into(),
            idempotency_key: String::new(),
        };
        self.client.clone().send_password_reset(request).await.unwrap();
    }

    /// Lists the mails with a status; "" for all.
    pub(crate) async fn list(&self, status: &str) -> Vec<pb::Notification> {
        let request = pb::ListNotificationsRequest { status: status.into(), pagination: None };
        let response = self.client.clone().list_notifications(request).await.unwrap();
        response.into_inner().notifications
    }

    pub(crate) async fn retry(&self, id: &str) -> Result<(), Status> {
        let request = pb::RetryNotificationRequest { id: id.into() };
        self.client.clone().retry_notification(request).await.map(|_| ())
    }

    /// Waits until exactly `count` mails have the status, and returns them.
    pub(crate) async fn wait_for(&self, status: &str, count: usize) -> Vec<pb::Notification> {
        self.wait_for_all(status, count, |_| true).await
    }

    /// Waits until exactly `count` mails have the status and all satisfy `condition`, and returns
    /// them.
    pub(crate) async fn wait_for_all(
        &self,
        status: &str,
        count: usize,
        condition: impl Fn(&pb::Notification) -> bool,
    ) -> Vec<pb::Notification> {
        let wait = async {
            loop {
                let found = self.list(status).await;
                if found.len() == count && found.iter().all(&condition) {
                    return found;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        let found = timeout(Duration::from_secs(30), wait).await;
        assert!(found.is_ok(), "no {count} mails {status}: {:?}", self.list("").await);
        found.unwrap()
    }
}

/// The inbox service, as mail server.
pub(crate) struct Inbox {
    pub(crate) smtp_port: u16,
    url: String,
    runtime: Runtime,
    server: JoinHandle<Result<(), kit::Error>>,
}

impl Inbox {
    pub(crate) async fn start() -> Self {
        Self::start_on(0).await
    }

    /// Starts on a given port; 0 lets the system choose.
    pub(crate) async fn start_on(port: u16) -> Self {
        let runtime = Runtime::for_tests();
        let smtp = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp_port = smtp.local_addr().unwrap().port();
        let url = format!("http://{}/api/v1/mails", http.local_addr().unwrap());
        let server =
            tokio::spawn(inbox::serve_on(smtp, http, testing::settings(&[]), runtime.clone()));
        Self { smtp_port, url, runtime, server }
    }

    pub(crate) async fn stop(self) {
        self.runtime.drain();
        self.server.await.unwrap().unwrap();
        self.runtime.stop().await;
    }

    /// Lists all mails, newest first.
    pub(crate) async fn mails(&self) -> Vec<serde_json::Value> {
        let url = format!("{}?page_size=100", self.url);
        let response: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        response["mails"].as_array().unwrap().clone()
    }

    /// Waits until there is exactly one mail, and returns it.
    pub(crate) async fn single_mail(&self) -> serde_json::Value {
        let wait = async {
            loop {
                if let [mail] = &self.mails().await[..] {
                    return mail.clone();
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(30), wait).await.expect("one mail")
    }
}

/// Returns the value of a header of a mail.
pub(crate) fn header<'a>(mail: &'a serde_json::Value, name: &str) -> Option<&'a str> {
    let headers = mail["headers"].as_array().unwrap();
    headers.iter().find(|header| header["name"] == name)?["value"].as_str()
}

pub(crate) fn money(cents: i64, currency: &str) -> Money {
    Money { amount_cents: cents, currency: currency.into() }
}

pub(crate) fn confirmation() -> pb::SendOrderConfirmationRequest {
    let item = |name: &str, quantity: i32, cents: i64| pb::OrderItem {
        product_name: name.into(),
        quantity,
        unit_price: Some(money(cents, "USD")),
        total_price: Some(money(cents * i64::from(quantity), "USD")),
    };
    pb::SendOrderConfirmationRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        order_id: ORDER.into(),
        items: vec![item("Wireless Headphones", 2, 29_900), item("Nuts & Bolts <M8>", 1, 499)],
        subtotal: Some(money(60_299, "USD")),
        shipping: Some(money(650, "USD")),
        tax: Some(money(4_975, "USD")),
        total: Some(money(65_924, "USD")),
        shipping_address: Some(Address {
            street: "12 Analytical Way".into(),
            city: "Springfield".into(),
            state: "IL".into(),
            zip_code: "62701".into(),
            country: "US".into(),
            recipient: "Ada Byron".into(),
        }),
        tracking_number: "9400100000000000000001".into(),
        idempotency_key: String::new(),
        order_number: NUMBER.into(),
    }
}
