//! Database transactions: each function of this module commits exactly one.
//!
//! Locks are always taken in the same order: first the saga's row (checkout, refund or message),
//! then its order. A transaction that begins a refund holds the order's lock and has checked that
//! no refund is open, so it never waits for the row of another refund. No transaction waits for
//! anything but PostgreSQL.

mod change;
mod create;
mod sagas;

pub(crate) use change::RefundRequest;
pub(crate) use create::{Created, ExistingOrder, NewOrder};

use std::collections::HashMap;
use std::time::Duration;

use jiff::SignedDuration;
use kit::Env;
use kit::postgres::traced;
use sqlx::{PgConnection, PgPool};
use wire::Page;

use crate::domain::event::{Actor, Event};
use crate::domain::ids::{EntryId, MessageId, OrderId, RefundId, UserId};
use crate::domain::order::{Applied, HistoryEntry, Order};
use crate::domain::refund::{Kind, Refund};
use crate::error::Error;
use crate::saga::SagaKind;
use crate::store::listing::Filter;
use crate::store::orders::RequestIdentity;
use crate::store::{self, Lease};

/// Duration of a lease. It covers the call and the transaction after it (`args.rs` asserts that at
/// compile time); a saga whose executor crashed continues when its lease has expired.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
const LEASE_LENGTH: SignedDuration = SignedDuration::from_secs(15);
const _: () = assert!(LEASE.as_secs() == LEASE_LENGTH.as_secs().unsigned_abs());

/// An order with its history.
pub(crate) type OrderWithHistory = (Order, Vec<HistoryEntry>);

/// Repository of orders and their sagas in PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct OrderRepository {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    /// How long a step before the pivot is retried.
    pub(crate) step_deadline: SignedDuration,
}

impl OrderRepository {
    /// Returns an order with its history; with `user`, only an order of this customer.
    pub(crate) async fn read(
        &self,
        id: OrderId,
        user: Option<UserId>,
    ) -> Result<OrderWithHistory, Error> {
        let mut conn = self.pool.acquire().await?;
        let work = async {
            let order = store::orders::find(&mut conn, id).await?;
            let order = require_owner(order, user)?;
            let mut histories = store::history::find_by_orders(&mut conn, &[id]).await?;
            Ok((order, histories.remove(&id).unwrap_or_default()))
        };
        traced("order.read", work).await
    }

    /// Returns a page of orders with their histories, and the number of orders on all pages.
    pub(crate) async fn list(
        &self,
        filter: &Filter,
        page: Page,
    ) -> Result<(Vec<OrderWithHistory>, i64), Error> {
        let mut conn = self.pool.acquire().await?;
        let work = async {
            let (ids, total) = store::listing::list(&mut conn, filter, page).await?;
            let orders = store::orders::find_all(&mut conn, &ids).await?;
            let mut histories: HashMap<_, _> =
                store::history::find_by_orders(&mut conn, &ids).await?;
            let with_history = |order: Order| {
                let history = histories.remove(&order.id).unwrap_or_default();
                (order, history)
            };
            Ok((orders.into_iter().map(with_history).collect(), total))
        };
        traced("order.list", work).await
    }

    /// Whether a checkout or a refund of the order is in progress.
    pub(crate) async fn is_open(&self, order: OrderId) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        traced("order.is_open", store::stats::is_open(&mut conn, order)).await
    }

    /// Whether the units of the order are still in the customer's cart.
    pub(crate) async fn is_in_cart(&self, order: OrderId) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        traced("order.is_in_cart", store::orders::is_in_cart(&mut conn, order)).await
    }

    fn lease(&self) -> Lease {
        Lease { now: self.env.now(), length: LEASE_LENGTH }
    }

    /// Applies events to a locked order and writes the result.
    async fn apply(
        &self,
        conn: &mut PgConnection,
        order: &mut Order,
        events: &[Event],
    ) -> Result<(), Error> {
        let now = self.env.now();
        for event in events {
            let applied = order.apply(event, now)?;
            self.write(conn, order, applied).await?;
            if let Event::CancelRequested { actor } = event {
                self.begin_cancel(conn, order, actor.clone()).await?;
            }
        }
        Ok(())
    }

    /// Writes a changed order, its history entry and its outbox messages.
    async fn write(
        &self,
        conn: &mut PgConnection,
        order: &Order,
        applied: Applied,
    ) -> Result<(), Error> {
        let entry = applied.status_change.as_ref().map(|actor| (EntryId(self.env.uuid()), actor));
        let messages: Vec<_> =
            applied.messages.iter().map(|topic| (MessageId(self.env.uuid()), topic)).collect();
        store::orders::update(conn, order, entry, &messages).await
    }

    /// Begins the cancellation of a locked order that was paid.
    async fn begin_cancel(
        &self,
        conn: &mut PgConnection,
        order: &Order,
        actor: Actor,
    ) -> Result<(), Error> {
        let refund = Refund {
            id: RefundId(self.env.uuid()),
            order: order.id,
            kind: Kind::Cancel,
            amount: order.unrefunded(),
            actor,
            step: Kind::Cancel.first_step(),
            attempts: 0,
            refusals: 0,
        };
        let identity = RequestIdentity { key: None, fingerprint: Vec::new() };
        store::refunds::insert(conn, &refund, &identity, self.env.now()).await?;
        store::notify_executors(conn, SagaKind::Refund.as_str()).await
    }
}

fn require_owner(order: Option<Order>, user: Option<UserId>) -> Result<Order, Error> {
    order.filter(|order| user.is_none_or(|user| order.user == user)).ok_or(Error::NotFound("order"))
}
