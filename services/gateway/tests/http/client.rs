//! A gateway in this process, and a client of it that judges every answer.

use std::net::SocketAddr;
use std::time::Duration;

use kit::Runtime;
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::judge::Judge;
use crate::services::settings;
use crate::tokens::{KeyFiles, Signer};

/// No limits: a test asks more than a shopper.
const UNLIMITED: [&str; 4] = ["--rate-limit-per-minute", "0", "--sign-in-limit-per-ip", "0"];

/// A running gateway and a client of it.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) runtime: Runtime,
    keys: KeyFiles,
    client: reqwest::Client,
    judge: Judge,
}

impl Gateway {
    /// In front of `catalog` alone, without rate limits, once the two have met: on a busy machine
    /// the first connection to the database may take longer than a request may.
    pub(crate) async fn start(catalog: SocketAddr) -> Self {
        let gateway = Self::start_with(catalog, &UNLIMITED).await;
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
        let catalog = format!("http://{catalog}");
        let given = [&["--catalog-url", &catalog][..], settings].concat();
        Self::start_on(KeyFiles::new("test-1"), &given).await
    }

    /// In front of the services at these addresses, without rate limits.
    pub(crate) async fn in_front_of(keys: KeyFiles, urls: &[String]) -> Self {
        let urls = urls.iter().map(String::as_str);
        let given: Vec<&str> = urls.chain(UNLIMITED).collect();
        Self::start_on(keys, &given).await
    }

    async fn start_on(keys: KeyFiles, given: &[&str]) -> Self {
        let public = keys.public();
        let own = ["--jwt-public-keys", public.to_str().expect("a path")];
        let args = settings(&[&own, given].concat());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let runtime = Runtime::for_tests();
        let serving = gateway::serve_on(listener, args, runtime.clone());
        tokio::spawn(async { serving.await.expect("the gateway serves") });
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
        Self { url, runtime, keys, client, judge: Judge::new() }
    }

    /// Who signs the tokens that it takes.
    pub(crate) fn signer(&self) -> &Signer {
        &self.keys.signer
    }

    /// Replaces the key set as Kubernetes replaces a mounted file: by another in its place.
    pub(crate) fn replace_keys(&self, keys: &str) {
        self.keys.replace_public(keys);
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
        self.request(method, path).bearer(&self.signer().admin())
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
