//! Messages on their way out.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use money::{Currency, Money};
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use super::{Lease, tries};
use crate::{
    domain::{
        ids::{MessageId, OrderId},
        outbox::{Message, State, Topic, Transition},
    },
    error::Error,
};

/// Writes a message, due at once; nothing when there is one of its topic already.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    id: MessageId,
    order: OrderId,
    topic: &Topic,
    now: Timestamp,
) -> Result<(), Error> {
    let (refund, amount) = match topic {
        Topic::RefundMail { refund, amount } => (Some(refund.0), Some(amount.cents())),
        Topic::TakeFromCart
        | Topic::ConfirmationMail
        | Topic::CancelledMail
        | Topic::ShippedMail => (None, None),
    };
    query!(
        "INSERT INTO outbox (id, order_id, topic, refund_id, amount_cents, due_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT DO NOTHING",
        id.0,
        order.0,
        topic.as_str(),
        refund,
        amount,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims a message that is due and that nobody has, and tells the version of the claim.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    of: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Message, i64)>, Error> {
    let row = query_as!(
        Row,
        r#"UPDATE outbox m
         SET lease_until = $2, version = version + 1, attempts = attempts + 1
         FROM orders o
         WHERE o.id = m.order_id AND m.id = (
             SELECT id FROM outbox
             WHERE state = 'waiting' AND due_at <= $1
                 AND (lease_until IS NULL OR lease_until <= $1)
                 AND ($3::uuid IS NULL OR order_id = $3)
             ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING m.id, m.order_id, m.topic, m.refund_id, m.amount_cents, m.state, m.attempts,
             m.version, o.currency"#,
        lease.now.to_sqlx(),
        lease.until().to_sqlx(),
        of.map(|order| order.0),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// The message as it is now, locked, if the claim of `version` still holds.
pub(crate) async fn lock_claimed(
    conn: &mut PgConnection,
    id: MessageId,
    version: i64,
) -> Result<Option<Message>, Error> {
    let row = query_as!(
        Row,
        "SELECT m.id, m.order_id, m.topic, m.refund_id, m.amount_cents, m.state, m.attempts,
             m.version, o.currency
         FROM outbox m JOIN orders o ON o.id = m.order_id
         WHERE m.id = $1 AND m.version = $2 FOR UPDATE OF m",
        id.0,
        version,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Row::read).transpose()?.map(|(message, _)| message))
}

/// Writes what became of a locked message and ends the claim.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    id: MessageId,
    after: &Transition,
    error: &str,
) -> Result<(), Error> {
    query!(
        "UPDATE outbox
         SET state = $2, due_at = $3, lease_until = NULL, version = version + 1, last_error = $4
         WHERE id = $1",
        id.0,
        state_word(after.state),
        after.due_at.to_sqlx(),
        error,
    )
    .execute(conn)
    .await?;
    Ok(())
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
