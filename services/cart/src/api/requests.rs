//! Validation of requests.

use proto::cart::v1 as pb;
use tonic::Status;
use wire::{Fields, UserId};

use crate::domain::cart::{
    Change, MAX_LINES, MAX_UNITS, MAX_VERSION, OrderRef, OrderedLine, Quantity, Refusal, is_guest,
};
use crate::error::refused;

pub(super) fn get(request: &pb::GetCartRequest) -> Result<UserId, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    fields.finish(user)
}

pub(super) fn add(request: &pb::AddItemRequest) -> Result<(UserId, Change), Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let product = fields.id("product_id", &request.product_id);
    let units = fields.number("quantity", request.quantity, 1, i32::MAX);
    let parse = || Some((user?, product?, units?));
    let parsed = parse();
    let (user, product, units) = fields.finish(parsed)?;
    // A limit of the cart, which these units alone exceed.
    let quantity = Quantity::new(units).ok_or_else(|| refused(Refusal::TooManyUnits))?;
    Ok((user, Change::Add(product, quantity)))
}

pub(super) fn update(request: &pb::UpdateItemRequest) -> Result<(UserId, Change), Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let product = fields.id("product_id", &request.product_id);
    let units = fields.number("quantity", request.quantity, 0, i32::MAX);
    let parse = || Some((user?, product?, units?));
    let parsed = parse();
    let (user, product, units) = fields.finish(parsed)?;
    let quantity = match units {
        0 => None,
        units => Some(Quantity::new(units).ok_or_else(|| refused(Refusal::TooManyUnits))?),
    };
    Ok((user, Change::Set(product, quantity)))
}

pub(super) fn remove(request: &pb::RemoveItemRequest) -> Result<(UserId, Change), Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let product = fields.id("product_id", &request.product_id);
    let parse = || Some((user?, Change::Remove(product?)));
    let parsed = parse();
    fields.finish(parsed)
}

/// Validates a request to clear a cart. A request with lines requires the id of the order: a retry
/// is recognized by it.
pub(super) fn clear(request: &pb::ClearCartRequest) -> Result<(UserId, Change), Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let order = if request.ordered.is_empty() && request.cart_version == 0 {
        fields.id_or_none("order_id", &request.order_id)
    } else {
        fields.id("order_id", &request.order_id).map(Some)
    };
    let ordered = ordered(&mut fields, &request.ordered);
    let version = fields.number("cart_version", request.cart_version, 0, MAX_VERSION);
    let parse = || {
        let (order, ordered, version) = (order?, ordered?, version?);
        let cart_version = (version > 0).then_some(version);
        let order = order.map(|id| OrderRef { id, cart_version });
        Some(match order {
            Some(order) if !ordered.is_empty() => Change::RemoveOrdered(order, ordered),
            _ => Change::Clear(order),
        })
    };
    let change = parse();
    let parsed = user.zip(change);
    fields.finish(parsed)
}

/// Validates a request to merge a guest's cart, and returns the guest and the customer. The cart of
/// a customer is never merged into another one.
pub(super) fn merge(request: &pb::MergeCartRequest) -> Result<(UserId, UserId), Status> {
    let mut fields = Fields::default();
    let guest = match fields.id("from_user_id", &request.from_user_id) {
        Some(id) if !is_guest(id) => fields.reject("from_user_id", "must be a UUID of version 8"),
        guest => guest,
    };
    let user = match fields.id("user_id", &request.user_id) {
        Some(id) if is_guest(id) => fields.reject("user_id", "must not be a UUID of version 8"),
        user => user,
    };
    let parsed = guest.zip(user);
    fields.finish(parsed)
}

fn ordered(fields: &mut Fields, lines: &[pb::OrderedLine]) -> Option<Vec<OrderedLine>> {
    if lines.len() > MAX_LINES {
        return fields.reject("ordered", format!("must be at most {MAX_LINES}"));
    }
    let mut line = |(n, line): (usize, &pb::OrderedLine)| {
        let product = fields.id(&format!("ordered[{n}].product_id"), &line.product_id);
        let units = fields.number(&format!("ordered[{n}].quantity"), line.quantity, 1, MAX_UNITS);
        Some(OrderedLine { product: product?, quantity: Quantity::new(units?)? })
    };
    let parsed: Vec<_> = lines.iter().enumerate().map(&mut line).collect();
    parsed.into_iter().collect()
}
