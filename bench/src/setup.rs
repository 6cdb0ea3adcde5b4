//! The set-up of a run: signed-in shoppers, and enough stock for all of them.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri};
use kit::Env;
use serde_json::{Value, json};

use crate::client::{Body, Connection, Credentials, Request, Target};
use crate::shopper::{RequestTemplates, Shopper};
use crate::web_pages::{WebPages, WebPaths};

/// The units that are added to the stock of each product: more than all checkouts of a run need.
const ADDED_STOCK: u32 = 1_000_000;

/// The administrator who adds stock.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Admin {
    /// Email address of an administrator, who adds stock to every product before the run; without
    /// one, checkouts fail when the stock is exhausted
    #[arg(long, env = "ADMIN_EMAIL", requires = "admin_password")]
    pub(crate) admin_email: Option<String>,

    /// Password of the administrator
    #[arg(long, env = "ADMIN_PASSWORD", hide_env_values = true)]
    pub(crate) admin_password: Option<String>,
}

/// Creates `count` shoppers with an account each, and adds stock. With a web shop they also have an
/// address and a card, so that they order with its pages.
pub(crate) async fn shoppers(
    target: &Target,
    web: Option<&Target>,
    count: u16,
    admin: &Admin,
) -> anyhow::Result<Vec<Shopper>> {
    let mut api = Api { connection: Connection::new(target) };
    let products = api.products().await?;
    if let (Some(email), Some(password)) = (&admin.admin_email, &admin.admin_password) {
        api.add_stock(email, password, &products).await?;
    }
    let ids: Vec<String> = products.iter().map(|(id, _)| id.clone()).collect();
    let templates = Arc::new(RequestTemplates::new(&ids)?);
    let paths = Arc::new(WebPaths::new(&products)?);
    let run = Env::system().uuid().simple().to_string();
    let mut shoppers = Vec::with_capacity(usize::from(count));
    for number in 0..count {
        let token = api.register(&format!("bench-{run}-{number}@example.com")).await?;
        let credentials = bearer(&token)?;
        let web = match web {
            None => None,
            Some(web) => {
                api.add_defaults(&credentials).await?;
                Some(WebPages::new(&web.for_client(number), &paths, &token)?)
            }
        };
        let target = target.for_client(number);
        shoppers.push(Shopper::new(&target, &templates, credentials, web));
    }
    Ok(shoppers)
}

/// Returns the size of the response with twenty products, in bytes.
pub(crate) async fn list_size(target: &Target) -> anyhow::Result<usize> {
    let path = Uri::from_static("/api/v1/products?page_size=20");
    let response = Connection::new(target).send(Request::get(path)).await;
    let response = response.map_err(anyhow::Error::msg)?;
    ensure!(response.status == StatusCode::OK, "the list of products: {}", response.status);
    Ok(response.body.len())
}

/// A client of the REST API.
struct Api {
    connection: Connection,
}

impl Api {
    /// Returns the ids and slugs of the products.
    async fn products(&mut self) -> anyhow::Result<Vec<(String, String)>> {
        let path = Uri::from_static("/api/v1/products?page_size=100");
        let list = self.expect(StatusCode::OK, Request::get(path)).await?;
        let products = list["products"].as_array().context("no list of products")?;
        let ids = |product: &Value| Some((text(&product["id"])?, text(&product["slug"])?));
        let products: Option<Vec<_>> = products.iter().map(ids).collect();
        let products = products.context("a product without an id")?;
        ensure!(
            !products.is_empty(),
            "the shop has no products: start it with SEED_DEMO_DATA=true"
        );
        Ok(products)
    }

    async fn add_stock(
        &mut self,
        email: &str,
        password: &str,
        products: &[(String, String)],
    ) -> anyhow::Result<()> {
        let body = json!({"email": email, "password": password});
        let login = post("/api/v1/auth/login", &body, None)?;
        let token = bearer(&access_token(&self.expect(StatusCode::OK, login).await?)?)?;
        for (id, _) in products {
            let body = json!({"delta": ADDED_STOCK, "reason": "stock for a benchmark"});
            let path = format!("/api/v1/admin/products/{id}/stock");
            self.expect(StatusCode::OK, post(&path, &body, Some(&token))?).await?;
        }
        Ok(())
    }

    /// Registers a shopper, and returns the access token.
    async fn register(&mut self, email: &str) -> anyhow::Result<String> {
        let body = json!({"email": email, "password": "correct horse", "first_name": "Ada",
            "last_name": "Byron"});
        let register = post("/api/v1/auth/register", &body, None)?;
        access_token(&self.expect(StatusCode::CREATED, register).await?)
    }

    /// Gives a shopper an address and a card.
    async fn add_defaults(&mut self, credentials: &Credentials) -> anyhow::Result<()> {
        let address = json!({"address": {"recipient": "Ada Lovelace", "street": "1 Main Street",
            "city": "Springfield", "state": "IL", "zip_code": "62701", "country": "US"}});
        let address = post("/api/v1/addresses", &address, Some(credentials))?;
        self.expect(StatusCode::CREATED, address).await?;
        let card = json!({"card_number": "4242424242424242", "exp_month": 12, "exp_year": 2040,
            "cvv": "123", "is_default": true});
        let card = post("/api/v1/payment-methods", &card, Some(credentials))?;
        self.expect(StatusCode::CREATED, card).await.map(drop)
    }

    /// Sends a request and returns the response's JSON. Any other status is an error.
    async fn expect(&mut self, status: StatusCode, request: Request) -> anyhow::Result<Value> {
        let operation = format!("{} {}", request.method, request.path);
        let response = self.connection.send(request).await.map_err(anyhow::Error::msg);
        let response = response.with_context(|| operation.clone())?;
        let json = serde_json::from_slice::<Value>(&response.body);
        let json = json.with_context(|| format!("{operation}: not JSON"))?;
        let code = json["code"].as_str().unwrap_or_default();
        let actual = response.status.as_u16();
        ensure!(response.status == status, "{operation}: status {actual} {code}");
        Ok(json)
    }
}

fn post(path: &str, body: &Value, sender: Option<&Credentials>) -> anyhow::Result<Request> {
    let credentials = sender.cloned().unwrap_or(Credentials::Nobody);
    let body = Body::Json(Bytes::from(body.to_string()));
    Ok(Request { method: Method::POST, path: path.parse()?, credentials, body })
}

fn access_token(tokens: &Value) -> anyhow::Result<String> {
    text(&tokens["access_token"]).context("no access token")
}

fn bearer(token: &str) -> anyhow::Result<Credentials> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(Credentials::Bearer(value))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
