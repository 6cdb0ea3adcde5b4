//! Statements that write orders and find them.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

pub(crate) use super::rows::{find, find_all, lock};
use crate::domain::event::Actor;
use crate::domain::ids::{EntryId, MessageId, OrderId, UserId};
use crate::domain::line::Line;
use crate::domain::order::Order;
use crate::domain::outbox::Topic;
use crate::error::Error;

/// Identity of a request: recognizes repeats.
#[derive(Clone, Debug)]
pub(crate) struct RequestIdentity {
    /// The caller's idempotency key, if it sent one.
    pub(crate) key: Option<String>,
    /// Hash of the request's contents.
    pub(crate) fingerprint: Vec<u8>,
}

/// Inserts an order with its lines and the first entry of its history.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    order: &Order,
    entry: EntryId,
    identity: &RequestIdentity,
) -> Result<(), Error> {
    let Order { sums, address, shipping_option, .. } = order;
    let column = |of: fn(&Line) -> Uuid| order.lines.iter().map(of).collect::<Vec<_>>();
    let names: Vec<String> = order.lines.iter().map(|line| line.name.clone()).collect();
    let quantities: Vec<i32> = order.lines.iter().map(|line| line.quantity).collect();
    let prices: Vec<i64> = order.lines.iter().map(|line| line.unit_price.cents()).collect();
    query!(
        "WITH written AS (
             INSERT INTO orders (id, user_id, status, currency, subtotal_cents, shipping_cents,
                 tax_cents, total_cents, recipient, street, city, state, zip_code, country,
                 payment_method, carrier, service, weight_grams, cart_version, idempotency_key,
                 fingerprint, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                 $18, $19, $20, $21, $22, $22)
         ), entry AS (
             INSERT INTO order_history (id, order_id, status, notes, actor_id, created_at)
             VALUES ($28, $1, $3, '', '', $22)
         )
         INSERT INTO order_lines
             (order_id, id, product_id, product_name, quantity, unit_price_cents, position)
         SELECT $1, *
         FROM unnest($23::uuid[], $24::uuid[], $25::text[], $26::integer[], $27::bigint[])
             WITH ORDINALITY",
        order.id.0,
        order.user.0,
        order.status.as_str(),
        order.currency().code(),
        sums.subtotal.cents(),
        sums.shipping.cents(),
        sums.tax.cents(),
        sums.total.cents(),
        address.recipient,
        address.street,
        address.city,
        address.state,
        address.zip_code,
        address.country,
        order.payment_method,
        shipping_option.carrier,
        shipping_option.service,
        order.weight_grams,
        order.cart_version,
        identity.key,
        identity.fingerprint,
        order.created_at.to_sqlx(),
        &column(|line| line.id.0),
        &column(|line| line.product.0),
        &names,
        &quantities,
        &prices,
        entry.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Updates an order after an event, and inserts its outbox messages and, if the status changed, the
/// history entry. Messages are due at once, and their executors are woken when the transaction
/// commits. A message of a topic that the order already has is not inserted again.
pub(crate) async fn update(
    conn: &mut PgConnection,
    order: &Order,
    entry: Option<(EntryId, &Actor)>,
    messages: &[(MessageId, &Topic)],
) -> Result<(), Error> {
    let failure = order.failure.as_ref();
    let products: Vec<Uuid> =
        failure.map(|f| f.products.iter().map(|product| product.0).collect()).unwrap_or_default();
    let ids: Vec<Uuid> = messages.iter().map(|(id, _)| id.0).collect();
    let topics: Vec<String> = messages.iter().map(|(_, topic)| topic.as_str().to_owned()).collect();
    let (refunds, amounts): (Vec<Option<Uuid>>, Vec<Option<i64>>) = messages
        .iter()
        .map(|(_, topic)| match topic {
            Topic::RefundMail { refund, amount } => (Some(refund.0), Some(amount.cents())),
            Topic::TakeFromCart
            | Topic::ConfirmationMail
            | Topic::CancelledMail
            | Topic::ShippedMail => (None, None),
        })
        .unzip();
    query!(
        "WITH changed AS (
             UPDATE orders
             SET status = $2, refunded_cents = $3, in_cart = $4, transaction_id = $5,
                 tracking_number = $6, failure_code = $7, decline_code = $8,
                 unavailable_product_ids = $9, updated_at = $10,
                 left_cart = CASE WHEN in_cart AND NOT $4 AND $5::text IS NOT NULL
                     THEN nextval('orders_left_cart_seq') ELSE left_cart END
             WHERE id = $1
         ), entry AS (
             INSERT INTO order_history (id, order_id, status, notes, actor_id, created_at)
             SELECT $11, $1, $2, $12, $13, $10 WHERE $11::uuid IS NOT NULL
         ), written AS (
             INSERT INTO outbox (id, order_id, topic, refund_id, amount_cents, due_at, created_at)
             SELECT m.id, $1, m.topic, m.refund_id, m.amount_cents, $10, $10
             FROM unnest($14::uuid[], $15::text[], $16::uuid[], $17::bigint[])
                 m (id, topic, refund_id, amount_cents)
             ON CONFLICT DO NOTHING RETURNING topic
         )
         SELECT pg_notify('order_work', CASE topic WHEN 'cart' THEN 'cart' ELSE 'mail' END)
         FROM written",
        order.id.0,
        order.status.as_str(),
        order.refunded.cents(),
        order.in_cart,
        order.transaction,
        order.tracking_number,
        failure.map(|failure| failure.code.as_str()),
        failure.map_or("", |failure| failure.decline_code.as_str()),
        &products,
        order.updated_at.to_sqlx(),
        entry.map(|(id, _)| id.0),
        entry.map_or("", |(_, actor)| actor.reason.as_str()),
        entry.map_or("", |(_, actor)| actor.id.as_str()),
        &ids,
        &topics,
        &refunds as &[Option<Uuid>],
        &amounts as &[Option<i64>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Earlier orders of a customer that a new request repeats or conflicts with.
#[derive(Clone, Debug, Default)]
pub(crate) struct PriorOrders {
    /// The order that was requested with the idempotency key, and the fingerprint of that request.
    pub(crate) by_key: Option<(OrderId, Vec<u8>)>,
    /// The order of the same version of the cart that is not cancelled.
    pub(crate) by_cart: Option<OrderId>,
    /// Whether units of any order are still in the customer's cart.
    pub(crate) in_cart: bool,
    /// Number of the customer's last order whose paid units left the cart; 0 before the first one.
    /// The numbers only grow.
    pub(crate) last_left_cart: i64,
}

/// Finds the orders that a request with this key and cart version, if given, repeats or conflicts
/// with.
pub(crate) async fn find_prior(
    conn: &mut PgConnection,
    user: UserId,
    key: Option<&str>,
    cart_version: Option<i64>,
) -> Result<PriorOrders, Error> {
    let row = query!(
        r#"SELECT k.id AS "by_key?", k.fingerprint AS "fingerprint?",
             (SELECT id FROM orders
                 WHERE user_id = $1 AND cart_version = $3 AND status <> 'cancelled') AS by_cart,
             EXISTS (SELECT FROM orders WHERE user_id = $1 AND in_cart) AS "in_cart!",
             (SELECT coalesce(max(left_cart), 0) FROM orders WHERE user_id = $1)
                 AS "last_left_cart!"
         FROM (SELECT) one LEFT JOIN LATERAL (
             SELECT id, fingerprint FROM orders WHERE user_id = $1 AND idempotency_key = $2
             UNION ALL
             SELECT order_id, fingerprint FROM order_keys WHERE user_id = $1 AND key = $2
             LIMIT 1) k ON true"#,
        user.0,
        key,
        cart_version,
    )
    .fetch_one(conn)
    .await?;
    Ok(PriorOrders {
        by_key: row.by_key.map(OrderId::from).zip(row.fingerprint),
        by_cart: row.by_cart.map(OrderId::from),
        in_cart: row.in_cart,
        last_left_cart: row.last_left_cart,
    })
}

/// Most keys that are attached to one order. A client that repeats a request sends the same key.
const MAX_ATTACHED_KEYS: i64 = 10;

/// Attaches an idempotency key to an order that a request without this key created; an existing row
/// is kept. Returns `false` if the order has [`MAX_ATTACHED_KEYS`] already.
pub(crate) async fn attach_key(
    conn: &mut PgConnection,
    user: UserId,
    (key, fingerprint): (&str, &[u8]),
    order: OrderId,
) -> Result<bool, Error> {
    let attached = query_scalar!(
        r#"WITH attached AS (
             SELECT count(*) < $5 AS is_allowed FROM order_keys WHERE user_id = $1 AND order_id = $4
         ), written AS (
             INSERT INTO order_keys (user_id, key, fingerprint, order_id)
             SELECT $1, $2, $3, $4 FROM attached WHERE is_allowed
             ON CONFLICT DO NOTHING
         )
         SELECT is_allowed AS "is_allowed!" FROM attached"#,
        user.0,
        key,
        fingerprint,
        order.0,
        MAX_ATTACHED_KEYS,
    );
    Ok(attached.fetch_one(conn).await?)
}

/// Whether units of this order are still in the customer's cart.
pub(crate) async fn is_in_cart(conn: &mut PgConnection, order: OrderId) -> Result<bool, Error> {
    let in_cart = query_scalar!("SELECT in_cart FROM orders WHERE id = $1", order.0)
        .fetch_optional(conn)
        .await?;
    Ok(in_cart.unwrap_or(false))
}

/// Returns the orders that the checker compares with other services: their checkout and refunds
/// have ended, and they last changed in the given time range. The latest come first.
pub(crate) async fn list_quiescent(
    conn: &mut PgConnection,
    (since, until): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<OrderId>, Error> {
    let ids = query_scalar!(
        "SELECT id FROM orders o
         WHERE status <> 'pending' AND updated_at >= $1 AND updated_at < $2
             AND NOT EXISTS (SELECT FROM refunds r
                 WHERE r.order_id = o.id AND r.step NOT IN ('done', 'refused'))
         ORDER BY updated_at DESC LIMIT $3",
        since.to_sqlx(),
        until.to_sqlx(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(OrderId::from).collect())
}
