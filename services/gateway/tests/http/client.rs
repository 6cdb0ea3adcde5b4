//! Gateway in this process, and a client that validates every response.

use std::net::SocketAddr;
use std::time::Duration;

use kit::Runtime;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use shop_fixture::{KeyFiles, Signer};
use testing::settings;
use tokio::net::TcpListener;

use crate::fake_user;
use crate::response_validator::ResponseValidator;

/// Settings without rate limits: a test sends more requests than a shopper.
const UNLIMITED: [&str; 6] = [
    "--rate-limit-per-minute",
    "0",
    "--sign-in-limit-per-ip",
    "0",
    "--guest-cart-limit-per-ip",
    "0",
];

/// Running gateway with a client.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) runtime: Runtime,
    keys: KeyFiles,
    client: reqwest::Client,
    validator: ResponseValidator,
}

impl Gateway {
    /// Starts a gateway for `catalog`, without rate limits, and waits until it reaches the catalog:
    /// on a busy machine, the first connection to the database may exceed the request timeout.
    pub(crate) async fn start(catalog: SocketAddr) -> Self {
        let gateway = Self::start_with(catalog, &UNLIMITED).await;
        let ready = async {
            while gateway.get("/api/v1/categories").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ready).await.expect("the catalog is ready");
        gateway
    }

    /// Starts a gateway for the server at `catalog`, with additional settings.
    pub(crate) async fn start_with(catalog: SocketAddr, settings: &[&str]) -> Self {
        let catalog = format!("http://{catalog}");
        let settings = [&["--catalog-url", &catalog][..], settings].concat();
        Self::start_with_keys(KeyFiles::new("test-1"), &settings).await
    }

    /// Starts a gateway for the services at these URLs, without rate limits.
    pub(crate) async fn start_with_services(keys: KeyFiles, urls: &[String]) -> Self {
        let urls = urls.iter().map(String::as_str);
        // Clients on other networks, for tests that name one in X-Forwarded-For.
        let trusted = ["--trusted-proxies", "127.0.0.0/8"];
        let settings: Vec<&str> = urls.chain(UNLIMITED).chain(trusted).collect();
        Self::start_with_keys(keys, &settings).await
    }

    /// Starts a gateway. Without a user service, a fake one confirms every administrator.
    pub(crate) async fn start_with_keys(keys: KeyFiles, more: &[&str]) -> Self {
        let public = keys.public();
        let mut arguments = vec!["--jwt-public-keys", public.to_str().expect("a path")];
        arguments.extend(more);
        let fake_user;
        if !more.contains(&"--user-url") {
            fake_user = format!("http://{}", fake_user::start("admin").await);
            arguments.extend(["--user-url", &fake_user]);
        }
        let args = settings(&arguments);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let runtime = Runtime::for_tests();
        let serving = gateway::serve_on(listener, args, runtime.clone());
        tokio::spawn(async { serving.await.expect("the gateway serves") });
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
        Self { url, runtime, keys, client, validator: ResponseValidator::new() }
    }

    /// Returns the signer of the tokens that the gateway accepts.
    pub(crate) fn signer(&self) -> &Signer {
        &self.keys.signer
    }

    /// Replaces the key set file atomically, as Kubernetes replaces a mounted file.
    pub(crate) fn replace_keys(&self, keys: &str) {
        self.keys.replace_public(keys);
    }

    /// Starts building a request.
    pub(crate) fn request(&self, method: Method, path: &str) -> Call<'_> {
        let request = self.client.request(method.clone(), format!("{}{path}", self.url));
        Call { gateway: self, method, path: path.to_owned(), request }
    }

    /// Sends an anonymous GET request.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await
    }

    /// Starts building a request of an administrator.
    pub(crate) fn admin(&self, method: Method, path: &str) -> Call<'_> {
        self.request(method, path).bearer(&self.signer().admin())
    }
}

/// Request builder.
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

    /// Sends the request, and validates the response against the document.
    pub(crate) async fn send(self) -> Response {
        let Self { gateway, method, path, request } = self;
        let response = request.send().await.expect("a response");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body").to_vec();
        let response = Response { status, headers, bytes };
        gateway.validator.validate(&method, &path, &response);
        response
    }
}

/// Response with its body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Response {
    /// Parses the body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    /// Returns a header, or "" if absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Returns the status and, for a problem, the code.
    pub(crate) fn status_and_code(&self) -> (u16, String) {
        let code = if self.header("content-type") == "application/problem+json" {
            self.json()["code"].as_str().expect("a code").to_owned()
        } else {
            String::new()
        };
        (self.status.as_u16(), code)
    }

    /// Returns the fields of a problem's errors, with their codes.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let errors = self.json()["errors"].as_array().expect("errors").clone();
        errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }

    /// Fails unless the response has this status and problem code ("" if it is not a problem).
    #[track_caller]
    pub(crate) fn is(&self, status: u16, code: &str) -> &Self {
        let body = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status_and_code(), (status, code.to_owned()), "{body}");
        self
    }
}
