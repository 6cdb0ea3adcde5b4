//! Products.

use std::ops::RangeInclusive;

use prost_types::FieldMask;
use proto::catalog::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::money::{Amount, Money};
use super::non_empty;
use super::page::Pagination;
use crate::validation::{Condition, Field, Validator};

const NAME_CHARS: RangeInclusive<usize> = 1..=200;
const DESCRIPTION_CHARS: RangeInclusive<usize> = 0..=10_000;
const MAX_IMAGES: usize = 20;
const STOCK: RangeInclusive<i64> = 0..=1_000_000_000;
const STOCK_CHANGE: RangeInclusive<i64> = -1_000_000_000..=1_000_000_000;
const WEIGHT_GRAMS: RangeInclusive<i64> = 1..=1_000_000;
const REASON_CHARS: RangeInclusive<usize> = 1..=200;

/// A product of the catalog.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Product {
    /// Id of the product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    id: String,
    /// Name of the product.
    #[schema(example = "Laptop Backpack")]
    name: String,
    /// Unique name in URLs.
    #[schema(example = "laptop-backpack")]
    slug: String,
    /// Description; `""` if absent.
    #[schema(example = "Water-resistant, with a padded sleeve for 15 inches.")]
    description: String,
    /// Unit price.
    price: Money,
    /// Id of the category; `null` if the product has none.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a01")]
    category_id: Option<String>,
    /// Images; the first one is shown in lists.
    #[schema(example = json!(["/static/products/laptop-backpack.svg"]))]
    image_urls: Vec<String>,
    /// Units available for sale.
    #[schema(example = 100, minimum = 0)]
    stock_quantity: i32,
    /// Whether the product is visible to shoppers.
    #[schema(example = true)]
    is_active: bool,
    /// Weight of one unit, in grams.
    #[schema(example = 900, minimum = 0)]
    weight_grams: i32,
    /// Time of creation.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// Time of the last change.
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
            category_id: non_empty(product.category_id),
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
    /// Products of this page.
    products: Vec<Product>,
    /// Position of the page in the whole list.
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

/// A new product.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewProduct {
    /// Name of the product.
    #[schema(
        value_type = String, required, min_length = 1, max_length = 200, example = "Desk Lamp"
    )]
    #[serde(default)]
    name: Field<String>,
    /// Name in URLs; generated from the name if absent.
    #[schema(
        value_type = Option<String>, max_length = 120, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "desk-lamp"
    )]
    #[serde(default)]
    slug: Field<String>,
    /// Description.
    #[schema(value_type = Option<String>, max_length = 10000, example = "Bright and quiet.")]
    #[serde(default)]
    description: Field<String>,
    /// Unit price.
    #[schema(value_type = Amount, required)]
    #[serde(default)]
    price: Field<Amount>,
    /// Id of the category.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    category_id: Field<String>,
    /// Images, the first one for lists: URLs with `https://` or `http://`, or absolute paths.
    #[schema(value_type = Option<Vec<String>>, max_items = 20, example = json!([]))]
    #[serde(default)]
    image_urls: Field<Vec<String>>,
    /// Units in stock; 0 if absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 1_000_000_000, example = 25)]
    #[serde(default)]
    stock_quantity: Field<i64>,
    /// Weight of one unit, in grams; 500 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 1_000_000, example = 1200)]
    #[serde(default)]
    weight_grams: Field<i64>,
}

impl NewProduct {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<v1::CreateProductRequest> {
        let name = validator.required("name", self.name);
        let name = validator.line("name", name, NAME_CHARS);
        let slug = validator.optional("slug", self.slug);
        let slug = validator.slug("slug", slug);
        let description = validator.optional("description", self.description);
        let description = validator.text("description", description, DESCRIPTION_CHARS);
        let price = validator.required("price", self.price);
        let price = price.and_then(|price| price.validate(validator, "price"));
        let category = validator.optional("category_id", self.category_id);
        let category = validator.uuid("category_id", category.as_deref());
        let images = validator.optional("image_urls", self.image_urls);
        let image_urls = validate_image_urls(validator, images);
        let stock = validator.optional("stock_quantity", self.stock_quantity);
        let stock = validator.number("stock_quantity", stock, STOCK);
        let weight = validator.optional("weight_grams", self.weight_grams);
        let weight = validator.number("weight_grams", weight, WEIGHT_GRAMS);
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

/// Changes of a product; absent fields stay unchanged.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ProductChanges {
    /// Name of the product.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Desk Lamp")]
    #[serde(default)]
    name: Field<String>,
    /// Name in URLs.
    #[schema(
        value_type = String, min_length = 1, max_length = 120,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "desk-lamp"
    )]
    #[serde(default)]
    slug: Field<String>,
    /// Description.
    #[schema(value_type = String, max_length = 10000, example = "Bright and quiet.")]
    #[serde(default)]
    description: Field<String>,
    /// Unit price.
    #[schema(value_type = Amount)]
    #[serde(default)]
    price: Field<Amount>,
    /// Id of the category; `null` removes the product from its category.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    category_id: Field<String>,
    /// Images, the first one for lists: URLs with `https://` or `http://`, or absolute paths.
    /// Replaces all images.
    #[schema(value_type = Vec<String>, max_items = 20, example = json!([]))]
    #[serde(default)]
    image_urls: Field<Vec<String>>,
    /// Units available for sale, in addition to the units reserved for orders. Requires `If-Match`,
    /// because units may have been sold since the product was read.
    #[schema(value_type = i32, minimum = 0, maximum = 1_000_000_000, example = 25)]
    #[serde(default)]
    stock_quantity: Field<i64>,
    /// Whether the product is visible to shoppers.
    #[schema(value_type = bool, example = true)]
    #[serde(default)]
    is_active: Field<bool>,
    /// Weight of one unit, in grams.
    #[schema(value_type = i32, minimum = 1, maximum = 1_000_000, example = 1200)]
    #[serde(default)]
    weight_grams: Field<i64>,
}

