//! Making an order.

use kit::postgres::{constraint, traced};

use super::Records;
use crate::{
    domain::{
        checkout::{Checkout, Data, Step},
        ids::{EntryId, OrderId, UserId},
        order::Order,
    },
    driver::{Claimed, Flow},
    error::Error,
    store::{
        self,
        orders::{Asked, Known},
    },
};

/// An order to be made.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) order: Order,
    pub(crate) asked: Asked,
    /// [`Before::last_left`], from before the cart was read.
    pub(crate) last_left: i64,
}

/// What a request for an order came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// An order was made, and the first step of its checkout is the caller's.
    New(Box<Claimed>),
    /// There is one already, which is the answer.
    Known(OrderId),
}

impl Created {
    /// The order.
    pub(crate) fn id(&self) -> OrderId {
        match self {
            Self::New(claimed) => claimed.order.id,
            Self::Known(id) => *id,
        }
    }
}

/// What stands in the way of another order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It was made already.
    Known(OrderId),
    /// Units of another one are still in the cart.
    Busy,
    /// Nothing.
    Free,
}

/// What there is before an order is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// What stands in its way.
    pub(crate) standing: Standing,
    /// Which of the customer's orders was the last whose paid units left the cart. It only grows, and tells
    /// whether units were taken out of the cart since it was read.
    pub(crate) last_left: i64,
}

impl Records {
    /// Whether an order was made for this key, or of this version of the cart, if one is named. A key
    /// that was used for something else is refused; one that meets the order of another request goes with
    /// it from then on.
    pub(crate) async fn standing(
        &self,
        user: UserId,
        asked: &Asked,
        cart_version: Option<i64>,
    ) -> Result<Before, Error> {
        let mut conn = self.pool.acquire().await?;
        let known = store::orders::known(&mut conn, user, asked.key.as_deref(), cart_version);
        let Known { of_key, of_cart, in_cart, last_left } = traced("order.known", known).await?;
        let standing = match (of_key, of_cart) {
            (Some((_, first)), _) if first != asked.fingerprint => return Err(Error::KeyReused),
            (Some((order, _)), _) => Standing::Known(order),
            (None, Some(order)) => {
                if let Some(key) = &asked.key {
                    let key = (key.as_str(), asked.fingerprint.as_slice());
                    let kept = store::orders::keep_key(&mut conn, user, key, order);
                    traced("order.keep_key", kept).await?;
                }
                Standing::Known(order)
            }
            (None, None) if in_cart => Standing::Busy,
            (None, None) => Standing::Free,
        };
        Ok(Before { standing, last_left })
    }

    /// Makes an order and its checkout, unless there is one of this key or of this version of the cart.
    /// While another one of this customer is at work, nothing is made; nor when another one took its
    /// units out of the cart after the cart was read, for these may be the same.
    pub(crate) async fn create(&self, new: &New) -> Result<Created, Error> {
        match traced("order.create", self.try_create(new)).await {
            Ok(claimed) => Ok(Created::New(Box::new(claimed))),
            Err(Error::Database(error)) if constraint(&error).is_some_and(is_repeat) => {
                let New { order, asked, .. } = new;
                match self.standing(order.user, asked, Some(order.cart_version)).await?.standing {
                    Standing::Known(order) => Ok(Created::Known(order)),
                    Standing::Busy | Standing::Free => Err(Error::OrderInProgress),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn try_create(&self, New { order, asked, last_left }: &New) -> Result<Claimed, Error> {
        let checkout = Checkout {
            order: order.id,
            step: Step::Reserve,
            data: Data::default(),
            attempts: 1,
            began_at: order.created_at,
            deadline_at: order.created_at + self.step_deadline,
            cancel: None,
        };
        let mut tx = self.pool.begin().await?;
        store::orders::insert(&mut tx, order, EntryId(self.env.uuid()), asked).await?;
        // From the insert of the order on none can leave the cart, for this one is in it, and a statement
        // after it sees all that have left before.
        let fence = (order.user, *last_left);
        let version = store::checkouts::insert(&mut tx, &checkout, self.lease(), fence).await?;
        let version = version.ok_or(Error::CartChanged)?;
        tx.commit().await?;
        Ok(Claimed { flow: Flow::Checkout(checkout), order: order.clone(), version })
    }
}

/// The unique indexes that a repeat runs into.
fn is_repeat(constraint: &str) -> bool {
    matches!(
        constraint,
        "orders_idempotency_key" | "orders_cart_version_key" | "orders_in_cart_key"
    )
}
