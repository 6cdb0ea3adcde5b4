//! Making an order.

use kit::postgres::{constraint, traced};

use super::Records;
use crate::{
    domain::{
        checkout::{Checkout, Data, Step},
        event::By,
        ids::{OrderId, UserId},
        order::Order,
    },
    error::Error,
    store::{self, orders::Asked},
};

/// An order to be made.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) order: Order,
    pub(crate) asked: Asked,
}

/// What a request for an order came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// An order was made.
    New(OrderId),
    /// There is one already, which is the answer.
    Known(OrderId),
}

impl Created {
    /// The order.
    pub(crate) fn id(self) -> OrderId {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }
}

impl Records {
    /// The order that was made for this key, or of this version of the cart. A key that was used for
    /// something else is refused.
    pub(crate) async fn known(
        &self,
        user: UserId,
        asked: &Asked,
        cart_version: Option<i64>,
    ) -> Result<Option<OrderId>, Error> {
        let mut conn = self.pool.acquire().await?;
        let work = async {
            if let Some(key) = &asked.key
                && let Some((order, fingerprint)) =
                    store::orders::of_key(&mut conn, user, key).await?
            {
                return match fingerprint == asked.fingerprint {
                    true => Ok(Some(order)),
                    false => Err(Error::KeyReused),
                };
            }
            match cart_version {
                Some(version) => store::orders::of_cart(&mut conn, user, version).await,
                None => Ok(None),
            }
        };
        traced("order.known", work).await
    }

    /// Whether units of an order are still in the customer's cart.
    pub(crate) async fn is_in_cart(&self, user: UserId) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        traced("order.is_in_cart", store::orders::is_in_cart(&mut conn, user)).await
    }

    /// Makes an order and its checkout, unless there is one of this key or of this version of the cart.
    /// While another one of this customer is at work, nothing is made.
    pub(crate) async fn create(&self, new: &New) -> Result<Created, Error> {
        match traced("order.create", self.try_create(new)).await {
            Ok(()) => Ok(Created::New(new.order.id)),
            Err(Error::Database(error)) if constraint(&error).is_some_and(is_repeat) => {
                let New { order, asked } = new;
                let known = self.known(order.user, asked, Some(order.cart_version)).await?;
                known.map(Created::Known).ok_or(Error::OrderInProgress)
            }
            Err(error) => Err(error),
        }
    }

    async fn try_create(&self, New { order, asked }: &New) -> Result<(), Error> {
        let mut tx = self.pool.begin().await?;
        store::orders::insert(&mut tx, order, asked).await?;
        self.note(&mut tx, order.id, order.status, By::default()).await?;
        let checkout = Checkout {
            order: order.id,
            step: Step::Reserve,
            data: Data::default(),
            attempts: 0,
            began_at: order.created_at,
            deadline_at: order.created_at + self.step_deadline,
            cancel: None,
        };
        store::checkouts::insert(&mut tx, &checkout).await?;
        Ok(tx.commit().await?)
    }
}

/// The unique indexes that a repeat runs into.
fn is_repeat(constraint: &str) -> bool {
    matches!(
        constraint,
        "orders_idempotency_key" | "orders_cart_version_key" | "orders_in_cart_key"
    )
}
