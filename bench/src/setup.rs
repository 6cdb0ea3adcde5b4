//! The set-up of a run: signed-in shoppers, and enough stock for all of them.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri};
use kit::Env;
use serde_json::{Value, json};

use crate::client::{Connection, Request, Target};
use crate::shopper::{RequestTemplates, Shopper};

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

/// Creates `count` shoppers with an account each, and adds stock.
pub(crate) async fn shoppers(
    target: &Target,
    count: usize,
    admin: &Admin,
) -> anyhow::Result<Vec<Shopper>> {
    let mut api = Api { connection: Connection::new(target) };
    let products = api.products().await?;
    if let (Some(email), Some(password)) = (&admin.admin_email, &admin.admin_password) {
        api.add_stock(email, password, &products).await?;
    }
    let templates = Arc::new(RequestTemplates::new(&products)?);
    let run = Env::system().uuid().simple().to_string();
    let mut shoppers = Vec::with_capacity(count);
    for number in 0..count {
        let authorization = api.register(&format!("bench-{run}-{number}@example.com")).await?;
        shoppers.push(Shopper::new(target, &templates, authorization));
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
    async fn products(&mut self) -> anyhow::Result<Vec<String>> {
        let path = Uri::from_static("/api/v1/products?page_size=100");
        let list = self.expect(StatusCode::OK, Request::get(path)).await?;
        let products = list["products"].as_array().context("no list of products")?;
        let ids: Option<_> = products.iter().map(|product| text(&product["id"])).collect();
        let ids: Vec<String> = ids.context("a product without an id")?;
        ensure!(!ids.is_empty(), "the shop has no products: start it with SEED_DEMO_DATA=true");
        Ok(ids)
    }

    async fn add_stock(
        &mut self,
        email: &str,
        password: &str,
        ids: &[String],
    ) -> anyhow::Result<()> {
        let body = json!({"email": email, "password": password});
        let login = post("/api/v1/auth/login", &body, None)?;
        let token = bearer(&self.expect(StatusCode::OK, login).await?)?;
        for id in ids {
            let body = json!({"delta": ADDED_STOCK, "reason": "stock for a benchmark"});
            let path = format!("/api/v1/admin/products/{id}/stock");
            self.expect(StatusCode::OK, post(&path, &body, Some(&token))?).await?;
        }
        Ok(())
    }

    async fn register(&mut self, email: &str) -> anyhow::Result<HeaderValue> {
        let body = json!({"email": email, "password": "correct horse", "first_name": "Ada",
            "last_name": "Byron"});
        let register = post("/api/v1/auth/register", &body, None)?;
        bearer(&self.expect(StatusCode::CREATED, register).await?)
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

fn post(path: &str, body: &Value, token: Option<&HeaderValue>) -> anyhow::Result<Request> {
    let json = Bytes::from(body.to_string());
    Ok(Request { method: Method::POST, path: path.parse()?, authorization: token.cloned(), json })
}

fn bearer(tokens: &Value) -> anyhow::Result<HeaderValue> {
    let token = tokens["access_token"].as_str().context("no access token")?;
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
