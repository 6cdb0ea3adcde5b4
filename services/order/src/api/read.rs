//! Parses requests.

use jiff::Timestamp;
use money::Currency;
use proto::common::v1::Address;
use proto::order::v1 as pb;
use sha2::{Digest as _, Sha256};
use tonic::Status;
use uuid::Uuid;
use wire::{Fields, Page};

use super::fields::OrderFields as _;
use crate::domain::event::Actor;
use crate::domain::ids::{OrderId, UserId};
use crate::domain::order::ShippingOption;
use crate::domain::status::Status as OrderStatus;
use crate::place_order::{OrderRequest, PreviewRequest};
use crate::store::listing::Filter;
use crate::store::orders::RequestIdentity;
use crate::transactions::RefundRequest;

/// Maximum length of a payment method's id: a UUID or a test id of the provider, with margin.
const MAX_METHOD_CHARS: usize = 100;
/// Maximum length of the name of a carrier or of its service.
const MAX_OPTION_CHARS: usize = 100;

pub(super) fn create(
    request: &pb::CreateOrderRequest,
    currency: Currency,
) -> Result<OrderRequest, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let address = fields.address("shipping_address", request.shipping_address.as_ref());
    let payment_method =
        fields.line("payment_method_id", &request.payment_method_id, MAX_METHOD_CHARS);
    let key = fields.key(&request.idempotency_key);
    let shipping_option = shipping_option_or_none(&mut fields, request.shipping_option.as_ref());
    let cart_version = cart_version(&mut fields, request.cart_version);
    let expected_total = match &request.expected_total {
        None => Some(None),
        some => fields.money("expected_total", some.as_ref(), currency, (0, i64::MAX)).map(Some),
    };
    let address_id: Option<Option<Uuid>> = fields.id_or_none("address_id", &request.address_id);
    let fingerprint = order_fingerprint(request);
    let read = || {
        Some(OrderRequest {
            user: user?,
            address: address_id.and(address)?,
            payment_method: payment_method?,
            shipping_option: shipping_option?,
            cart_version: cart_version?,
            expected_total: expected_total?,
            identity: RequestIdentity { key: key?, fingerprint },
        })
    };
    let read = read();
    fields.finish(read)
}

pub(super) fn preview(request: &pb::PreviewOrderRequest) -> Result<PreviewRequest, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let address = fields.address("shipping_address", request.shipping_address.as_ref());
    let shipping_option = shipping_option_or_none(&mut fields, request.shipping_option.as_ref());
    let cart_version = cart_version(&mut fields, request.cart_version);
    let read = || {
        Some(PreviewRequest {
            user: user?,
            address: address?,
            shipping_option: shipping_option?,
            cart_version: cart_version?,
        })
    };
    let read = read();
    fields.finish(read)
}

/// Reads the version of the cart that the customer saw; 0 is none.
fn cart_version(fields: &mut Fields, version: i64) -> Option<Option<i64>> {
    let version = fields.number("cart_version", version, 0, i64::MAX);
    version.map(|version| (version > 0).then_some(version))
}

fn shipping_option_or_none(
    fields: &mut Fields,
    option: Option<&pb::ShippingOption>,
) -> Option<Option<ShippingOption>> {
    match option {
        None => Some(None),
        Some(option) => shipping_option(fields, option).map(Some),
    }
}

fn shipping_option(fields: &mut Fields, option: &pb::ShippingOption) -> Option<ShippingOption> {
    let carrier = fields.line("shipping_option.carrier", &option.carrier, MAX_OPTION_CHARS);
    let service = fields.line("shipping_option.service", &option.service, MAX_OPTION_CHARS);
    Some(ShippingOption { carrier: carrier?, service: service? })
}

pub(super) fn get(request: &pb::GetOrderRequest) -> Result<(OrderId, Option<UserId>), Status> {
    order_of(&request.id, &request.user_id)
}

pub(super) fn watch(request: &pb::WatchOrderRequest) -> Result<(OrderId, Option<UserId>), Status> {
    order_of(&request.id, &request.user_id)
}

/// Reads the id of an order, and of the customer that must own it, if any.
fn order_of(id: &str, user_id: &str) -> Result<(OrderId, Option<UserId>), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", id);
    let user = fields.id_or_none("user_id", user_id);
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
) -> Result<(OrderId, OrderStatus, Actor), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let to = fields.status("status", request.status);
    let reason = fields.note("notes", &request.notes);
    let actor = fields.actor(&request.actor_id);
    let read = || Some((id?, to?, Actor { id: actor?, reason: reason? }));
    let read = read();
    fields.finish(read)
}

/// Parses a cancellation. The actor is the customer, or an administrator if no customer is named.
pub(super) fn cancel(
    request: &pb::CancelOrderRequest,
) -> Result<(OrderId, Option<UserId>, Actor), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let user: Option<Option<UserId>> = fields.id_or_none("user_id", &request.user_id);
    let reason = fields.note("reason", &request.reason);
    let read = || {
        let user = user?;
        let actor = user.map(|user| user.to_string()).unwrap_or_default();
        Some((id?, user, Actor { id: actor, reason: reason? }))
    };
    let read = read();
    fields.finish(read)
}

