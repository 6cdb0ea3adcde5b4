//! Simulated shoppers: the requests that they send and the responses that they expect.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, StatusCode, Uri};

use crate::client::{Body, Connection, Credentials, Request, Target};
use crate::web_pages::WebPages;
use crate::workload::{Step, pick};

/// Search terms: words of several products, of one product and of none, and a misspelling.
const SEARCHES: [&str; 6] =
    ["laptop", "cotton%20shirt", "headphones", "gatsby", "wireles%20hedphones", "bicycle"];

/// The body of an order of the content of the cart.
const ORDER: &[u8] = br#"{"payment_method_id": "pm_test_visa", "shipping_address": {
    "street": "1 Main Street", "city": "Springfield", "zip_code": "62701", "country": "US"}}"#;

/// The prepared parts of all requests, which shoppers share so that a request costs little.
#[derive(Debug)]
pub(crate) struct RequestTemplates {
    home: [Uri; 2],
    constant: Uri,
    cart: Uri,
    items: Uri,
    orders: Uri,
    searches: Vec<Uri>,
    products: Vec<Uri>,
    additions: Vec<Bytes>,
}

impl RequestTemplates {
    /// Prepares requests for these products.
    pub(crate) fn new(products: &[String]) -> anyhow::Result<Self> {
        let uri = |path: &str| path.parse::<Uri>().with_context(|| format!("invalid path {path}"));
        let search = |words| uri(&format!("/api/v1/products/search?q={words}"));
        let product = |id| uri(&format!("/api/v1/products/{id}"));
        let addition = |id| Bytes::from(format!(r#"{{"product_id": "{id}", "quantity": 1}}"#));
        Ok(Self {
            home: [uri("/api/v1/products?page_size=20")?, uri("/api/v1/categories")?],
            constant: uri("/")?,
            cart: uri("/api/v1/cart")?,
            items: uri("/api/v1/cart/items")?,
            orders: uri("/api/v1/orders")?,
            searches: SEARCHES.into_iter().map(search).collect::<Result<_, _>>()?,
            products: products.iter().map(product).collect::<Result<_, _>>()?,
            additions: products.iter().map(addition).collect(),
        })
    }
}

/// A shopper with a connection, and with an account unless anonymous. It executes one step at a
/// time, so that its cart does not change during a checkout.
#[derive(Debug)]
pub(crate) struct Shopper {
    connection: Connection,
    templates: Arc<RequestTemplates>,
    credentials: Credentials,
    /// The same shopper in the web shop.
    web: Option<WebPages>,
}

impl Shopper {
    /// Creates a signed-in shopper.
    pub(crate) fn new(
        target: &Target,
        templates: &Arc<RequestTemplates>,
        credentials: Credentials,
        web: Option<WebPages>,
    ) -> Self {
        let connection = Connection::new(target);
        Self { connection, templates: Arc::clone(templates), credentials, web }
    }

    /// Creates a shopper that requests the constant response.
    pub(crate) fn anonymous(target: &Target) -> anyhow::Result<Self> {
        let templates = Arc::new(RequestTemplates::new(&[])?);
        let connection = Connection::new(target);
        Ok(Self { connection, templates, credentials: Credentials::Nobody, web: None })
    }

    /// Executes a step. `index` selects the product or the search term.
    pub(crate) async fn execute(&mut self, step: Step, index: u64) -> Result<(), String> {
        let templates = Arc::clone(&self.templates);
        match step {
            Step::Home => {
                self.read(&templates.home[0]).await?;
                self.read(&templates.home[1]).await
            }
            Step::List => self.read(&templates.home[0]).await,
            Step::Product => self.read(pick(&templates.products, index)?).await,
            Step::Search => self.read(pick(&templates.searches, index)?).await,
            Step::Constant => self.read(&templates.constant).await,
            Step::AddToCart => self.add_to_cart(index).await,
            Step::ViewCart => {
                let request = self.authorized(Request::get(templates.cart.clone()));
                self.connection.send(request).await?.expect(StatusCode::OK)
            }
            Step::Checkout => {
                self.add_to_cart(index).await?;
                let order = Bytes::from_static(ORDER);
                self.post(&templates.orders, order).await
            }
            Step::WebHome => self.web()?.home().await,
            Step::WebList => self.web()?.list().await,
            Step::WebProduct => self.web()?.product(index).await,
            Step::WebOrder => self.web()?.order(index).await,
        }
    }

    fn web(&mut self) -> Result<&mut WebPages, String> {
        self.web.as_mut().ok_or_else(|| "the shop has no pages".to_owned())
    }

    /// Sends a public read, without authorization.
    async fn read(&mut self, path: &Uri) -> Result<(), String> {
        self.connection.send(Request::get(path.clone())).await?.expect(StatusCode::OK)
    }

    async fn add_to_cart(&mut self, index: u64) -> Result<(), String> {
        let templates = Arc::clone(&self.templates);
        let addition = pick(&templates.additions, index)?.clone();
        self.post(&templates.items, addition).await
    }

    async fn post(&mut self, path: &Uri, json: Bytes) -> Result<(), String> {
        let request = Request::get(path.clone());
        let request = Request { method: Method::POST, body: Body::Json(json), ..request };
        let request = self.authorized(request);
        self.connection.send(request).await?.expect(StatusCode::CREATED)
    }

    fn authorized(&self, request: Request) -> Request {
        Request { credentials: self.credentials.clone(), ..request }
    }
}
