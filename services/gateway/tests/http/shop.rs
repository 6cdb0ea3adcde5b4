//! A catalog and a gateway in this process, each on a port of its own, and a client that judges.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use kit::Runtime;
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::judge::Judge;
use crate::tokens::Signer;

#[derive(Parser)]
struct GatewaySettings {
    #[command(flatten)]
    args: gateway::Args,
}

#[derive(Parser)]
struct CatalogSettings {
    #[command(flatten)]
    args: catalog::Args,
}

/// A running catalog, until it is stopped.
pub(crate) struct Catalog {
    address: SocketAddr,
    runtime: Runtime,
    server: tokio::task::JoinHandle<()>,
}

impl Catalog {
    /// Serves the database of `pool`.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        Self::start_at(pool, "127.0.0.1:0".parse().expect("an address")).await
    }

    /// Serves the database of `pool`, with the demo products in it.
    pub(crate) async fn seeded(pool: &PgPool) -> Self {
        let args = settings(&database_url(pool));
        catalog::seed(&args, &Runtime::for_tests()).await.expect("demo products");
        Self::start(pool).await
    }

    /// Serves the database of `pool` at `address`.
    pub(crate) async fn start_at(pool: &PgPool, address: SocketAddr) -> Self {
        Self::serve(settings(&database_url(pool)), address).await
    }

    /// Serves, but its database is not there.
    pub(crate) async fn start_without_database() -> Self {
        let nowhere = settings("postgres://nobody@127.0.0.1:1/nothing");
        Self::serve(nowhere, "127.0.0.1:0".parse().expect("an address")).await
    }

    async fn serve(args: catalog::Args, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let runtime = Runtime::for_tests();
        let serving = catalog::serve_on(listener, args, runtime.clone());
        let server = tokio::spawn(async { serving.await.expect("the catalog serves") });
        Self { address, runtime, server }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.runtime.drain();
        self.server.await.expect("it ends");
        self.runtime.stop().await;
    }
}

fn settings(database_url: &str) -> catalog::Args {
    CatalogSettings::parse_from(["catalog", "--database-url", database_url]).args
}

/// The address of the database that the test was given.
fn database_url(pool: &PgPool) -> String {
    let options = pool.connect_options();
    let database = options.get_database().expect("a database");
    let server = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    let (server, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{database}")
}

/// A running gateway and a client of it.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) signer: Signer,
    pub(crate) runtime: Runtime,
    client: reqwest::Client,
    judge: Judge,
    files: tempfile::TempDir,
}

impl Gateway {
    /// In front of `catalog`, without rate limits, once the two have met: on a busy machine the
    /// first connection to the database may take longer than a request may.
    pub(crate) async fn start(catalog: &Catalog) -> Self {
        let gateway = Self::start_with(catalog.address(), &["--rate-limit-per-minute", "0"]).await;
        let met = async {
            while gateway.get("/api/v1/categories").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), met).await.expect("the catalog answers");
        gateway
    }

    /// In front of whatever is at `catalog`, with these settings beside the usual ones.
    pub(crate) async fn start_with(catalog: SocketAddr, settings: &[&str]) -> Self {
        let files = tempfile::tempdir().expect("a folder");
        let signer = Signer::new("test-1");
        let keys = files.path().join("jwks.json");
        std::fs::write(&keys, signer.public_keys()).expect("the keys");
        let catalog = format!("http://{catalog}");
        let keys = keys.to_str().expect("a path");
        let usual = ["gateway", "--catalog-url", &catalog, "--jwt-public-keys", keys];
        let args = GatewaySettings::parse_from(usual.iter().chain(settings)).args;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let runtime = Runtime::for_tests();
        let serving = gateway::serve_on(listener, args, runtime.clone());
        tokio::spawn(async { serving.await.expect("the gateway serves") });
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
        Self { url, signer, runtime, client, judge: Judge::new(), files }
    }

    /// Replaces the key set as Kubernetes replaces a mounted file: by another in its place.
    pub(crate) fn replace_keys(&self, keys: &str) {
        let fresh = self.files.path().join("fresh.json");
        std::fs::write(&fresh, keys).expect("written");
        std::fs::rename(fresh, self.files.path().join("jwks.json")).expect("renamed");
    }

    /// A request to be added to.
    pub(crate) fn request(&self, method: Method, path: &str) -> Call<'_> {
        let request = self.client.request(method.clone(), format!("{}{path}", self.url));
        Call { gateway: self, method, path: path.to_owned(), request }
    }

    /// GET, as anybody.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// A request as an administrator.
    pub(crate) fn admin(&self, method: Method, path: &str) -> Call<'_> {
        self.request(method, path).bearer(&self.signer.admin())
    }
}

/// A request on its way.
pub(crate) struct Call<'a> {
    gateway: &'a Gateway,
    method: Method,
    path: String,
    request: RequestBuilder,
}

impl Call<'_> {
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self { request: self.request.body(body), ..self }
    }

    /// The answer, held against the document.
    pub(crate) async fn send(self) -> Answer {
        let Self { gateway, method, path, request } = self;
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body").to_vec();
        let answer = Answer { status, headers, bytes };
        gateway.judge.check(&method, &path, &answer);
        answer
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    /// A header, or "".
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The status and, of a problem, the code.
    pub(crate) fn told(&self) -> (u16, String) {
        let code = if self.header("content-type") == "application/problem+json" {
            self.json()["code"].as_str().expect("a code").to_owned()
        } else {
            String::new()
        };
        (self.status.as_u16(), code)
    }

    /// The fields that a problem names, with their codes.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let errors = self.json()["errors"].as_array().expect("errors").clone();
        errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }

    /// Fails unless it is this status with this code ("" when it is no problem).
    #[track_caller]
    pub(crate) fn is(&self, status: u16, code: &str) -> &Self {
        let body = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.told(), (status, code.to_owned()), "{body}");
        self
    }
}
