//! Statements on the outbox. `orders` writes the messages together with the change that they
//! report.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use money::{Currency, Money};
use sqlx::{PgConnection, query_as, query_scalar};
use uuid::Uuid;

use super::{Fence, Lease, NextAttempt, attempts_from_stored};
use crate::domain::backoff::MAX_MESSAGE_BACKOFF;
use crate::domain::ids::OrderId;
use crate::domain::outbox::{Message, State, Topic};
use crate::error::Error;

/// `query_as!` of [`MessageRow`]: claims a message that matches `$filter`, is due and is not
/// leased. A macro, because checked SQL must be a literal.
macro_rules! claim {
    ($filter:literal, $order:ident, $lease:ident) => {
        query_as!(
            MessageRow,
            "UPDATE outbox m
             SET lease_until = now() + make_interval(secs => $2), version = version + 1,
                 attempts = attempts + 1, tried_at = coalesce(tried_at,
                     -- The previous release does not record its first attempt.
                     CASE WHEN attempts = 0 THEN $1 ELSE m.created_at END)
             FROM orders o
             WHERE o.id = m.order_id AND m.id = (
                 SELECT id FROM outbox w
                 WHERE state = 'waiting' AND (due_at <= $1 OR due_at > $4)
                     AND (lease_until IS NULL OR lease_until <= now())
                     AND ($3::uuid IS NULL OR order_id = $3) AND "
            + $filter
            + " ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING m.id, m.order_id, m.topic, m.refund_id, m.amount_cents, m.state, m.attempts,
                 m.version, m.tried_at, o.currency",
            $lease.now.to_sqlx(),
            $lease.secs(),
            $order.map(|order| order.0),
            $lease.max_plausible_due_at(MAX_MESSAGE_BACKOFF).to_sqlx(),
        )
    };
}

/// Claims a message that removes units from the cart, and returns it with the version of the claim.
pub(crate) async fn claim_cart(
    conn: &mut PgConnection,
    order: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Message, i64)>, Error> {
    let row = claim!("topic = 'cart'", order, lease).fetch_optional(conn).await?;
    row.map(|row| row.into_domain(lease.now)).transpose()
}

/// Claims a mail, and returns it with the version of the claim. The mails of an order are sent in
/// the order in which they were written.
pub(crate) async fn claim_mail(
    conn: &mut PgConnection,
    order: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Message, i64)>, Error> {
    let row = claim!(
        "topic <> 'cart' AND NOT EXISTS (SELECT FROM outbox earlier
             WHERE earlier.order_id = w.order_id AND earlier.state = 'waiting'
                 AND earlier.topic <> 'cart' AND earlier.created_at < w.created_at)",
        order,
        lease
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.into_domain(lease.now)).transpose()
}

/// Writes a message after an attempt and ends the claim; `None` if the claim no longer holds.
pub(crate) async fn record_outcome(
    conn: &mut PgConnection,
    message: &Message,
    next_attempt: NextAttempt,
    fence: Fence<'_>,
) -> Result<Option<i64>, Error> {
    let version = query_scalar!(
        "UPDATE outbox
         SET state = $3, due_at = $4, lease_until = now() + make_interval(secs => $5),
             version = version + 1, last_error = $6
         WHERE id = $1 AND version = $2
         RETURNING version",
        message.id.0,
        fence.version,
        stored_state(message.state),
        next_attempt.due_at.to_sqlx(),
        next_attempt.lease_secs(),
        fence.error,
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

fn stored_state(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Delivered => "delivered",
        State::Refused => "refused",
    }
}

struct MessageRow {
    id: Uuid,
    order_id: Uuid,
    topic: String,
    refund_id: Option<Uuid>,
    amount_cents: Option<i64>,
    state: String,
    attempts: i32,
    version: i64,
    tried_at: Option<jiff_sqlx::Timestamp>,
    currency: String,
}

impl MessageRow {
    fn into_domain(self, now: Timestamp) -> Result<(Message, i64), Error> {
        let topic = self.topic()?;
        let tried_at = self.tried_at.map_or(now, |at| at.to_jiff());
        let state = [State::Waiting, State::Delivered, State::Refused]
            .into_iter()
            .find(|state| stored_state(*state) == self.state)
            .ok_or(Error::UnknownStoredValue("outbox.state"))?;
        let message = Message {
            id: self.id.into(),
            order: self.order_id.into(),
            is_expired: topic.is_expired(tried_at, now),
            topic,
            state,
            attempts: attempts_from_stored(self.attempts),
        };
        Ok((message, self.version))
    }

    fn topic(&self) -> Result<Topic, Error> {
        let without_details = [
            Topic::TakeFromCart,
            Topic::ConfirmationMail,
            Topic::CancelledMail,
            Topic::ShippedMail,
        ];
        if let Some(topic) = without_details.into_iter().find(|topic| topic.as_str() == self.topic)
        {
            return Ok(topic);
        }
        let currency: Currency =
            self.currency.parse().map_err(|_| Error::UnknownStoredValue("orders.currency"))?;
        match (self.refund_id, self.amount_cents) {
            (Some(refund), Some(cents)) => {
                Ok(Topic::RefundMail { refund: refund.into(), amount: Money::new(cents, currency) })
            }
            _ => Err(Error::UnknownStoredValue("outbox.topic")),
        }
    }
}
