//! What each RPC reads, asks and changes, in which order.
//!
//! The catalog is asked before a cart is changed: while it is away nothing is changed that could not be
//! answered, and a caller that tries again adds nothing twice.

use money::Currency;
use wire::{ProductId, UserId};

use crate::{
    catalog::Catalog,
    domain::{
        cart::{Cart, Change},
        pricing::{Offers, PricedCart},
    },
    error::Error,
    metrics::Metrics,
    store::{Changed, Store},
};

/// The carts and what they need. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Carts {
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(crate) currency: Currency,
    pub(crate) metrics: Metrics,
}

impl Carts {
    /// A cart with the prices of now.
    pub(crate) async fn read(&self, user: UserId) -> Result<PricedCart, Error> {
        let cart = self.store.read(user).await?;
        self.priced(cart, Offers::new()).await
    }

    /// Changes a line and answers the cart with the prices of now.
    pub(crate) async fn change(&self, user: UserId, change: Change) -> Result<PricedCart, Error> {
        let before = self.store.read(user).await?;
        let offers = self.catalog.offers(products(&before).chain(change.product())).await?;
        if let Change::Add(product, _) = &change
            && !offers.get(product).is_some_and(|offer| offer.is_active)
        {
            return Err(Error::NotFound("product"));
        }
        let after = self.carry_out(user, &change).await?;
        self.priced(after, offers).await
    }

    /// Changes a cart of which nothing is to be answered.
    pub(crate) async fn clear(&self, user: UserId, change: &Change) -> Result<(), Error> {
        self.carry_out(user, change).await?;
        Ok(())
    }

    async fn carry_out(&self, user: UserId, change: &Change) -> Result<Cart, Error> {
        let outcome = self.store.change(user, change).await;
        self.metrics.changed(change, &outcome);
        outcome.map(|Changed { cart, .. }| cart)
    }

    /// With what is known of its products, and with the rest asked for: somebody else may have added
    /// some meanwhile.
    async fn priced(&self, cart: Cart, mut offers: Offers) -> Result<PricedCart, Error> {
        let unknown: Vec<_> =
            products(&cart).filter(|product| !offers.contains_key(product)).collect();
        offers.extend(self.catalog.offers(unknown).await?);
        Ok(PricedCart::new(cart, &offers, self.currency)?)
    }
}

fn products(cart: &Cart) -> impl Iterator<Item = ProductId> {
    cart.lines.iter().map(|line| line.product)
}
