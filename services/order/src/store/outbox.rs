//! Messages on their way out. They are written with the change that they tell of, in `orders`.

use jiff_sqlx::ToSqlx;
use money::{Currency, Money};
use sqlx::{PgConnection, query_as, query_scalar};
use uuid::Uuid;

use super::{Fence, Lease, Onward, tries};
use crate::{
    domain::{
        ids::OrderId,
        outbox::{Message, State, Topic},
        pace::MESSAGE_CAP,
    },
    error::Error,
};

/// `query_as!` of [`Row`]: claims a message of a sort that is due and that nobody has. A macro, because
/// checked SQL must be a literal.
macro_rules! claim {
    ($sort:literal, $of:ident, $lease:ident) => {
        query_as!(
            Row,
            "UPDATE outbox m
             SET lease_until = now() + make_interval(secs => $2), version = version + 1,
                 attempts = attempts + 1
             FROM orders o
             WHERE o.id = m.order_id AND m.id = (
                 SELECT id FROM outbox w
                 WHERE state = 'waiting' AND (due_at <= $1 OR due_at > $4)
                     AND (lease_until IS NULL OR lease_until <= now())
                     AND ($3::uuid IS NULL OR order_id = $3) AND "
            + $sort
            + " ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING m.id, m.order_id, m.topic, m.refund_id, m.amount_cents, m.state, m.attempts,
                 m.version, o.currency",
            $lease.now.to_sqlx(),
            $lease.secs(),
            $of.map(|order| order.0),
            $lease.absurd(MESSAGE_CAP).to_sqlx(),
        )
    };
}

/// Claims a message to the cart, and tells the version of the claim.
pub(crate) async fn claim_cart(
    conn: &mut PgConnection,
    of: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Message, i64)>, Error> {
    let row = claim!("topic = 'cart'", of, lease).fetch_optional(conn).await?;
    row.map(Row::read).transpose()
}

/// Claims a mail likewise. The mails of an order go out in the order in which they were written.
pub(crate) async fn claim_mail(
    conn: &mut PgConnection,
    of: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Message, i64)>, Error> {
    let row = claim!(
        "topic <> 'cart' AND NOT EXISTS (SELECT FROM outbox earlier
             WHERE earlier.order_id = w.order_id AND earlier.state = 'waiting'
                 AND earlier.topic <> 'cart' AND earlier.created_at < w.created_at)",
        of,
        lease
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// Writes what became of a message and ends the claim; `None` when it does not hold any more.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    message: &Message,
    onward: Onward,
    fence: Fence<'_>,
) -> Result<Option<i64>, Error> {
    let version = query_scalar!(
        "UPDATE outbox
         SET state = $3, due_at = $4, lease_until = now() + make_interval(secs => $5), version = version + 1,
             last_error = $6
         WHERE id = $1 AND version = $2
         RETURNING version",
        message.id.0,
        fence.version,
        state_word(message.state),
        onward.due_at.to_sqlx(),
        onward.lease_secs(),
        fence.error,
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Delivered => "delivered",
        State::Refused => "refused",
    }
}

struct Row {
    id: Uuid,
    order_id: Uuid,
    topic: String,
    refund_id: Option<Uuid>,
    amount_cents: Option<i64>,
    state: String,
    attempts: i32,
    version: i64,
    currency: String,
}

impl Row {
    fn read(self) -> Result<(Message, i64), Error> {
        let topic = self.topic()?;
        let state = [State::Waiting, State::Delivered, State::Refused]
            .into_iter()
            .find(|state| state_word(*state) == self.state)
            .ok_or(Error::Stored("outbox.state"))?;
        let message = Message {
            id: self.id.into(),
            order: self.order_id.into(),
            topic,
            state,
            attempts: tries(self.attempts),
        };
        Ok((message, self.version))
    }

    fn topic(&self) -> Result<Topic, Error> {
        let plain = [
            Topic::TakeFromCart,
            Topic::ConfirmationMail,
            Topic::CancelledMail,
            Topic::ShippedMail,
        ];
        if let Some(topic) = plain.into_iter().find(|topic| topic.as_str() == self.topic) {
            return Ok(topic);
        }
        let currency: Currency =
            self.currency.parse().map_err(|_| Error::Stored("orders.currency"))?;
        match (self.refund_id, self.amount_cents) {
            (Some(refund), Some(cents)) => {
                Ok(Topic::RefundMail { refund: refund.into(), amount: Money::new(cents, currency) })
            }
            _ => Err(Error::Stored("outbox.topic")),
        }
    }
}
