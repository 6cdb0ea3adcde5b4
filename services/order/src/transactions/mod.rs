//! What happens together: each function is one transaction of the database.
//!
//! Locks are taken in one order everywhere: the flow's row (checkout, refund or message), then its
//! order. Whoever begins a refund holds the order and has seen no open one, so that it never waits for
//! the row of another. No transaction waits for anything but PostgreSQL.

mod change;
mod create;
mod flows;

pub(crate) use change::RefundAsked;
pub(crate) use create::{Created, New, Standing};

use std::{collections::HashMap, time::Duration};

use jiff::SignedDuration;
use kit::{Env, postgres::traced};
use sqlx::{PgConnection, PgPool};
use wire::Page;

use crate::{
    domain::{
        event::{By, Event},
        ids::{EntryId, MessageId, OrderId, RefundId, UserId},
        order::{Applied, Entry, Order},
        refund::{Kind, Refund},
    },
    driver,
    error::Error,
    store::{self, Lease, listing::Filter, orders::Asked},
};

/// How long a claimed flow belongs to its driver. Longer than its call and the transaction after it
/// (`args.rs` has the proof); what a dead driver had goes on after this time.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
const LEASE_LENGTH: SignedDuration = SignedDuration::from_secs(15);
const _: () = assert!(LEASE.as_secs() == LEASE_LENGTH.as_secs().unsigned_abs());

/// An order and what happened to it.
pub(crate) type Told = (Order, Vec<Entry>);

/// Orders and their flows, as PostgreSQL keeps them.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    /// How long a step is tried before the pivot.
    pub(crate) step_deadline: SignedDuration,
}

impl Records {
    /// An order with its history; of this customer, if one is named.
    pub(crate) async fn read(&self, id: OrderId, user: Option<UserId>) -> Result<Told, Error> {
        let mut conn = self.pool.acquire().await?;
        let work = async {
            let order = store::orders::find(&mut conn, id).await?;
            let order = owned(order, user)?;
            let mut histories = store::history::of_orders(&mut conn, &[id]).await?;
            Ok((order, histories.remove(&id).unwrap_or_default()))
        };
        traced("order.read", work).await
    }

    /// A page of orders with their histories, and how many there are in all.
    pub(crate) async fn list(
        &self,
        filter: &Filter,
        page: Page,
    ) -> Result<(Vec<Told>, i64), Error> {
        let mut conn = self.pool.acquire().await?;
        let work = async {
            let (ids, total) = store::listing::list(&mut conn, filter, page).await?;
            let orders = store::orders::find_all(&mut conn, &ids).await?;
            let mut histories: HashMap<_, _> = store::history::of_orders(&mut conn, &ids).await?;
            let told = |order: Order| {
                let history = histories.remove(&order.id).unwrap_or_default();
                (order, history)
            };
            Ok((orders.into_iter().map(told).collect(), total))
        };
        traced("order.list", work).await
    }

    /// Whether a checkout or a refund of an order has not ended.
    pub(crate) async fn is_open(&self, order: OrderId) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        traced("order.is_open", store::stats::is_open(&mut conn, order)).await
    }

    /// Whether the units of an order are still in the customer's cart.
    pub(crate) async fn holds_cart(&self, order: OrderId) -> Result<bool, Error> {
        let mut conn = self.pool.acquire().await?;
        traced("order.holds_cart", store::orders::holds_cart(&mut conn, order)).await
    }

    fn lease(&self) -> Lease {
        Lease { now: self.env.now(), length: LEASE_LENGTH }
    }

    /// Writes what events did to a locked order.
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
            if let Event::CancelOwed { by } = event {
                self.begin_cancel(conn, order, by.clone()).await?;
            }
        }
        Ok(())
    }

    /// Writes a changed order, its history and its messages.
    async fn write(
        &self,
        conn: &mut PgConnection,
        order: &Order,
        applied: Applied,
    ) -> Result<(), Error> {
        let entry = applied.change.as_ref().map(|by| (EntryId(self.env.uuid()), by));
        let messages: Vec<_> =
            applied.messages.iter().map(|topic| (MessageId(self.env.uuid()), topic)).collect();
        store::orders::update(conn, order, entry, &messages).await
    }

    /// Begins to cancel a locked order that was paid.
    async fn begin_cancel(
        &self,
        conn: &mut PgConnection,
        order: &Order,
        by: By,
    ) -> Result<(), Error> {
        let refund = Refund {
            id: RefundId(self.env.uuid()),
            order: order.id,
            kind: Kind::Cancel,
            amount: order.left(),
            by,
            step: Kind::Cancel.first_step(),
            attempts: 0,
            refusals: 0,
        };
        let asked = Asked { key: None, fingerprint: Vec::new() };
        store::refunds::insert(conn, &refund, &asked, self.env.now()).await?;
        store::wake(conn, driver::Kind::Refund.as_str()).await
    }
}

fn owned(order: Option<Order>, user: Option<UserId>) -> Result<Order, Error> {
    order.filter(|order| user.is_none_or(|user| order.user == user)).ok_or(Error::NotFound("order"))
}
