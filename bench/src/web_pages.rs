//! A shopper in the web shop: the pages that it opens and the forms that it sends.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri};

use crate::client::{Body, Connection, Credentials, Request, Response, Target};
use crate::workload::pick;

/// The paths that shoppers share.
#[derive(Debug)]
pub(crate) struct WebPaths {
    home: Uri,
    list: Uri,
    items: Uri,
    checkout: Uri,
    place: Uri,
    products: Vec<Uri>,
    additions: Vec<Bytes>,
}

impl WebPaths {
    /// Prepares the paths of products, given by their ids and slugs.
    pub(crate) fn new(products: &[(String, String)]) -> anyhow::Result<Self> {
        let product = |slug: &str| {
            format!("/products/{slug}").parse().with_context(|| format!("invalid slug {slug}"))
        };
        let addition = |id: &str| Bytes::from(format!("product={id}&quantity=1&next=/cart"));
        Ok(Self {
            home: Uri::from_static("/"),
            list: Uri::from_static("/products"),
            items: Uri::from_static("/cart/items"),
            checkout: Uri::from_static("/checkout"),
            place: Uri::from_static("/checkout/place"),
            products: products.iter().map(|(_, slug)| product(slug)).collect::<Result<_, _>>()?,
            additions: products.iter().map(|(id, _)| addition(id)).collect(),
        })
    }
}

/// A signed-in shopper with a connection to the web shop, a default address and a default card.
#[derive(Debug)]
pub(crate) struct WebPages {
    connection: Connection,
    paths: Arc<WebPaths>,
    cookie: HeaderValue,
}

impl WebPages {
    /// Creates a shopper with an access token.
    pub(crate) fn new(
        target: &Target,
        paths: &Arc<WebPaths>,
        access_token: &str,
    ) -> anyhow::Result<Self> {
        let mut cookie = HeaderValue::from_str(&format!("access={access_token}"))?;
        cookie.set_sensitive(true);
        Ok(Self { connection: Connection::new(target), paths: Arc::clone(paths), cookie })
    }

    /// Opens the home page, signed out.
    pub(crate) async fn home(&mut self) -> Result<(), String> {
        self.open(self.paths.home.clone()).await
    }

    /// Opens the product list, signed out.
    pub(crate) async fn list(&mut self) -> Result<(), String> {
        self.open(self.paths.list.clone()).await
    }

    /// Opens the page of a product, signed out.
    pub(crate) async fn product(&mut self, index: u64) -> Result<(), String> {
        let path = pick(&self.paths.products, index)?.clone();
        self.open(path).await
    }

    /// Buys a product: its page, the cart, the review, the order and its page.
    pub(crate) async fn order(&mut self, index: u64) -> Result<(), String> {
        let paths = Arc::clone(&self.paths);
        self.get(pick(&paths.products, index)?.clone()).await?;
        self.submit(&paths.items, pick(&paths.additions, index)?.clone()).await?;
        let checkout = self.get_redirect(paths.checkout.clone()).await?;
        let review = self.get(checkout).await?;
        let placed = self.submit(&paths.place, hidden_fields(&review.body)?).await?;
        self.get(placed).await.map(drop)
    }

    async fn open(&mut self, path: Uri) -> Result<(), String> {
        self.connection.send(Request::get(path)).await?.expect(StatusCode::OK)
    }

    async fn get(&mut self, path: Uri) -> Result<Response, String> {
        let response = self.send(Request::get(path)).await?;
        response.expect(StatusCode::OK)?;
        Ok(response)
    }

    async fn get_redirect(&mut self, path: Uri) -> Result<Uri, String> {
        self.send(Request::get(path)).await?.location()
    }

    /// Sends a form, and returns the page to which its response redirects.
    async fn submit(&mut self, path: &Uri, fields: Bytes) -> Result<Uri, String> {
        let request = Request::get(path.clone());
        let request = Request { method: Method::POST, body: Body::Form(fields), ..request };
        self.send(request).await?.location()
    }

    async fn send(&mut self, request: Request) -> Result<Response, String> {
        let credentials = Credentials::Cookie(self.cookie.clone());
        self.connection.send(Request { credentials, ..request }).await
    }
}

/// Returns the hidden fields of the form that orders, as a browser sends them. Their values contain
/// no character that HTML escapes: they are ids, numbers and names of carriers.
fn hidden_fields(page: &[u8]) -> Result<Bytes, String> {
    let page = String::from_utf8_lossy(page);
    let form = page.split_once("action=\"/checkout/place\"").map(|(_, rest)| rest);
    let form = form.and_then(|rest| rest.split_once("</form>")).map(|(form, _)| form);
    let form = form.ok_or_else(|| "the review has no form".to_owned())?;
    let field = |input: &str| {
        let (name, rest) = input.split_once("\" value=\"")?;
        let (value, _) = rest.split_once('"')?;
        Some((name.to_owned(), value.to_owned()))
    };
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1).filter_map(field);
    let mut body = form_urlencoded::Serializer::new(String::new());
    Ok(Bytes::from(body.extend_pairs(fields).finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_fields_are_those_of_the_form_that_orders() {
        let page = concat!(
            r#"<form action="/search"><input type="hidden" name="a" value="1"></form>"#,
            r#"<form action="/checkout/place" method="post">"#,
            r#"<input type="hidden" name="ship" value="UPS~2nd Day Air">"#,
            r#"<input type="hidden" name="b" value="2">"#,
            r#"<input type="hidden" name="total_cents" value="1200"></form>"#,
            r#"<form><input type="hidden" name="c" value="3"></form>"#,
        );
        let fields = hidden_fields(page.as_bytes()).unwrap();
        assert_eq!(fields, "ship=UPS%7E2nd+Day+Air&b=2&total_cents=1200");
        assert!(hidden_fields(b"<form></form>").is_err());
    }
}
