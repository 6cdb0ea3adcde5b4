//! Requests, read.

use jiff::Timestamp;
use money::Currency;
use proto::{common::v1::Address, order::v1 as pb};
use sha2::{Digest as _, Sha256};
use tonic::Status;
use uuid::Uuid;
use wire::{Fields, Page};

use super::fields::OrderFields as _;
use crate::{
    domain::{
        event::By,
        ids::{OrderId, UserId},
        order::ShippingOption,
        status::Status as OrderStatus,
    },
    ordering::Wanted,
    store::{listing::Filter, orders::Asked},
    transactions::RefundAsked,
};

/// The longest id of a payment method: a UUID or a provider's test id, with room.
const MAX_METHOD_CHARS: usize = 100;
/// The longest name of a carrier or its service.
const MAX_OPTION_CHARS: usize = 100;

pub(super) fn create(request: &pb::CreateOrderRequest) -> Result<Wanted, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let address = fields.address("shipping_address", request.shipping_address.as_ref());
    let payment_method =
        fields.line("payment_method_id", &request.payment_method_id, MAX_METHOD_CHARS);
    let key = fields.key(&request.idempotency_key);
    let shipping_option = match &request.shipping_option {
        None => Some(None),
        Some(option) => shipping_option(&mut fields, option).map(Some),
    };
    let cart_version = fields.number("cart_version", request.cart_version, 0, i64::MAX);
    let address_id: Option<Option<Uuid>> = fields.id_or_none("address_id", &request.address_id);
    let fingerprint = fingerprint_of_order(request);
    let read = || {
        Some(Wanted {
            user: user?,
            address: address_id.and(address)?,
            payment_method: payment_method?,
            shipping_option: shipping_option?,
            cart_version: cart_version.map(|version| (version > 0).then_some(version))?,
            asked: Asked { key: key?, fingerprint },
        })
    };
    let read = read();
    fields.finish(read)
}

fn shipping_option(fields: &mut Fields, option: &pb::ShippingOption) -> Option<ShippingOption> {
    let carrier = fields.line("shipping_option.carrier", &option.carrier, MAX_OPTION_CHARS);
    let service = fields.line("shipping_option.service", &option.service, MAX_OPTION_CHARS);
    Some(ShippingOption { carrier: carrier?, service: service? })
}

pub(super) fn get(request: &pb::GetOrderRequest) -> Result<(OrderId, Option<UserId>), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let user = fields.id_or_none("user_id", &request.user_id);
    let read = || Some((id?, user?));
    let read = read();
    fields.finish(read)
}

pub(super) fn list(request: &pb::ListOrdersRequest) -> Result<(Filter, Page), Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let page = fields.page(request.pagination.as_ref());
    let status = fields.status_or_none("status_filter", request.status_filter);
    let read =
        || Some((Filter { user: Some(user?), status: status?, from: None, to: None }, page?));
    let read = read();
    fields.finish(read)
}

pub(super) fn list_all(request: &pb::ListAllOrdersRequest) -> Result<(Filter, Page), Status> {
    let mut fields = Fields::default();
    let user = fields.id_or_none("user_id", &request.user_id);
    let page = fields.page(request.pagination.as_ref());
    let status = fields.status_or_none("status_filter", request.status_filter);
    let from = fields.time_or_none("created_from", &request.created_from);
    let to = fields.time_or_none("created_to", &request.created_to);
    let read = || Some((Filter { user: user?, status: status?, from: from?, to: to? }, page?));
    let read = read();
    fields.finish(read)
}

pub(super) fn update(
    request: &pb::UpdateOrderStatusRequest,
) -> Result<(OrderId, OrderStatus, By), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let to = fields.status("status", request.status);
    let reason = fields.note("notes", &request.notes);
    let actor = fields.actor(&request.actor_id);
    let read = || Some((id?, to?, By { actor: actor?, reason: reason? }));
    let read = read();
    fields.finish(read)
}

/// Who cancels is the customer, or an administrator when none is named.
pub(super) fn cancel(
    request: &pb::CancelOrderRequest,
) -> Result<(OrderId, Option<UserId>, By), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let user: Option<Option<UserId>> = fields.id_or_none("user_id", &request.user_id);
    let reason = fields.note("reason", &request.reason);
    let read = || {
        let user = user?;
        let actor = user.map(|user| user.to_string()).unwrap_or_default();
        Some((id?, user, By { actor, reason: reason? }))
    };
    let read = read();
    fields.finish(read)
}

