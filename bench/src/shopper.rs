//! What a shopper sends, and which answers are right.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri};

use crate::client::{Answer, Ask, Connection, Target};
use crate::workload::Step;

/// What is typed into the search box: words of several products, of one, of none, and a mistake.
const SEARCHES: [&str; 6] =
    ["laptop", "cotton%20shirt", "headphones", "gatsby", "wireles%20hedphones", "bicycle"];

/// The order of all that is in the cart.
const ORDER: &[u8] = br#"{"payment_method_id": "pm_test_visa", "shipping_address": {
    "street": "1 Main Street", "city": "Springfield", "zip_code": "62701", "country": "US"}}"#;

/// Steps between one product and the next that is taken: prime to most numbers of products, so that
/// neighbours in time ask for different ones.
const STRIDE: u64 = 7;

/// What all shoppers know: made once, so that asking costs little.
#[derive(Debug)]
pub(crate) struct Shelf {
    home: [Uri; 2],
    constant: Uri,
    cart: Uri,
    items: Uri,
    orders: Uri,
    searches: Vec<Uri>,
    products: Vec<Uri>,
    additions: Vec<Bytes>,
}

impl Shelf {
    /// A shelf with these products.
    pub(crate) fn new(products: &[String]) -> anyhow::Result<Self> {
        let uri = |path: &str| path.parse::<Uri>().with_context(|| format!("{path} is no path"));
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

    fn pick<T>(of: &[T], index: u64) -> Result<&T, String> {
        let place = index.wrapping_mul(STRIDE).checked_rem(of.len() as u64);
        let place = place.and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| of.get(place)).ok_or_else(|| "nothing is on the shelf".to_owned())
    }
}

/// Somebody with a connection, and with an account unless anonymous. One thing at a time is done, so
/// that nobody else changes a cart while it is ordered.
#[derive(Debug)]
pub(crate) struct Shopper {
    connection: Connection,
    shelf: Arc<Shelf>,
    authorization: Option<HeaderValue>,
}

impl Shopper {
    /// Somebody who is signed in.
    pub(crate) fn new(target: &Target, shelf: &Arc<Shelf>, authorization: HeaderValue) -> Self {
        let connection = Connection::new(target);
        Self { connection, shelf: Arc::clone(shelf), authorization: Some(authorization) }
    }

    /// Somebody who asks for the constant answer.
    pub(crate) fn anonymous(target: &Target) -> anyhow::Result<Self> {
        let shelf = Arc::new(Shelf::new(&[])?);
        Ok(Self { connection: Connection::new(target), shelf, authorization: None })
    }

    /// Takes a step; `index` chooses the product or the words.
    pub(crate) async fn take(&mut self, step: Step, index: u64) -> Result<(), String> {
        let shelf = Arc::clone(&self.shelf);
        match step {
            Step::Home => {
                self.read(&shelf.home[0]).await?;
                self.read(&shelf.home[1]).await
            }
            Step::List => self.read(&shelf.home[0]).await,
            Step::Product => self.read(Shelf::pick(&shelf.products, index)?).await,
            Step::Search => self.read(Shelf::pick(&shelf.searches, index)?).await,
            Step::Constant => self.read(&shelf.constant).await,
            Step::AddToCart => self.add(index).await,
            Step::ViewCart => {
                let ask = self.own(Ask::get(shelf.cart.clone()));
                expect(StatusCode::OK, &self.connection.ask(ask).await?)
            }
            Step::Checkout => {
                self.add(index).await?;
                let order = Bytes::from_static(ORDER);
                self.post(&shelf.orders, order).await
            }
        }
    }

    /// What anybody may read is read as anybody.
    async fn read(&mut self, path: &Uri) -> Result<(), String> {
        expect(StatusCode::OK, &self.connection.ask(Ask::get(path.clone())).await?)
    }

    async fn add(&mut self, index: u64) -> Result<(), String> {
        let shelf = Arc::clone(&self.shelf);
        let addition = Shelf::pick(&shelf.additions, index)?.clone();
        self.post(&shelf.items, addition).await
    }

    async fn post(&mut self, path: &Uri, json: Bytes) -> Result<(), String> {
        let ask = Ask { method: Method::POST, json, ..Ask::get(path.clone()) };
        let ask = self.own(ask);
        expect(StatusCode::CREATED, &self.connection.ask(ask).await?)
    }

    fn own(&self, ask: Ask) -> Ask {
        Ask { authorization: self.authorization.clone(), ..ask }
    }
}

fn expect(status: StatusCode, answer: &Answer) -> Result<(), String> {
    match answer.status == status {
        true => Ok(()),
        false => Err(format!("status {}", answer.status.as_u16())),
    }
}
