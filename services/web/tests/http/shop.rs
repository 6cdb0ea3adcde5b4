//! Fixture: a web shop with a gateway and all services.

use std::net::SocketAddr;

use kit::{Env, Runtime};
use shop_fixture::{KeyFiles, MailInbox, Services};
use testing::{FaultProxy, TestDatabase, settings};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::browser::{Browser, Response};

/// Password of all customers.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Maximum number of times that a page is opened until it has everything.
const MAX_OPENINGS: usize = 20;

/// A running shop.
pub(crate) struct Shop {
    pub(crate) url: String,
    gateway_url: String,
    /// The connection between the web shop and the gateway.
    pub(crate) gateway: Mutex<FaultProxy>,
    pub(crate) services: Services,
    pub(crate) mail_inbox: MailInbox,
    /// The process of the web shop.
    pub(crate) web: Runtime,
    _keys: KeyFiles,
    _catalog: TestDatabase,
}

impl Shop {
    /// Starts a shop with the demo products, and waits until it shows them.
    pub(crate) async fn start() -> Self {
        let keys = KeyFiles::new("test-1");
        let mail_inbox = MailInbox::start().await;
        let catalog = testing::database(&catalog::MIGRATOR).await;
        let services = Services::start(catalog.pool(), &keys.signing(), mail_inbox.smtp).await;
        let gateway = start_gateway(&keys, &services.urls()).await;
        let gateway = FaultProxy::start(gateway).await;
        let gateway_url = format!("http://{}", gateway.address());
        let (url, web) = start_web_process(&gateway_url).await;
        let shop = Self {
            url,
            gateway_url,
            gateway: gateway.into(),
            services,
            mail_inbox,
            web,
            _keys: keys,
            _catalog: catalog,
        };
        shop.wait_until_ready().await;
        shop
    }

    async fn wait_until_ready(&self) {
        let ready = async {
            let mut browser = self.browser();
            while browser.get("/").await.status != 200 || !signs_in(&mut browser).await {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        let timeout = std::time::Duration::from_secs(60);
        tokio::time::timeout(timeout, ready).await.expect("the shop is ready");
    }

    /// Returns a browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// Starts another web shop in front of the same gateway, with these settings, and opens it in a
    /// browser with the cookies of another one.
    pub(crate) async fn open_another(&self, settings: &[&str], cookies: &Browser) -> Browser {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let arguments = ["--gateway-url", &self.gateway_url, "--web-url", &url];
        serve_web(listener, &[&arguments[..], settings].concat());
        let mut browser = Browser::new(&url);
        browser.cookies = cookies.cookies.clone();
        browser
    }

    /// Starts another web shop in front of the same gateway, in the pseudo-locale, and returns its
    /// URL.
    #[cfg(debug_assertions)]
    pub(crate) async fn start_pseudo_localized(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let args = settings(&["--gateway-url", &self.gateway_url, "--web-url", &url]);
        let serving = web::serve_pseudo_localized_on(listener, args, Runtime::for_tests());
        tokio::spawn(async { serving.await.expect("the web shop serves") });
        url
    }

    /// Reads a public resource of the API.
    #[cfg(debug_assertions)]
    pub(crate) async fn get_json(&self, path: &str) -> serde_json::Value {
        let response = reqwest::get(format!("{}/api/v1{path}", self.gateway_url)).await;
        let body = response.expect("a response").bytes().await.expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// Registers a customer, and returns the browser that is signed in.
    pub(crate) async fn customer(&self) -> Browser {
        self.customer_with_email().await.0
    }

    /// Registers a customer, and returns the browser that is signed in and the e-mail address.
    pub(crate) async fn customer_with_email(&self) -> (Browser, String) {
        let email = format!("customer.{}@example.com", Env::system().uuid().simple());
        let mut browser = self.browser();
        browser.get("/register").await.is(200);
        let values = [
            ("first_name", "Ada"),
            ("last_name", "Lovelace"),
            ("email", &email),
            ("password", PASSWORD),
        ];
        browser.submit("/register", &values).await.is(303);
        (browser, email)
    }
}

/// Opens a page until it has everything: it omits what a busy machine does not read at once.
pub(crate) async fn get_complete(
    browser: &mut Browser,
    path: &str,
    is_complete: impl Fn(&Response) -> bool,
) -> Response {
    for _ in 0..MAX_OPENINGS {
        let page = browser.get(path).await;
        if is_complete(&page) {
            return page;
        }
    }
    browser.get(path).await
}

/// Whether the shop can say that a password is wrong.
async fn signs_in(browser: &mut Browser) -> bool {
    let form = [("email", "nobody@example.com"), ("password", "wrong")];
    browser.submit_to("/login", &form).await.status == 422
}

/// Starts a gateway without rate limits, because a test sends more requests than a shopper.
async fn start_gateway(keys: &KeyFiles, urls: &[String]) -> SocketAddr {
    let public = keys.public();
    let mut arguments = vec!["--jwt-public-keys", public.to_str().expect("a path")];
    arguments.extend(["--rate-limit-per-minute", "0", "--sign-in-limit-per-ip", "0"]);
    arguments.extend(["--trusted-proxies", "127.0.0.0/8"]);
    arguments.extend(urls.iter().map(String::as_str));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = gateway::serve_on(listener, settings(&arguments), Runtime::for_tests());
    tokio::spawn(async { serving.await.expect("the gateway serves") });
    address
}

/// Starts a web shop in front of the gateway at this URL, and returns its URL.
pub(crate) async fn start_web(gateway_url: &str) -> String {
    start_web_process(gateway_url).await.0
}

async fn start_web_process(gateway_url: &str) -> (String, Runtime) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let mut arguments = vec!["--gateway-url", gateway_url, "--web-url", &url];
    arguments.extend(["--trusted-proxies", "127.0.0.0/8"]);
    let runtime = serve_web(listener, &arguments);
    (url, runtime)
}

/// Starts a web shop that its visitors reach at `web_url`, without a gateway, and returns the URL
/// for the test.
pub(crate) async fn start_web_at(web_url: &str) -> String {
    start_web_with(&["--web-url", web_url]).await
}

/// Starts a web shop with these settings, without a gateway, and returns its origin.
pub(crate) async fn start_web_with(settings: &[&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    serve_web(listener, &[&["--gateway-url", "http://127.0.0.1:1"], settings].concat());
    url
}

fn serve_web(listener: TcpListener, arguments: &[&str]) -> Runtime {
    let runtime = Runtime::for_tests();
    let serving = web::serve_on(listener, settings(arguments), runtime.clone());
    tokio::spawn(async { serving.await.expect("the web shop serves") });
    runtime
}
