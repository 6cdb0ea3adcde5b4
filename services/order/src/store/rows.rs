//! Reads orders with their lines.

use std::mem;

use money::{Currency, Money};
use sqlx::{PgConnection, query_as};
use uuid::Uuid;
use wire::Address;

use crate::domain::failure::{Failure, FailureCode};
use crate::domain::ids::OrderId;
use crate::domain::line::Line;
use crate::domain::order::{Order, ShippingOption};
use crate::domain::price::Sums;
use crate::domain::status::Status;
use crate::error::Error;

/// `query_as!` of [`OrderRow`]: orders with their lines. A macro, because checked SQL must be a
/// literal.
macro_rules! select_orders {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        query_as!(
            OrderRow,
            "SELECT o.id, user_id, status, currency, subtotal_cents, shipping_cents, tax_cents,
             total_cents, refunded_cents, recipient, street, city, state, zip_code, country,
             payment_method, carrier, service, weight_grams, cart_version, in_cart, transaction_id,
             tracking_number, failure_code, decline_code, unavailable_product_ids, created_at,
             updated_at, number,
             l.ids AS \"line_ids!\", l.products AS \"line_products!\", l.names AS \"line_names!\",
             l.quantities AS \"line_quantities!\", l.prices AS \"line_prices!\"
         FROM orders o, LATERAL (
             SELECT array_agg(id ORDER BY position) AS ids,
                 array_agg(product_id ORDER BY position) AS products,
                 array_agg(product_name ORDER BY position) AS names,
                 array_agg(quantity ORDER BY position) AS quantities,
                 array_agg(unit_price_cents ORDER BY position) AS prices
             FROM order_lines WHERE order_id = o.id) l "
            + $rest
            $(, $argument)*
        )
    };
}

/// Returns orders by id, in the order of the ids; missing orders are left out.
pub(crate) async fn find_all(
    conn: &mut PgConnection,
    ids: &[OrderId],
) -> Result<Vec<Order>, Error> {
    let raw: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = select_orders!("WHERE o.id = ANY($1) ORDER BY array_position($1, o.id)", &raw,)
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(OrderRow::into_domain).collect()
}

/// Returns one order.
pub(crate) async fn find(conn: &mut PgConnection, id: OrderId) -> Result<Option<Order>, Error> {
    let row = select_orders!("WHERE o.id = $1", id.0,).fetch_optional(conn).await?;
    row.map(OrderRow::into_domain).transpose()
}

/// Returns one order and locks its row. Its lines never change.
pub(crate) async fn lock(conn: &mut PgConnection, id: OrderId) -> Result<Option<Order>, Error> {
    let row = select_orders!("WHERE o.id = $1 FOR UPDATE OF o", id.0,).fetch_optional(conn).await?;
    row.map(OrderRow::into_domain).transpose()
}

struct OrderRow {
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
    number: String,
    line_ids: Vec<Uuid>,
    line_products: Vec<Uuid>,
    line_names: Vec<String>,
    line_quantities: Vec<i32>,
    line_prices: Vec<i64>,
}

impl OrderRow {
    fn into_domain(mut self) -> Result<Order, Error> {
        let currency: Currency =
            self.currency.parse().map_err(|_| Error::UnknownStoredValue("orders.currency"))?;
        let number = self.number.parse().map_err(|_| Error::UnknownStoredValue("orders.number"))?;
        let money = |cents| Money::new(cents, currency);
        let lines = self.take_lines(currency);
        let status =
            Status::from_stored(&self.status).ok_or(Error::UnknownStoredValue("orders.status"))?;
        let failure = match &self.failure_code {
            None => None,
            Some(code) => Some(Failure {
                code: FailureCode::from_stored(code)
                    .ok_or(Error::UnknownStoredValue("orders.failure_code"))?,
                decline_code: self.decline_code,
                products: self.unavailable_product_ids.into_iter().map(Into::into).collect(),
            }),
        };
        Ok(Order {
            id: self.id.into(),
            number,
            user: self.user_id.into(),
            status,
            lines,
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

    /// Takes the columns of the lines and assembles the lines.
    fn take_lines(&mut self, currency: Currency) -> Vec<Line> {
        let columns = mem::take(&mut self.line_ids)
            .into_iter()
            .zip(mem::take(&mut self.line_products))
            .zip(mem::take(&mut self.line_names))
            .zip(mem::take(&mut self.line_quantities))
            .zip(mem::take(&mut self.line_prices));
        let line = |((((id, product), name), quantity), cents): ((((Uuid, Uuid), _), _), _)| Line {
            id: id.into(),
            product: product.into(),
            name,
            quantity,
            unit_price: Money::new(cents, currency),
        };
        columns.map(line).collect()
    }
}
