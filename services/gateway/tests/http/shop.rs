//! A whole shop, or a catalog alone, and those who shop in it.

use std::net::SocketAddr;

use kit::testing::free_address;
use kit::{Env, Runtime};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

pub(crate) use crate::client::{Answer, Call, Gateway};
use crate::mailroom::Mailroom;
use crate::services::{Part, Server, Services, database_url, settings};
use crate::tokens::KeyFiles;

/// A running catalog, until it is stopped.
pub(crate) struct Catalog(Server);

impl Catalog {
    /// Serves the database of `pool`.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        Self::start_at(pool, free_address()).await
    }

    /// Serves the database of `pool`, with the demo products in it.
    pub(crate) async fn seeded(pool: &PgPool) -> Self {
        let args = settings(&["--database-url", &database_url(pool)]);
        catalog::seed(&args, &Runtime::for_tests()).await.expect("demo products");
        Self::start(pool).await
    }

    /// Serves the database of `pool` at `address`.
    pub(crate) async fn start_at(pool: &PgPool, address: SocketAddr) -> Self {
        Self::serve(&database_url(pool), address).await
    }

    /// Serves, but its database is not there.
    pub(crate) async fn start_without_database() -> Self {
        Self::serve("postgres://nobody@127.0.0.1:1/nothing", free_address()).await
    }

    async fn serve(database_url: &str, address: SocketAddr) -> Self {
        let args = settings(&["--database-url", database_url]);
        Self(Server::start(address, |on, runtime| catalog::serve_on(on, args, runtime)).await)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }
}

/// All services with a gateway before them.
pub(crate) struct Shop {
    pub(crate) services: Services,
    pub(crate) gateway: Gateway,
    pub(crate) mailroom: Mailroom,
}

/// What everybody here signs in with.
pub(crate) const PASSWORD: &str = "correct horse battery";

impl Shop {
    /// Opens, once every service answers.
    pub(crate) async fn open(pool: &PgPool) -> Self {
        let keys = KeyFiles::new("test-1");
        let mailroom = Mailroom::open().await;
        let services = Services::start(pool, &keys.signing(), mailroom.smtp).await;
        let gateway = Gateway::in_front_of(keys, &services.urls()).await;
        let shop = Self { services, gateway, mailroom };
        for part in Part::ALL {
            shop.answers(part).await;
        }
        shop
    }

    /// Waits until a part answers, for a while.
    pub(crate) async fn answers(&self, part: Part) {
        let (method, path) = part.asked();
        let answers = async {
            while self.gateway.admin(method.clone(), path).send().await.status == 503 {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        let patience = std::time::Duration::from_secs(60);
        tokio::time::timeout(patience, answers).await.unwrap_or_else(|_| panic!("{part:?}"));
    }

    /// Somebody new, signed in.
    pub(crate) async fn customer(&self) -> Customer<'_> {
        let email = format!("somebody.{}@example.com", Env::system().uuid().simple());
        let body = json!({
            "email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        });
        let call = self.gateway.request(Method::POST, "/api/v1/auth/register").json(&body);
        let tokens = call.send().await.is(201, "").json();
        self.signed_in(&email, tokens)
    }

    /// Somebody with these tokens.
    pub(crate) fn signed_in(&self, email: &str, tokens: Value) -> Customer<'_> {
        Customer { shop: self, email: email.to_owned(), tokens }
    }

    /// Anybody's POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.gateway.request(Method::POST, path).json(body).send().await
    }

    /// The id of a product of the demo data.
    pub(crate) async fn product(&self, slug: &str) -> String {
        let found = self.gateway.get(&format!("/api/v1/products/{slug}")).await;
        text(&found.is(200, "").json()["id"])
    }

    /// The id of a new product that weighs so many grams.
    pub(crate) async fn product_of(&self, weight_grams: i32) -> String {
        let body = json!({
            "name": format!("Thing {}", Env::system().uuid()), "stock_quantity": 100,
            "price": {"amount_cents": 100, "currency": "USD"}, "weight_grams": weight_grams,
        });
        let call = self.gateway.admin(Method::POST, "/api/v1/admin/products").json(&body);
        text(&call.send().await.is(201, "").json()["id"])
    }
}

/// Somebody with an account, signed in.
pub(crate) struct Customer<'a> {
    shop: &'a Shop,
    pub(crate) email: String,
    pub(crate) tokens: Value,
}

impl<'a> Customer<'a> {
    /// A request with the customer's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> Call<'a> {
        let token = self.tokens["access_token"].as_str().expect("a token");
        self.shop.gateway.request(method, path).bearer(token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path).json(body).send().await
    }

    /// Waits until nothing is in the cart: ordered units leave it in the background.
    pub(crate) async fn has_empty_cart(&self) {
        let empty = async {
            while self.get("/api/v1/cart").await.json()["items"] != json!([]) {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let patience = std::time::Duration::from_secs(30);
        tokio::time::timeout(patience, empty).await.expect("the cart is empty");
    }

    /// The account's id.
    pub(crate) fn id(&self) -> String {
        text(&self.tokens["user"]["id"])
    }

    /// The refresh token of the session.
    pub(crate) fn refresh_token(&self) -> String {
        text(&self.tokens["refresh_token"])
    }
}

/// A text of an answer.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text")).to_owned()
}
