//! Conversion of domain types to responses.

use jiff::Timestamp;
use proto::cart::v1 as pb;
use wire::UserId;
use wire::render::money;

use crate::carts::MergedCart;
use crate::domain::cart::{Cart, Line};
use crate::domain::pricing::{Offer, PricedCart, PricedLine};

/// Renders a cart. An empty cart has no expiry, because it contains nothing that can expire.
pub(super) fn cart(user: UserId, priced: PricedCart) -> pb::Cart {
    let PricedCart { cart, lines, total } = priced;
    let Cart { lines: _, version, updated_at, expires_at } = cart;
    let expires_at = expires_at.filter(|_| !lines.is_empty());
    pb::Cart {
        user_id: user.to_string(),
        items: lines.into_iter().map(item).collect(),
        total: Some(money(total)),
        updated_at: time(updated_at),
        version,
        expires_at: time(expires_at),
    }
}

pub(super) fn merged(user: UserId, merged: MergedCart) -> pb::MergeCartResponse {
    pb::MergeCartResponse {
        cart: Some(cart(user, merged.cart)),
        not_merged: merged.not_merged.into_iter().map(item).collect(),
    }
}

fn item(line: PricedLine) -> pb::CartItem {
    let PricedLine { line: Line { product, quantity }, offer, total } = line;
    let Offer { name, price, image_url, is_active } = offer;
    pb::CartItem {
        product_id: product.to_string(),
        product_name: name,
        quantity: quantity.units(),
        unit_price: Some(money(price)),
        total_price: Some(money(total)),
        image_url,
        available: is_active,
    }
}

fn time(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}