impl ProductChanges {
    /// Validates the fields and builds the message for the product `id`, which must fulfil the
    /// condition.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        id: Uuid,
        condition: Option<Condition>,
    ) -> v1::UpdateProductRequest {
        let update_mask = Some(FieldMask { paths: self.present_fields() });
        let name = validator.changed("name", self.name);
        let slug = validator.changed("slug", self.slug);
        let description = validator.changed("description", self.description);
        let price = validator.changed("price", self.price);
        let category = validator.optional("category_id", self.category_id);
        let images = validator.changed("image_urls", self.image_urls);
        let stock = validator.changed("stock_quantity", self.stock_quantity);
        let weight = validator.changed("weight_grams", self.weight_grams);
        let condition = condition.map(Condition::expected_revisions);
        let (expected_revision, other_revisions) = condition.unwrap_or_default();
        v1::UpdateProductRequest {
            id: id.to_string(),
            name: validator.line("name", name, NAME_CHARS),
            slug: validator.slug("slug", slug),
            description: validator.text("description", description, DESCRIPTION_CHARS),
            price: price.and_then(|price| price.validate(validator, "price")),
            category_id: validator
                .uuid("category_id", category.as_deref())
                .map(|id| id.to_string()),
            image_urls: validate_image_urls(validator, images).unwrap_or_default(),
            stock_quantity: validator.number("stock_quantity", stock, STOCK),
            is_active: validator.changed("is_active", self.is_active),
            weight_grams: validator.number("weight_grams", weight, WEIGHT_GRAMS),
            update_mask,
            expected_revision,
            other_revisions,
        }
    }

    /// Returns the names of the present fields, because the message cannot distinguish an empty
    /// list or a `null` from an absent field.
    fn present_fields(&self) -> Vec<String> {
        let fields = [
            ("name", self.name.is_present()),
            ("slug", self.slug.is_present()),
            ("description", self.description.is_present()),
            ("price", self.price.is_present()),
            ("category_id", self.category_id.is_present()),
            ("image_urls", self.image_urls.is_present()),
            ("stock_quantity", self.stock_quantity.is_present()),
            ("is_active", self.is_active.is_present()),
            ("weight_grams", self.weight_grams.is_present()),
        ];
        fields
            .into_iter()
            .filter(|(_, present)| *present)
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

/// An adjustment of stock: a delivery, a loss, a stocktaking.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct StockMovement {
    /// Units to add (positive) or to remove (negative); not 0.
    #[schema(
        value_type = i32, required, minimum = -1_000_000_000, maximum = 1_000_000_000, example = 12
    )]
    #[serde(default)]
    delta: Field<i64>,
    /// Reason.
    #[schema(value_type = String, required, min_length = 1, max_length = 200, example = "delivery")]
    #[serde(default)]
    reason: Field<String>,
}

impl StockMovement {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        product: Uuid,
        condition: Option<Condition>,
        actor: Uuid,
    ) -> Option<v1::AdjustStockRequest> {
        let condition = condition.map(Condition::expected_revisions);
        let (expected_revision, other_revisions) = condition.unwrap_or_default();
        let delta = validator.required("delta", self.delta);
        let delta = validator.number("delta", delta, STOCK_CHANGE);
        if delta == Some(0) {
            validator.fail("delta", "out_of_range", "must not be 0");
        }
        let reason = validator.required("reason", self.reason);
        let reason = validator.line("reason", reason, REASON_CHARS);
        Some(v1::AdjustStockRequest {
            product_id: product.to_string(),
            delta: delta?,
            reason: reason?,
            actor_id: actor.to_string(),
            expected_revision,
            other_revisions,
        })
    }
}

fn validate_image_urls(
    validator: &mut Validator,
    urls: Option<Vec<String>>,
) -> Option<Vec<String>> {
    let urls = urls?;
    if urls.len() > MAX_IMAGES {
        validator.fail("image_urls", "too_long", format!("must have at most {MAX_IMAGES} entries"));
        return None;
    }
    let read: Vec<Option<String>> = urls
        .into_iter()
        .enumerate()
        .map(|(index, url)| validator.image_url(&format!("image_urls[{index}]"), Some(url)))
        .collect();
    // Collected in two steps, so that all images are validated.
    read.into_iter().collect()
}
