//! Fixtures: a shop with all services or a catalog alone, and customers.

use std::net::SocketAddr;

use kit::{Env, Runtime};
use reqwest::Method;
use serde_json::{Value, json};
use shop_fixture::{KeyFiles, MailInbox, Service, Services, database_url, start};
use sqlx::PgPool;
use testing::{RunningService, free_address, settings};

pub(crate) use crate::client::{Call, Gateway, Response};

/// Running catalog service.
pub(crate) struct Catalog(RunningService);

impl Catalog {
    /// Starts a catalog on the database of `pool`.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        Self::start_at(pool, free_address()).await
    }

    /// Starts a catalog on the database of `pool`, and writes the demo products into it.
    pub(crate) async fn seeded(pool: &PgPool) -> Self {
        let args = settings(&["--database-url", &database_url(pool)]);
        catalog::seed(&args, &Runtime::for_tests()).await.expect("demo products");
        Self::start(pool).await
    }

    /// Starts a catalog on the database of `pool`, listening at `address`.
    pub(crate) async fn start_at(pool: &PgPool, address: SocketAddr) -> Self {
        Self::serve(&database_url(pool), address).await
    }

    /// Starts a catalog whose database is unreachable.
    pub(crate) async fn start_without_database() -> Self {
        Self::start_with_url("postgres://nobody@127.0.0.1:1/nothing").await
    }

    /// Starts a catalog with this URL of its database.
    pub(crate) async fn start_with_url(database_url: &str) -> Self {
        Self::serve(database_url, free_address()).await
    }

    async fn serve(database_url: &str, address: SocketAddr) -> Self {
        let args = settings(&["--database-url", database_url]);
        Self(start(address, |on, runtime| catalog::serve_on(on, args, runtime)).await)
    }

    /// Returns the address that the catalog listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Shuts the catalog down gracefully.
    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }
}

/// All services with a gateway.
pub(crate) struct Shop {
    pub(crate) services: Services,
    pub(crate) gateway: Gateway,
    pub(crate) mail_inbox: MailInbox,
}

/// Password of all customers.
pub(crate) const PASSWORD: &str = "correct horse battery";

impl Shop {
    /// Starts a shop, and waits until every service is ready.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        let keys = KeyFiles::new("test-1");
        let mail_inbox = MailInbox::start().await;
        let services = Services::start(pool, &keys.signing(), mail_inbox.smtp).await;
        let gateway = Gateway::start_with_services(keys, &services.urls()).await;
        let shop = Self { services, gateway, mail_inbox };
        for service in Service::ALL {
            shop.wait_until_ready(service).await;
        }
        shop
    }

    /// Waits until a service responds.
    pub(crate) async fn wait_until_ready(&self, service: Service) {
        let (method, path) = service.probe_request();
        let ready = async {
            while self.gateway.admin(method.clone(), path).send().await.status == 503 {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        let timeout = std::time::Duration::from_secs(60);
        tokio::time::timeout(timeout, ready).await.unwrap_or_else(|_| panic!("{service:?}"));
    }

    /// Registers a new customer, signed in.
    pub(crate) async fn customer(&self) -> Customer<'_> {
        let email = format!("customer.{}@example.com", Env::system().uuid().simple());
        let body = json!({
            "email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        });
        let call = self.gateway.request(Method::POST, "/api/v1/auth/register").json(&body);
        let tokens = call.send().await.is(201, "").json();
        self.signed_in(&email, tokens)
    }

    /// Returns the customer with these tokens.
    pub(crate) fn signed_in(&self, email: &str, tokens: Value) -> Customer<'_> {
        Customer { shop: self, email: email.to_owned(), tokens }
    }

    /// Sends an anonymous POST request.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.gateway.request(Method::POST, path).json(body).send().await
    }

    /// Returns the id of a product of the demo data.
    pub(crate) async fn product_id(&self, slug: &str) -> String {
        let found = self.gateway.get(&format!("/api/v1/products/{slug}")).await;
        text(&found.is(200, "").json()["id"])
    }

    /// Creates a product of this weight, and returns its id.
    pub(crate) async fn create_product(&self, weight_grams: i32) -> String {
        let body = json!({
            "name": format!("Thing {}", Env::system().uuid()), "stock_quantity": 100,
            "price": {"amount_cents": 100, "currency": "USD"}, "weight_grams": weight_grams,
        });
        let call = self.gateway.admin(Method::POST, "/api/v1/admin/products").json(&body);
        text(&call.send().await.is(201, "").json()["id"])
    }
}

/// Signed-in customer.
pub(crate) struct Customer<'a> {
    shop: &'a Shop,
    pub(crate) email: String,
    pub(crate) tokens: Value,
}

impl<'a> Customer<'a> {
    /// Starts building a request with the customer's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> Call<'a> {
        let token = self.tokens["access_token"].as_str().expect("a token");
        self.shop.gateway.request(method, path).bearer(token)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.request(Method::DELETE, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Response {
        self.request(Method::PUT, path).json(body).send().await
    }

    /// Waits until the cart is empty: ordered units are removed in the background.
    pub(crate) async fn wait_for_empty_cart(&self) {
        let empty = async {
            while self.get("/api/v1/cart").await.json()["items"] != json!([]) {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let timeout = std::time::Duration::from_secs(30);
        tokio::time::timeout(timeout, empty).await.expect("the cart is empty");
    }

    /// Returns the URL of the gateway.
    pub(crate) fn gateway_url(&self) -> &'a str {
        &self.shop.gateway.url
    }

    /// Returns the id of the account.
    pub(crate) fn id(&self) -> String {
        text(&self.tokens["user"]["id"])
    }

    /// Returns the refresh token of the session.
    pub(crate) fn refresh_token(&self) -> String {
        text(&self.tokens["refresh_token"])
    }
}

/// Returns a JSON string as a string.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string")).to_owned()
}
