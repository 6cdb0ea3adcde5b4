//! Products.

use std::ops::RangeInclusive;

use prost_types::FieldMask;
use proto::catalog::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::money::{Amount, Money};
use super::page::Pagination;
use super::reference;
use crate::check::{Check, Field};

const NAME_CHARS: RangeInclusive<usize> = 1..=200;
const DESCRIPTION_CHARS: RangeInclusive<usize> = 0..=10_000;
const MAX_IMAGES: usize = 20;
const STOCK: RangeInclusive<i64> = 0..=1_000_000_000;
const STOCK_CHANGE: RangeInclusive<i64> = -1_000_000_000..=1_000_000_000;
const WEIGHT_GRAMS: RangeInclusive<i64> = 1..=1_000_000;
const REASON_CHARS: RangeInclusive<usize> = 1..=200;

/// Something that can be bought.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Product {
    /// The product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    id: String,
    /// Its name.
    #[schema(example = "Laptop Backpack")]
    name: String,
    /// Its name in addresses, unique.
    #[schema(example = "laptop-backpack")]
    slug: String,
    /// What it is; `""` when nothing is said.
    #[schema(example = "Water-resistant, with a padded sleeve for 15 inches.")]
    description: String,
    /// What one costs.
    price: Money,
    /// The category it is in; `null` when in none.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a01")]
    category_id: Option<String>,
    /// Pictures, the first one for lists.
    #[schema(example = json!(["/static/products/laptop-backpack.svg"]))]
    image_urls: Vec<String>,
    /// How many can be bought now.
    #[schema(example = 100, minimum = 0)]
    stock_quantity: i32,
    /// Whether shoppers see it.
    #[schema(example = true)]
    is_active: bool,
    /// The weight of one, in grams.
    #[schema(example = 900, minimum = 0)]
    weight_grams: i32,
    /// Since when it exists.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// When it was changed last.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    updated_at: String,
}

impl From<v1::Product> for Product {
    fn from(product: v1::Product) -> Self {
        Self {
            id: product.id,
            name: product.name,
            slug: product.slug,
            description: product.description,
            price: product.price.unwrap_or_default().into(),
            category_id: reference(product.category_id),
            image_urls: product.image_urls,
            stock_quantity: product.stock_quantity,
            is_active: product.is_active,
            weight_grams: product.weight_grams,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductList {
    /// The products of this page.
    products: Vec<Product>,
    /// Where the page stands.
    pagination: Pagination,
}

impl From<v1::ListProductsResponse> for ProductList {
    fn from(v1::ListProductsResponse { products, pagination }: v1::ListProductsResponse) -> Self {
        Self {
            products: products.into_iter().map(Product::from).collect(),
            pagination: pagination.into(),
        }
    }
}

/// A product to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewProduct {
    /// Its name.
    #[schema(value_type = String, required, min_length = 1, max_length = 200, example = "Desk Lamp")]
    #[serde(default)]
    name: Field<String>,
    /// Its name in addresses; made from the name when absent.
    #[schema(
        value_type = Option<String>, max_length = 120, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "desk-lamp"
    )]
    #[serde(default)]
    slug: Field<String>,
    /// What it is.
    #[schema(value_type = Option<String>, max_length = 10000, example = "Bright and quiet.")]
    #[serde(default)]
    description: Field<String>,
    /// What one costs.
    #[schema(value_type = Amount, required)]
    #[serde(default)]
    price: Field<Amount>,
    /// The category it is in.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    category_id: Field<String>,
    /// Pictures, the first one for lists: `https://`, `http://`, or rooted paths of the shop.
    #[schema(value_type = Option<Vec<String>>, max_items = 20, example = json!([]))]
    #[serde(default)]
    image_urls: Field<Vec<String>>,
    /// How many there are; 0 when absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 1_000_000_000, example = 25)]
    #[serde(default)]
    stock_quantity: Field<i64>,
    /// The weight of one, in grams; 500 when absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 1_000_000, example = 1200)]
    #[serde(default)]
    weight_grams: Field<i64>,
}

impl NewProduct {
    /// The message, or all that is wrong.
    pub(crate) fn read(self, check: &mut Check) -> Option<v1::CreateProductRequest> {
        let name = check.required("name", self.name);
        let name = check.line("name", name, NAME_CHARS);
        let slug = check.optional("slug", self.slug);
        let slug = check.slug("slug", slug);
        let description = check.optional("description", self.description);
        let description = check.text("description", description, DESCRIPTION_CHARS);
        let price = check.required("price", self.price);
        let price = price.and_then(|price| price.read(check, "price"));
        let category = check.optional("category_id", self.category_id);
        let category = check.uuid("category_id", category.as_deref());
        let images = check.optional("image_urls", self.image_urls);
        let image_urls = images_of(check, images);
        let stock = check.optional("stock_quantity", self.stock_quantity);
        let stock = check.number("stock_quantity", stock, STOCK);
        let weight = check.optional("weight_grams", self.weight_grams);
        let weight = check.number("weight_grams", weight, WEIGHT_GRAMS);
        Some(v1::CreateProductRequest {
            name: name?,
            slug: slug.unwrap_or_default(),
            description: description.unwrap_or_default(),
            price: Some(price?),
            category_id: category.map(|id| id.to_string()).unwrap_or_default(),
            image_urls: image_urls.unwrap_or_default(),
            stock_quantity: stock.unwrap_or_default(),
            weight_grams: weight.unwrap_or_default(),
        })
    }
}

