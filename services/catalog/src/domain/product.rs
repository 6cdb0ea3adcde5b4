//! Products.

use jiff::Timestamp;
use money::Money;

use super::ids::{CategoryId, ProductId};
use super::slug::Slug;

/// Maximum price, in minor units: totals of a cart stay far below 64 bits.
pub const MAX_PRICE_CENTS: i64 = 100_000_000_000;
/// Default weight of a product, in grams.
pub const DEFAULT_WEIGHT_GRAMS: i32 = 500;
/// Maximum weight of a product, in grams.
pub const MAX_WEIGHT_GRAMS: i32 = 1_000_000;

/// A product with its available stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Fields that administrators edit.
    pub details: Details,
    /// Units that can be bought now: on hand minus reserved.
    pub available: i32,
    /// Revision, from 1: it increases with every edit and every stock movement, so that two states
    /// of a product never have the same revision.
    pub revision: i64,
}

impl Product {
    /// Checks that the product has one of the revisions that the author of an edit has seen; `None`
    /// means that any revision is acceptable.
    ///
    /// # Errors
    /// Fails when the product has changed since then.
    pub fn expect_revision(&self, expected: Option<&[i64]>) -> Result<(), RevisionMismatch> {
        match expected {
            Some(expected) if !expected.contains(&self.revision) => Err(RevisionMismatch),
            _ => Ok(()),
        }
    }
}

/// The product has another revision than the author of an edit has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the product has changed since it was read")]
pub struct RevisionMismatch;

/// A product without its stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Id of the product.
    pub id: ProductId,
    /// Display name.
    pub name: String,
    /// Name in URLs; unique, and reserved even after a deletion.
    pub slug: Slug,
    /// Description for shoppers.
    pub description: String,
    /// Price of one unit.
    pub price: Money,
    /// Category, if any.
    pub category: Option<CategoryId>,
    /// URLs of images; the first one is the cover.
    pub image_urls: Vec<String>,
    /// Weight of one packed unit, in grams.
    pub weight_grams: i32,
    /// Whether the product is visible and can be bought. Deletion clears it.
    pub is_active: bool,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last edit by an administrator. Stock movements do not change it.
    pub updated_at: Timestamp,
}

/// An update; `None` keeps a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductPatch {
    /// See [`Details::name`].
    pub name: Option<String>,
    /// The new slug; `Some(None)` generates it from the name.
    pub slug: Option<Option<Slug>>,
    /// See [`Details::description`].
    pub description: Option<String>,
    /// See [`Details::price`].
    pub price: Option<Money>,
    /// See [`Details::category`].
    pub category: Option<Option<CategoryId>>,
    /// See [`Details::image_urls`].
    pub image_urls: Option<Vec<String>>,
    /// See [`Details::weight_grams`].
    pub weight_grams: Option<i32>,
    /// See [`Details::is_active`].
    pub is_active: Option<bool>,
    /// The new number of available units.
    pub available: Option<i32>,
}

impl ProductPatch {
    /// Applies the update, except for stock. `updated_at` changes only if another field does.
    #[must_use]
    pub fn apply(self, product: &Details, now: Timestamp) -> Details {
        let Self {
            name,
            slug,
            description,
            price,
            category,
            image_urls,
            weight_grams,
            is_active,
            available: _, // changes the stock ledger, not the product
        } = self;
        let mut changed = product.clone();
        changed.name = name.unwrap_or(changed.name);
        changed.description = description.unwrap_or(changed.description);
        changed.price = price.unwrap_or(changed.price);
        changed.category = category.unwrap_or(changed.category);
        changed.image_urls = image_urls.unwrap_or(changed.image_urls);
        changed.weight_grams = weight_grams.unwrap_or(changed.weight_grams);
        changed.is_active = is_active.unwrap_or(changed.is_active);
        if let Some(slug) = slug {
            let id = changed.id.0;
            changed.slug = slug.unwrap_or_else(|| Slug::from_name(&changed.name, id));
        }
        if changed != *product {
            changed.updated_at = now;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use money::Currency;
    use uuid::Uuid;

    use super::*;

    fn product() -> Details {
        Details {
            id: ProductId(Uuid::from_u128(7)),
            name: "Denim Jeans".into(),
            slug: Slug::from_name("Denim Jeans", Uuid::nil()),
            description: "Blue".into(),
            price: Money::new(4999, Currency::USD),
            category: Some(CategoryId(Uuid::from_u128(1))),
            image_urls: vec!["/jeans.svg".into()],
            weight_grams: 700,
            is_active: true,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn later() -> Timestamp {
        Timestamp::UNIX_EPOCH + 1.hour()
    }

    #[test]
    fn only_the_current_or_no_revision_is_accepted() {
        let product = Product { details: product(), available: 3, revision: 7 };
        for (expected, result) in [
            (None, Ok(())),
            (Some(&[7][..]), Ok(())),
            (Some(&[6, 7]), Ok(())),
            (Some(&[6]), Err(RevisionMismatch)),
            (Some(&[6, 8]), Err(RevisionMismatch)),
            (Some(&[0]), Err(RevisionMismatch)),
        ] {
            assert_eq!(product.expect_revision(expected), result, "{expected:?}");
        }
    }

    #[test]
    fn empty_update_changes_nothing() {
        assert_eq!(ProductPatch::default().apply(&product(), later()), product());
    }

    #[test]
    fn update_changes_only_given_fields() {
        let patch = ProductPatch {
            price: Some(Money::new(0, Currency::USD)),
            category: Some(None),
            ..ProductPatch::default()
        };
        let expected = Details {
            price: Money::new(0, Currency::USD),
            category: None,
            updated_at: later(),
            ..product()
        };
        assert_eq!(patch.apply(&product(), later()), expected);
    }

    #[test]
    fn cleared_slug_is_generated_from_the_new_name() {
        let patch = ProductPatch {
            name: Some("Black Jeans".into()),
            slug: Some(None),
            ..ProductPatch::default()
        };
        assert_eq!(patch.apply(&product(), later()).slug.as_str(), "black-jeans");
    }
}
