//! What has to be there before time is measured: shoppers who are signed in, and stock for all.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri};
use kit::Env;
use serde_json::{Value, json};

use crate::client::{Ask, Connection, Target};
use crate::shopper::{Shelf, Shopper};

/// Added to each product's stock: more than all checkouts of a run together take.
const STOCK: u32 = 1_000_000;

/// Who may raise stock.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Admin {
    /// E-mail address of an administrator, who raises the stock of every product first; without one,
    /// checkouts end when the stock does
    #[arg(long, env = "ADMIN_EMAIL", requires = "admin_password")]
    pub(crate) admin_email: Option<String>,

    /// The administrator's password
    #[arg(long, env = "ADMIN_PASSWORD", hide_env_values = true)]
    pub(crate) admin_password: Option<String>,
}

/// `count` shoppers with accounts of their own, before full shelves.
pub(crate) async fn shoppers(
    target: &Target,
    count: usize,
    admin: &Admin,
) -> anyhow::Result<Vec<Shopper>> {
    let mut shop = Shop { connection: Connection::new(target) };
    let products = shop.products().await?;
    if let (Some(email), Some(password)) = (&admin.admin_email, &admin.admin_password) {
        shop.raise_stock(email, password, &products).await?;
    }
    let shelf = Arc::new(Shelf::new(&products)?);
    let run = Env::system().uuid().simple().to_string();
    let mut shoppers = Vec::with_capacity(count);
    for number in 0..count {
        let authorization = shop.register(&format!("bench-{run}-{number}@example.com")).await?;
        shoppers.push(Shopper::new(target, &shelf, authorization));
    }
    Ok(shoppers)
}

/// Bytes of the answer with twenty products.
pub(crate) async fn size_of_list(target: &Target) -> anyhow::Result<usize> {
    let path = Uri::from_static("/api/v1/products?page_size=20");
    let answer = Connection::new(target).ask(Ask::get(path)).await.map_err(anyhow::Error::msg)?;
    ensure!(answer.status == StatusCode::OK, "the list of products: {}", answer.status);
    Ok(answer.body.len())
}

struct Shop {
    connection: Connection,
}

impl Shop {
    async fn products(&mut self) -> anyhow::Result<Vec<String>> {
        let path = Uri::from_static("/api/v1/products?page_size=100");
        let listed = self.expect(StatusCode::OK, Ask::get(path)).await?;
        let products = listed["products"].as_array().context("no list of products")?;
        let ids: Option<_> = products.iter().map(|product| text(&product["id"])).collect();
        let ids: Vec<String> = ids.context("a product without an id")?;
        ensure!(!ids.is_empty(), "the shop has no products: start it with SEED_DEMO_DATA=true");
        Ok(ids)
    }

    async fn raise_stock(
        &mut self,
        email: &str,
        password: &str,
        ids: &[String],
    ) -> anyhow::Result<()> {
        let body = json!({"email": email, "password": password});
        let signed_in = post("/api/v1/auth/login", &body, None)?;
        let token = bearer(&self.expect(StatusCode::OK, signed_in).await?)?;
        for id in ids {
            let body = json!({"delta": STOCK, "reason": "stock for a benchmark"});
            let raise = post(&format!("/api/v1/admin/products/{id}/stock"), &body, Some(&token))?;
            self.expect(StatusCode::OK, raise).await?;
        }
        Ok(())
    }

    async fn register(&mut self, email: &str) -> anyhow::Result<HeaderValue> {
        let body = json!({"email": email, "password": "correct horse", "first_name": "Ada",
            "last_name": "Byron"});
        let register = post("/api/v1/auth/register", &body, None)?;
        bearer(&self.expect(StatusCode::CREATED, register).await?)
    }

    async fn expect(&mut self, status: StatusCode, ask: Ask) -> anyhow::Result<Value> {
        let what = format!("{} {}", ask.method, ask.path);
        let answer = self.connection.ask(ask).await.map_err(anyhow::Error::msg);
        let answer = answer.with_context(|| what.clone())?;
        let read = serde_json::from_slice::<Value>(&answer.body);
        let read = read.with_context(|| format!("{what}: not JSON"))?;
        let code = read["code"].as_str().unwrap_or_default();
        ensure!(answer.status == status, "{what}: status {} {code}", answer.status.as_u16());
        Ok(read)
    }
}

fn post(path: &str, body: &Value, token: Option<&HeaderValue>) -> anyhow::Result<Ask> {
    let json = Bytes::from(body.to_string());
    Ok(Ask { method: Method::POST, path: path.parse()?, authorization: token.cloned(), json })
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
