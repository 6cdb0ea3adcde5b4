//! Execution of the RPCs. Each one reads the cart, requests offers from the catalog, and changes
//! the cart, in this order.
//!
//! The catalog is queried before a cart is changed. While the catalog is unavailable, an RPC whose
//! response contains offers fails before it changes the cart. Otherwise a client that retries the
//! failed RPC would add the product twice.

use money::Currency;
use wire::{ProductId, UserId};

use crate::catalog::Catalog;
use crate::domain::cart::{Cart, Change};
use crate::domain::pricing::{Offers, PricedCart};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::store::{ChangeResult, Store};

/// Carts and the dependencies of their RPCs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Carts {
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(crate) currency: Currency,
    pub(crate) metrics: Metrics,
}

impl Carts {
    /// Returns a cart with current prices.
    pub(crate) async fn read(&self, user: UserId) -> Result<PricedCart, Error> {
        let cart = self.store.read(user).await?;
        self.with_prices(cart, Offers::new()).await
    }

    /// Changes a line and returns the cart with current prices.
    pub(crate) async fn change(&self, user: UserId, change: Change) -> Result<PricedCart, Error> {
        let before = self.store.read(user).await?;
        let offers = self.catalog.offers(products(&before).chain(change.product())).await?;
        if let Change::Add(product, _) = &change
            && !offers.get(product).is_some_and(|offer| offer.is_active)
        {
            return Err(Error::NotFound("product"));
        }
        let after = self.apply(user, &change).await?;
        self.with_prices(after, offers).await
    }

    /// Changes a cart without returning its content.
    pub(crate) async fn clear(&self, user: UserId, change: &Change) -> Result<(), Error> {
        self.apply(user, change).await?;
        Ok(())
    }

    async fn apply(&self, user: UserId, change: &Change) -> Result<Cart, Error> {
        let outcome = self.store.change(user, change).await;
        self.metrics.observe_change(change, &outcome);
        outcome.map(|ChangeResult { cart, .. }| cart)
    }

    /// Adds prices to a cart. Requests the offers that are missing, because a concurrent request
    /// may have added products in between.
    async fn with_prices(&self, cart: Cart, mut offers: Offers) -> Result<PricedCart, Error> {
        let unknown: Vec<_> =
            products(&cart).filter(|product| !offers.contains_key(product)).collect();
        offers.extend(self.catalog.offers(unknown).await?);
        Ok(PricedCart::new(cart, &offers, self.currency)?)
    }
}

fn products(cart: &Cart) -> impl Iterator<Item = ProductId> {
    cart.lines.iter().map(|line| line.product)
}
