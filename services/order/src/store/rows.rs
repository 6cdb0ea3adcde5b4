//! Orders with their lines, read.

use std::collections::HashMap;

use money::{Currency, Money};
use sqlx::{PgConnection, query_as};
use uuid::Uuid;
use wire::Address;

use crate::{
    domain::{
        ids::OrderId,
        order::{Failure, FailureCode, Line, Order, ShippingOption},
        price::Sums,
        status::Status,
    },
    error::Error,
};

/// Orders by id, in the order of the ids; those that do not exist are left out.
pub(crate) async fn find_all(
    conn: &mut PgConnection,
    ids: &[OrderId],
) -> Result<Vec<Order>, Error> {
    let raw: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = query_as!(
        Row,
        "SELECT id, user_id, status, currency, subtotal_cents, shipping_cents, tax_cents, total_cents,
             refunded_cents, recipient, street, city, state, zip_code, country, payment_method, carrier,
             service, weight_grams, cart_version, in_cart, transaction_id, tracking_number,
             failure_code, decline_code, unavailable_product_ids, created_at, updated_at
         FROM orders WHERE id = ANY($1) ORDER BY array_position($1, id)",
        &raw,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut lines: HashMap<Uuid, Vec<RawLine>> = HashMap::new();
    let found = query_as!(
        RawLine,
        "SELECT order_id, id, product_id, product_name, quantity, unit_price_cents
         FROM order_lines WHERE order_id = ANY($1) ORDER BY order_id, position",
        &raw,
    )
    .fetch_all(conn)
    .await?;
    for line in found {
        lines.entry(line.order_id).or_default().push(line);
    }
    rows.into_iter()
        .map(|row| {
            let lines = lines.remove(&row.id).unwrap_or_default();
            row.read(lines)
        })
        .collect()
}

struct RawLine {
    order_id: Uuid,
    id: Uuid,
    product_id: Uuid,
    product_name: String,
    quantity: i32,
    unit_price_cents: i64,
}

struct Row {
    id: Uuid,
    user_id: Uuid,
    status: String,
    currency: String,
    subtotal_cents: i64,
    shipping_cents: i64,
    tax_cents: i64,
    total_cents: i64,
    refunded_cents: i64,
    recipient: String,
    street: String,
    city: String,
    state: String,
    zip_code: String,
    country: String,
    payment_method: String,
    carrier: String,
    service: String,
    weight_grams: i32,
    cart_version: i64,
    in_cart: bool,
    transaction_id: Option<String>,
    tracking_number: Option<String>,
    failure_code: Option<String>,
    decline_code: String,
    unavailable_product_ids: Vec<Uuid>,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
}

impl Row {
    fn read(self, lines: Vec<RawLine>) -> Result<Order, Error> {
        let currency: Currency =
            self.currency.parse().map_err(|_| Error::Stored("orders.currency"))?;
        let money = |cents| Money::new(cents, currency);
        let line = |line: RawLine| Line {
            id: line.id.into(),
            product: line.product_id.into(),
            name: line.product_name,
            quantity: line.quantity,
            unit_price: money(line.unit_price_cents),
        };
        let status = Status::from_stored(&self.status).ok_or(Error::Stored("orders.status"))?;
        let failure = match &self.failure_code {
            None => None,
            Some(code) => Some(Failure {
                code: FailureCode::from_stored(code).ok_or(Error::Stored("orders.failure_code"))?,
                decline_code: self.decline_code,
                products: self.unavailable_product_ids.into_iter().map(Into::into).collect(),
            }),
        };
        Ok(Order {
            id: self.id.into(),
            user: self.user_id.into(),
            status,
            lines: lines.into_iter().map(line).collect(),
            sums: Sums {
                subtotal: money(self.subtotal_cents),
                shipping: money(self.shipping_cents),
                tax: money(self.tax_cents),
                total: money(self.total_cents),
            },
            refunded: money(self.refunded_cents),
            address: Address {
                recipient: self.recipient,
                street: self.street,
                city: self.city,
                state: self.state,
                zip_code: self.zip_code,
                country: self.country,
            },
            payment_method: self.payment_method,
            shipping_option: ShippingOption { carrier: self.carrier, service: self.service },
            weight_grams: self.weight_grams,
            cart_version: self.cart_version,
            in_cart: self.in_cart,
            transaction: self.transaction_id,
            tracking_number: self.tracking_number,
            failure,
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
        })
    }
}
