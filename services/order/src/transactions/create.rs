//! Idempotent creation of an order together with its saga. The idempotency key of the request is
//! committed with the order: a repeat returns the same order, and a repeat with another body is
//! refused.

use kit::postgres::{constraint, traced};

use super::OrderRepository;
use crate::domain::checkout::{Checkout, Data, Step};
use crate::domain::ids::{EntryId, OrderId, UserId};
use crate::domain::order::Order;
use crate::error::Error;
use crate::saga::{ClaimedSaga, Saga};
use crate::store;
use crate::store::orders::{PriorOrders, RequestIdentity};

/// An order to insert.
#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    pub(crate) order: Order,
    pub(crate) identity: RequestIdentity,
    /// [`PlacementCheck::last_left_cart`], from before the cart was read.
    pub(crate) last_left_cart: i64,
}

/// Result of a request for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// The order was inserted, and the caller holds the claim of its checkout's first step.
    New(Box<ClaimedSaga>),
    /// The request is a repeat; this order was created earlier.
    Existing(OrderId),
}

impl Created {
    /// Returns the id of the order.
    pub(crate) fn id(&self) -> OrderId {
        match self {
            Self::New(claimed) => claimed.order.id,
            Self::Existing(id) => *id,
        }
    }
}

/// Whether an earlier order satisfies or blocks a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExistingOrder {
    /// The request is a repeat of the one that created this order.
    Repeat(OrderId),
    /// The units of another order are still in the cart.
    InProgress,
    /// No earlier order satisfies or blocks the request.
    None,
}

/// Result of the check before an order is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlacementCheck {
    /// The earlier order that satisfies or blocks the request.
    pub(crate) existing: ExistingOrder,
    /// Number of the customer's last order whose paid units left the cart. It only grows, so it
    /// shows whether units were removed from the cart after the cart was read.
    pub(crate) last_left_cart: i64,
}

impl OrderRepository {
    /// Finds the order of this idempotency key or, if `cart_version` is given, of this version of
    /// the cart. A key that was used for another request is refused. A key that finds the order of
    /// a request without this key is attached to that order, unless many are attached already.
    pub(crate) async fn find_existing(
        &self,
        user: UserId,
        identity: &RequestIdentity,
        cart_version: Option<i64>,
    ) -> Result<PlacementCheck, Error> {
        let mut conn = self.pool.acquire().await?;
        let find =
            store::orders::find_prior(&mut conn, user, identity.key.as_deref(), cart_version);
        let PriorOrders { by_key, by_cart, in_cart, last_left_cart } =
            traced("order.find_prior", find).await?;
        let existing = match (by_key, by_cart) {
            (Some((_, first)), _) if first != identity.fingerprint => return Err(Error::KeyReused),
            (Some((order, _)), _) => ExistingOrder::Repeat(order),
            (None, Some(order)) => {
                if let Some(key) = &identity.key {
                    let key = (key.as_str(), identity.fingerprint.as_slice());
                    let attach = store::orders::attach_key(&mut conn, user, key, order);
                    if !traced("order.attach_key", attach).await? {
                        return Err(Error::CartChanged);
                    }
                }
                ExistingOrder::Repeat(order)
            }
            (None, None) if in_cart => ExistingOrder::InProgress,
            (None, None) => ExistingOrder::None,
        };
        Ok(PlacementCheck { existing, last_left_cart })
    }

    /// Inserts an order and its checkout, or returns the order of this key or of this version of
    /// the cart. Nothing is inserted while another order of this customer is in progress, or when
    /// another order removed its units from the cart after the cart was read: they may be the same
    /// units.
    pub(crate) async fn create(&self, new: &NewOrder) -> Result<Created, Error> {
        match traced("order.create", self.try_create(new)).await {
            Ok(claimed) => Ok(Created::New(Box::new(claimed))),
            Err(Error::Database(error)) if constraint(&error).is_some_and(is_repeat) => {
                let NewOrder { order, identity, .. } = new;
                let version = Some(order.cart_version);
                match self.find_existing(order.user, identity, version).await?.existing {
                    ExistingOrder::Repeat(order) => Ok(Created::Existing(order)),
                    ExistingOrder::InProgress | ExistingOrder::None => Err(Error::OrderInProgress),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn try_create(
        &self,
        NewOrder { order, identity, last_left_cart }: &NewOrder,
    ) -> Result<ClaimedSaga, Error> {
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
        store::orders::insert(&mut tx, order, EntryId(self.env.uuid()), identity).await?;
        // Once this order is inserted it occupies the cart, so no other order's units can leave it;
        // the next statement sees every order that left the cart before.
        let guard = (order.user, *last_left_cart);
        let version = store::checkouts::insert(&mut tx, &checkout, self.lease(), guard).await?;
        let version = version.ok_or(Error::CartChanged)?;
        tx.commit().await?;
        Ok(ClaimedSaga { saga: Saga::Checkout(checkout), order: order.clone(), version })
    }
}

/// Whether a repeated request violates this unique index.
fn is_repeat(constraint: &str) -> bool {
    matches!(
        constraint,
        "orders_idempotency_key" | "orders_cart_version_key" | "orders_in_cart_key"
    )
}