pub(super) fn refund(
    request: &pb::RefundOrderRequest,
    currency: Currency,
) -> Result<RefundAsked, Status> {
    let mut fields = Fields::default();
    let order = fields.id("id", &request.id);
    let amount = match &request.amount {
        None => Some(None),
        some => fields.money("amount", some.as_ref(), currency, (1, i64::MAX)).map(Some),
    };
    let reason = fields.note("reason", &request.reason);
    let key = fields.key(&request.idempotency_key);
    let actor = fields.actor(&request.actor_id);
    let fingerprint = fingerprint_of_refund(request);
    let read = || {
        Some(RefundAsked {
            order: order?,
            amount: amount?,
            by: By { actor: actor?, reason: reason? },
            asked: Asked { key: key?, fingerprint },
        })
    };
    let read = read();
    fields.finish(read)
}

pub(super) fn checkout(request: &pb::GetCheckoutRequest) -> Result<OrderId, Status> {
    let mut fields = Fields::default();
    let order = fields.id("order_id", &request.order_id);
    fields.finish(order)
}

/// A span of time, either end of which may be open.
type Span = (Option<Timestamp>, Option<Timestamp>);

pub(super) fn stats(request: &pb::GetStatsRequest) -> Result<Span, Status> {
    let mut fields = Fields::default();
    let from = fields.time_or_none("from", &request.from);
    let to = fields.time_or_none("to", &request.to);
    let read = || Some((from?, to?));
    let read = read();
    fields.finish(read)
}

/// Of what the customer asked for: an address by its id, if that is how it was named.
fn fingerprint_of_order(request: &pb::CreateOrderRequest) -> Vec<u8> {
    let address = match request.address_id.is_empty() {
        true => request.shipping_address.clone().unwrap_or_default(),
        false => Address::default(),
    };
    let option = request.shipping_option.clone().unwrap_or_default();
    fingerprint(&[
        &address.recipient,
        &address.street,
        &address.city,
        &address.state,
        &address.zip_code,
        &address.country,
        &request.payment_method_id,
        &option.carrier,
        &option.service,
        &request.cart_version.to_string(),
        &request.address_id,
    ])
}

fn fingerprint_of_refund(request: &pb::RefundOrderRequest) -> Vec<u8> {
    let amount = request.amount.as_ref();
    let cents = amount.map(|money| money.amount_cents.to_string()).unwrap_or_default();
    let currency = amount.map(|money| money.currency.clone()).unwrap_or_default();
    fingerprint(&[&cents, &currency, &request.reason])
}

/// What tells two requests apart. Each part has its length before it, so that none runs into the next.
fn fingerprint(parts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_differ_have_fingerprints_that_differ() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        let request = |method: &str, cart_version| pb::CreateOrderRequest {
            payment_method_id: method.into(),
            cart_version,
            ..Default::default()
        };
        let of = |request| fingerprint_of_order(&request);
        assert_eq!(of(request("a", 1)), of(request("a", 1)));
        assert_ne!(of(request("a", 1)), of(request("b", 1)));
        assert_ne!(of(request("a", 1)), of(request("a", 2)));
    }

    #[test]
    fn an_address_that_is_named_by_its_id_may_have_changed_meanwhile() {
        let request = |id: &str, street: &str| {
            let address = Address { street: street.into(), ..Default::default() };
            let shipping_address = Some(address);
            let address_id = id.to_owned();
            pb::CreateOrderRequest { shipping_address, address_id, ..Default::default() }
        };
        let of = |id, street| fingerprint_of_order(&request(id, street));
        assert_eq!(of("a", "1 Main Street"), of("a", "2 Main Street"));
        assert_ne!(of("a", "1 Main Street"), of("b", "1 Main Street"));
        assert_ne!(of("", "1 Main Street"), of("", "2 Main Street"));
        assert_ne!(of("a", ""), of("", ""));
    }

    #[test]
    fn empty_requests_are_refused_and_name_what_is_missing() {
        let fields = |status: Status| -> Vec<String> {
            kit::grpc::status::violations_of(&status).into_iter().map(|(field, _)| field).collect()
        };
        let named = fields(create(&Default::default()).unwrap_err());
        assert_eq!(named, ["user_id", "shipping_address", "payment_method_id"]);
        assert_eq!(fields(get(&Default::default()).unwrap_err()), ["id"]);
        assert_eq!(fields(list(&Default::default()).unwrap_err()), ["user_id"]);
        assert_eq!(fields(update(&Default::default()).unwrap_err()), ["id", "status"]);
        assert_eq!(fields(cancel(&Default::default()).unwrap_err()), ["id"]);
        assert_eq!(fields(refund(&Default::default(), Currency::USD).unwrap_err()), ["id"]);
        assert_eq!(fields(checkout(&Default::default()).unwrap_err()), ["order_id"]);
        assert!(list_all(&Default::default()).is_ok());
        assert!(stats(&Default::default()).is_ok());
    }
}
