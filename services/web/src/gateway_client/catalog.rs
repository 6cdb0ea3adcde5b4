//! `/products`.

use money::Money;
use serde::Deserialize;
use uuid::Uuid;

use super::{Call, CallError, GatewayClient};

/// A product.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) description: String,
    pub(crate) price: Money,
    pub(crate) category_id: Option<Uuid>,
    pub(crate) image_urls: Vec<String>,
    pub(crate) stock_quantity: i64,
}

/// A page of products.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ProductList {
    pub(crate) products: Vec<Product>,
    pub(crate) pagination: Pagination,
}

/// The position of a page in its list.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Pagination {
    pub(crate) page: u32,
    pub(crate) total_pages: u32,
    pub(crate) total_count: u64,
}

/// Which products to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProductQuery {
    /// The search text; all products without it.
    pub(crate) text: Option<String>,
    pub(crate) category_id: Option<Uuid>,
    pub(crate) min_price_cents: Option<i64>,
    pub(crate) max_price_cents: Option<i64>,
    pub(crate) is_in_stock: bool,
    pub(crate) sort: Option<&'static str>,
    pub(crate) page: u32,
    pub(crate) page_size: u32,
}

impl GatewayClient {
    /// Lists or searches products.
    pub(crate) async fn products(&self, query: &ProductQuery) -> Result<ProductList, CallError> {
        let path = if query.text.is_some() { "/products/search" } else { "/products" };
        let call = Call::get(path).query([
            ("q", query.text.clone()),
            ("category_id", query.category_id.map(|id| id.to_string())),
            ("min_price", query.min_price_cents.map(|cents| cents.to_string())),
            ("max_price", query.max_price_cents.map(|cents| cents.to_string())),
            ("in_stock", query.is_in_stock.then(|| "true".to_owned())),
            ("sort", query.sort.map(str::to_owned)),
            ("page", Some(query.page.max(1).to_string())),
            ("page_size", Some(query.page_size.to_string())),
        ]);
        self.public(call).await
    }

    /// Returns the product with this slug or id.
    pub(crate) async fn product(&self, slug_or_id: &str) -> Result<Product, CallError> {
        let escaped: String = form_urlencoded::byte_serialize(slug_or_id.as_bytes()).collect();
        self.public(Call::get(format!("/products/{escaped}"))).await
    }
}