/// What is to change in a product; fields that are absent stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ProductChanges {
    /// Its name.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Desk Lamp")]
    #[serde(default)]
    name: Field<String>,
    /// Its name in addresses.
    #[schema(
        value_type = String, min_length = 1, max_length = 120,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "desk-lamp"
    )]
    #[serde(default)]
    slug: Field<String>,
    /// What it is.
    #[schema(value_type = String, max_length = 10000, example = "Bright and quiet.")]
    #[serde(default)]
    description: Field<String>,
    /// What one costs.
    #[schema(value_type = Amount)]
    #[serde(default)]
    price: Field<Amount>,
    /// The category it is in; `null` takes it out.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    category_id: Field<String>,
    /// Pictures, the first one for lists: `https://`, `http://`, or rooted paths of the shop.
    /// Replaces them all.
    #[schema(value_type = Vec<String>, max_items = 20, example = json!([]))]
    #[serde(default)]
    image_urls: Field<Vec<String>>,
    /// How many can be bought from now on; what is reserved for orders comes on top.
    #[schema(value_type = i32, minimum = 0, maximum = 1_000_000_000, example = 25)]
    #[serde(default)]
    stock_quantity: Field<i64>,
    /// Whether shoppers see it.
    #[schema(value_type = bool, example = true)]
    #[serde(default)]
    is_active: Field<bool>,
    /// The weight of one, in grams.
    #[schema(value_type = i32, minimum = 1, maximum = 1_000_000, example = 1200)]
    #[serde(default)]
    weight_grams: Field<i64>,
}

impl ProductChanges {
    /// The message for the product `id`; what is wrong is noted.
    pub(crate) fn read(self, check: &mut Check, id: Uuid) -> v1::UpdateProductRequest {
        let update_mask = Some(FieldMask { paths: self.given() });
        let name = check.changed("name", self.name);
        let slug = check.changed("slug", self.slug);
        let description = check.changed("description", self.description);
        let price = check.changed("price", self.price);
        let category = check.optional("category_id", self.category_id);
        let images = check.changed("image_urls", self.image_urls);
        let stock = check.changed("stock_quantity", self.stock_quantity);
        let weight = check.changed("weight_grams", self.weight_grams);
        v1::UpdateProductRequest {
            id: id.to_string(),
            name: check.line("name", name, NAME_CHARS),
            slug: check.slug("slug", slug),
            description: check.text("description", description, DESCRIPTION_CHARS),
            price: price.and_then(|price| price.read(check, "price")),
            category_id: check.uuid("category_id", category.as_deref()).map(|id| id.to_string()),
            image_urls: images_of(check, images).unwrap_or_default(),
            stock_quantity: check.number("stock_quantity", stock, STOCK),
            is_active: check.changed("is_active", self.is_active),
            weight_grams: check.number("weight_grams", weight, WEIGHT_GRAMS),
            update_mask,
        }
    }

    /// The names of the fields that are there. They go along, because an empty list and a `null`
    /// cannot be told from an absent field in the message.
    fn given(&self) -> Vec<String> {
        let fields = [
            ("name", self.name.is_given()),
            ("slug", self.slug.is_given()),
            ("description", self.description.is_given()),
            ("price", self.price.is_given()),
            ("category_id", self.category_id.is_given()),
            ("image_urls", self.image_urls.is_given()),
            ("stock_quantity", self.stock_quantity.is_given()),
            ("is_active", self.is_active.is_given()),
            ("weight_grams", self.weight_grams.is_given()),
        ];
        fields.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned()).collect()
    }
}

/// A movement of stock: a delivery, a loss, a count.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct StockMovement {
    /// How many come (above 0) or go (below 0); not 0.
    #[schema(
        value_type = i32, required, minimum = -1_000_000_000, maximum = 1_000_000_000, example = 12
    )]
    #[serde(default)]
    delta: Field<i64>,
    /// Why.
    #[schema(value_type = String, required, min_length = 1, max_length = 200, example = "delivery")]
    #[serde(default)]
    reason: Field<String>,
}

impl StockMovement {
    /// The message, or all that is wrong.
    pub(crate) fn read(
        self,
        check: &mut Check,
        product: Uuid,
        actor: Uuid,
    ) -> Option<v1::AdjustStockRequest> {
        let delta = check.required("delta", self.delta);
        let delta = check.number("delta", delta, STOCK_CHANGE);
        if delta == Some(0) {
            check.fail("delta", "out_of_range", "must not be 0");
        }
        let reason = check.required("reason", self.reason);
        let reason = check.line("reason", reason, REASON_CHARS);
        Some(v1::AdjustStockRequest {
            product_id: product.to_string(),
            delta: delta?,
            reason: reason?,
            actor_id: actor.to_string(),
        })
    }
}

fn images_of(check: &mut Check, urls: Option<Vec<String>>) -> Option<Vec<String>> {
    let urls = urls?;
    if urls.len() > MAX_IMAGES {
        check.fail("image_urls", "too_long", format!("must have at most {MAX_IMAGES} entries"));
        return None;
    }
    let read: Vec<Option<String>> = urls
        .into_iter()
        .enumerate()
        .map(|(index, url)| check.image_url(&format!("image_urls[{index}]"), Some(url)))
        .collect();
    // Only now, so that every one of them has been looked at.
    read.into_iter().collect()
}
