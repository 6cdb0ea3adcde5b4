//! Execution of the RPCs. Each one reads the cart, requests offers from the catalog, and changes
//! the cart, in this order.
//!
//! The catalog is queried before a cart is changed. While the catalog is unavailable, an RPC whose
//! response contains offers fails before it changes the cart. Otherwise a client that retries the
//! failed RPC would add the product twice.

use std::collections::HashSet;

use kit::redis::Redis;
use money::Currency;
use wire::{ProductId, UserId};

use crate::catalog::Catalog;
use crate::domain::cart::{Cart, Change, Line, is_guest};
use crate::domain::pricing::{Offers, PricedCart, PricedLine};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::redis_memory;
use crate::store::{ChangeResult, Store};

/// Whether adding a product may create the cart of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GuestCartCreation {
    Allowed,
    Refused,
}

/// Cart of a customer after the cart of a guest was merged into it.
pub(crate) struct MergedCart {
    pub(crate) cart: PricedCart,
    /// Lines of the guest that did not fit.
    pub(crate) not_merged: Vec<PricedLine>,
}

/// Carts and the dependencies of their RPCs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Carts {
    /// Redis, whose memory limits how many carts of guests are created.
    pub(crate) redis: Redis,
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(crate) currency: Currency,
    pub(crate) metrics: Metrics,
}

impl Carts {
    /// Returns a cart with current prices.
    pub(crate) async fn read(&self, owner: UserId) -> Result<PricedCart, Error> {
        let cart = self.store.read(owner).await?;
        let offers = self.offers(&cart.lines, Offers::new()).await?;
        self.with_prices(cart, &offers)
    }

    /// Adds units of a product, and returns the cart with current prices.
    pub(crate) async fn add(
        &self,
        owner: UserId,
        change: Change,
        creation: GuestCartCreation,
    ) -> Result<PricedCart, Error> {
        let before = self.store.read(owner).await?;
        if is_guest(owner) && before.version == 0 {
            self.admit_guest(&change, creation).await?;
        }
        self.change_from(before, owner, change).await
    }

    /// Changes a line and returns the cart with current prices.
    pub(crate) async fn change(&self, owner: UserId, change: Change) -> Result<PricedCart, Error> {
        let before = self.store.read(owner).await?;
        self.change_from(before, owner, change).await
    }

    /// Changes a cart without returning its content.
    pub(crate) async fn clear(&self, owner: UserId, change: &Change) -> Result<(), Error> {
        self.apply(owner, change).await?;
        Ok(())
    }

    /// Moves the lines of a guest's cart into the cart of a customer.
    pub(crate) async fn merge(&self, guest: UserId, user: UserId) -> Result<MergedCart, Error> {
        let (moved, before) = tokio::try_join!(self.store.read(guest), self.store.read(user))?;
        let offers = self.offers(moved.lines.iter().chain(&before.lines), Offers::new()).await?;
        let ChangeResult { cart, not_merged, .. } = self.apply(user, &Change::Merge(guest)).await?;
        let offers = self.offers(cart.lines.iter().chain(&not_merged), offers).await?;
        let not_merged = Cart { lines: not_merged, ..Cart::default() };
        Ok(MergedCart {
            cart: self.with_prices(cart, &offers)?,
            not_merged: self.with_prices(not_merged, &offers)?.lines,
        })
    }

    /// Decides whether a guest without a cart gets one.
    async fn admit_guest(&self, change: &Change, creation: GuestCartCreation) -> Result<(), Error> {
        if creation == GuestCartCreation::Refused {
            return Err(Error::GuestCartAbsent);
        }
        if redis_memory::is_nearly_full(&self.redis).await {
            let refusal = Err(Error::RedisNearlyFull);
            self.metrics.observe_change(change, &refusal);
            return refusal.map(|ChangeResult { .. }| ());
        }
        Ok(())
    }

    async fn change_from(
        &self,
        before: Cart,
        owner: UserId,
        change: Change,
    ) -> Result<PricedCart, Error> {
        let lines = before.lines.iter().map(|line| line.product);
        let offers = self.catalog.offers(lines.chain(change.product())).await?;
        if let Change::Add(product, _) = &change
            && !offers.get(product).is_some_and(|offer| offer.is_active)
        {
            return Err(Error::NotFound("product"));
        }
        let ChangeResult { cart: after, .. } = self.apply(owner, &change).await?;
        let offers = self.offers(&after.lines, offers).await?;
        self.with_prices(after, &offers)
    }

    async fn apply(&self, owner: UserId, change: &Change) -> Result<ChangeResult, Error> {
        let result = self.store.change(owner, change).await;
        self.metrics.observe_change(change, &result);
        result
    }

    /// Requests the offers of the lines that are not among the known ones. After a change these are
    /// products that a concurrent request has added in between.
    async fn offers(
        &self,
        lines: impl IntoIterator<Item = &Line>,
        mut known: Offers,
    ) -> Result<Offers, Error> {
        let products = lines.into_iter().map(|line| line.product);
        let unknown: HashSet<ProductId> =
            products.filter(|product| !known.contains_key(product)).collect();
        known.extend(self.catalog.offers(unknown).await?);
        Ok(known)
    }

    fn with_prices(&self, cart: Cart, offers: &Offers) -> Result<PricedCart, Error> {
        Ok(PricedCart::new(cart, offers, self.currency)?)
    }
}
