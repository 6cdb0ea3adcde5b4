//! Parsers of requests about reservations.

use std::time::Duration;

use jiff::SignedDuration;
use proto::catalog::v1 as pb;
use tonic::Status;

use wire::Fields;

use super::fields::CatalogFields as _;
use crate::domain::ids::OrderId;
use crate::domain::stock::Lines;

/// Maximum lifetime of a reservation: one day.
const MAX_MINUTES: i32 = 24 * 60;

/// Parses a request to reserve units: the order, its lines, and the lifetime of the reservation.
pub(super) fn reserve(
    request: &pb::ReserveInventoryRequest,
    default_ttl: Duration,
) -> Result<(OrderId, Lines, SignedDuration), Status> {
    let mut fields = Fields::default();
    let order = fields.id("order_id", &request.order_id);
    let lines = fields.lines(&request.items);
    let ttl = match request.expiration_minutes {
        0 => Some(SignedDuration::try_from(default_ttl).unwrap_or(SignedDuration::from_mins(15))),
        minutes => fields
            .number("expiration_minutes", minutes, 1, MAX_MINUTES)
            .map(|minutes| SignedDuration::from_mins(minutes.into())),
    };
    let parse = || Some((order?, lines?, ttl?));
    let parsed = parse();
    fields.finish(parsed)
}

pub(super) fn check(request: &pb::CheckInventoryRequest) -> Result<Lines, Status> {
    let mut fields = Fields::default();
    let lines = fields.lines(&request.items);
    fields.finish(lines)
}

pub(super) fn order(id: &str) -> Result<OrderId, Status> {
    let mut fields = Fields::default();
    let order = fields.id("order_id", id);
    fields.finish(order)
}