pub(super) fn refund(
    request: &pb::RefundOrderRequest,
    currency: Currency,
) -> Result<RefundRequest, Status> {
    let mut fields = Fields::default();
    let order = fields.id("id", &request.id);
    let amount = match &request.amount {
        None => Some(None),
        some => fields.money("amount", some.as_ref(), currency, (1, i64::MAX)).map(Some),
    };
    let reason = fields.note("reason", &request.reason);
    let key = fields.key(&request.idempotency_key);
    let actor = fields.actor(&request.actor_id);
    let fingerprint = refund_fingerprint(request);
    let read = || {
        Some(RefundRequest {
            order: order?,
            amount: amount?,
            actor: Actor { id: actor?, reason: reason? },
            identity: RequestIdentity { key: key?, fingerprint },
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

/// A time range; either end may be open.
type TimeRange = (Option<Timestamp>, Option<Timestamp>);

pub(super) fn stats(request: &pb::GetStatsRequest) -> Result<TimeRange, Status> {
    let mut fields = Fields::default();
    let from = fields.time_or_none("from", &request.from);
    let to = fields.time_or_none("to", &request.to);
    let read = || Some((from?, to?));
    let read = read();
    fields.finish(read)
}

/// Returns the fingerprint of an order request. The fingerprint includes the id of a saved address,
/// not its contents.
fn order_fingerprint(request: &pb::CreateOrderRequest) -> Vec<u8> {
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

fn refund_fingerprint(request: &pb::RefundOrderRequest) -> Vec<u8> {
    let amount = request.amount.as_ref();
    let cents = amount.map(|money| money.amount_cents.to_string()).unwrap_or_default();
    let currency = amount.map(|money| money.currency.clone()).unwrap_or_default();
    fingerprint(&[&cents, &currency, &request.reason])
}

/// Hashes the parts of a request. Each part is preceded by its length, so that the boundaries are
/// unambiguous.
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
    fn different_requests_have_different_fingerprints() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        let request = |method: &str, cart_version| pb::CreateOrderRequest {
            payment_method_id: method.into(),
            cart_version,
            ..Default::default()
        };
        let fingerprint_of = |request| order_fingerprint(&request);
        assert_eq!(fingerprint_of(request("a", 1)), fingerprint_of(request("a", 1)));
        assert_ne!(fingerprint_of(request("a", 1)), fingerprint_of(request("b", 1)));
        assert_ne!(fingerprint_of(request("a", 1)), fingerprint_of(request("a", 2)));
    }

    #[test]
    fn expected_total_is_not_fingerprinted() {
        let request = |cents| {
            let amount_cents = cents;
            let money = proto::common::v1::Money { amount_cents, currency: "USD".into() };
            pb::CreateOrderRequest { expected_total: Some(money), ..Default::default() }
        };
        assert_eq!(order_fingerprint(&request(1)), order_fingerprint(&request(2)));
        assert_eq!(order_fingerprint(&request(1)), order_fingerprint(&Default::default()));
    }

    #[test]
    fn saved_address_is_fingerprinted_by_its_id() {
        let request = |id: &str, street: &str| {
            let address = Address { street: street.into(), ..Default::default() };
            let shipping_address = Some(address);
            let address_id = id.to_owned();
            pb::CreateOrderRequest { shipping_address, address_id, ..Default::default() }
        };
        let fingerprint_of = |id, street| order_fingerprint(&request(id, street));
        assert_eq!(fingerprint_of("a", "1 Main Street"), fingerprint_of("a", "2 Main Street"));
        assert_ne!(fingerprint_of("a", "1 Main Street"), fingerprint_of("b", "1 Main Street"));
        assert_ne!(fingerprint_of("", "1 Main Street"), fingerprint_of("", "2 Main Street"));
        assert_ne!(fingerprint_of("a", ""), fingerprint_of("", ""));
    }

    #[test]
    fn times_that_the_database_does_not_know_are_rejected() {
        for time in [
            "-004714-01-01T00:00:00Z",
            "-009999-01-01T00:00:00Z",
            "2016-12-31T23:59:60Z",
            "9999-12-31T23:59:59Z",
        ] {
            let request = pb::GetStatsRequest { from: time.into(), to: time.into() };
            let status = stats(&request).unwrap_err();
            let fields: Vec<_> = kit::grpc::status::violations_of(&status);
            let fields: Vec<_> = fields.iter().map(|(field, _)| field.as_str()).collect();
            assert_eq!(fields, ["from", "to"], "{time}");
            let request =
                pb::ListAllOrdersRequest { created_from: time.into(), ..Default::default() };
            assert!(list_all(&request).is_err(), "{time}");
        }
    }

    #[test]
    fn empty_requests_are_rejected_with_the_missing_fields() {
        let fields = |status: Status| -> Vec<String> {
            kit::grpc::status::violations_of(&status).into_iter().map(|(field, _)| field).collect()
        };
        let missing = fields(create(&Default::default(), Currency::USD).unwrap_err());
        assert_eq!(missing, ["user_id", "shipping_address", "payment_method_id"]);
        let missing = fields(preview(&Default::default()).unwrap_err());
        assert_eq!(missing, ["user_id", "shipping_address"]);
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
