//! Products.

use jiff::Timestamp;
use money::Money;

use super::{
    ids::{CategoryId, ProductId},
    slug::Slug,
};

/// The highest price, in minor units: sums of a cart stay far from the edge of 64 bits.
pub const MAX_PRICE_CENTS: i64 = 100_000_000_000;
/// The weight of a product of which none was given.
pub const DEFAULT_WEIGHT_GRAMS: i32 = 500;
/// The heaviest product: a tonne.
pub const MAX_WEIGHT_GRAMS: i32 = 1_000_000;

/// A product as shoppers and admins see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// What an admin says about it.
    pub details: Details,
    /// Units that can be bought now.
    pub available: i32,
}

/// All of a product but its stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Its id.
    pub id: ProductId,
    /// What shoppers read first.
    pub name: String,
    /// Its name in addresses, unique, and taken for good.
    pub slug: Slug,
    /// A text for shoppers.
    pub description: String,
    /// For one unit.
    pub price: Money,
    /// Where it is found; a product may be in no category.
    pub category: Option<CategoryId>,
    /// Addresses of pictures, the first is the cover.
    pub image_urls: Vec<String>,
    /// Of one unit, packed.
    pub weight_grams: i32,
    /// Whether it can be seen and bought. A deleted product is one that is not.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When an admin last changed it. Stock moves without touching this.
    pub updated_at: Timestamp,
}

/// What an update changes; `None` leaves a field alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductPatch {
    /// See [`Details::name`].
    pub name: Option<String>,
    /// The new slug; `Some(None)` makes it from the name.
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
    /// How many units can be bought from now on.
    pub available: Option<i32>,
}

impl ProductPatch {
    /// The product as it is after the update, stock apart. `updated_at` moves only if something does.
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
            available: _, // moves stock, in an account of its own
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
            changed.slug = slug.unwrap_or_else(|| Slug::of_name(&changed.name, id));
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
            slug: Slug::of_name("Denim Jeans", Uuid::nil()),
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
    fn an_empty_update_changes_nothing_at_all() {
        assert_eq!(ProductPatch::default().apply(&product(), later()), product());
    }

    #[test]
    fn what_is_given_changes_and_the_rest_stays() {
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
    fn a_cleared_slug_is_made_from_the_new_name() {
        let patch = ProductPatch {
            name: Some("Black Jeans".into()),
            slug: Some(None),
            ..ProductPatch::default()
        };
        assert_eq!(patch.apply(&product(), later()).slug.as_str(), "black-jeans");
    }
}
