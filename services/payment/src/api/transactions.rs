//! Validation of the requests that move money: authorize, capture, charge, refund, void.

use money::{Currency, Money};
use proto::payment::v1 as pb;
use tonic::Status;
use wire::Fields;

use super::fields::PaymentFields as _;
use crate::domain::ids::{IdempotencyKey, OrderId, TransactionId};
use crate::ledger::{Payment, Refund, Void};
use crate::provider::ProviderClient;

/// Longest reason of a refund, in characters.
const MAX_REASON_CHARS: usize = 500;

pub(super) fn payment(
    request: &pb::AuthorizeRequest,
    currency: Currency,
    provider: &ProviderClient,
) -> Result<Payment, Status> {
    let mut fields = Fields::default();
    let order = fields.id("order_id", &request.order_id);
    let user = fields.id("user_id", &request.user_id);
    let source = fields.source("payment_method_id", &request.payment_method_id, provider);
    let amount = fields.amount(request.amount.as_ref(), currency);
    let key = fields.key("idempotency_key", &request.idempotency_key);
    let parse = || {
        Some(Payment { order: order?, user: user?, source: source?, amount: amount?, key: key? })
    };
    let parsed = parse();
    fields.finish(parsed)
}

pub(super) fn capture(
    request: &pb::CaptureRequest,
    currency: Currency,
) -> Result<(TransactionId, Money, IdempotencyKey), Status> {
    let mut fields = Fields::default();
    let authorization = fields.id("authorization_id", &request.authorization_id);
    let amount = fields.amount(request.amount.as_ref(), currency);
    let key = fields.key("idempotency_key", &request.idempotency_key);
    let parse = || Some((authorization?, amount?, key?));
    let parsed = parse();
    fields.finish(parsed)
}

pub(super) fn refund(request: &pb::RefundRequest, currency: Currency) -> Result<Refund, Status> {
    let mut fields = Fields::default();
    let transaction = fields.id("transaction_id", &request.transaction_id);
    let amount = match &request.amount {
        None => Some(None),
        Some(amount) => fields.amount(Some(amount), currency).map(Some),
    };
    let reason = fields.line_or_empty("reason", &request.reason, MAX_REASON_CHARS);
    let key = fields.key("idempotency_key", &request.idempotency_key);
    let parse =
        || Some(Refund { transaction: transaction?, amount: amount?, reason: reason?, key: key? });
    let parsed = parse();
    fields.finish(parsed)
}

pub(super) fn void(request: &pb::VoidRequest) -> Result<Void, Status> {
    let mut fields = Fields::default();
    let authorization = fields.id_or_none("authorization_id", &request.authorization_id);
    let authorize_key = fields.key_or_none("authorize_key", &request.authorize_key);
    if request.authorization_id.is_empty() && request.authorize_key.is_empty() {
        fields.reject::<()>("authorization_id", "is required, or authorize_key");
    }
    let customer = fields.id_or_none("user_id", &request.user_id);
    let key = fields.key("idempotency_key", &request.idempotency_key);
    let parse = || {
        Some(Void {
            authorization: authorization?,
            authorize_key: authorize_key?,
            customer: customer?,
            key: key?,
        })
    };
    let parsed = parse();
    fields.finish(parsed)
}

pub(super) fn transaction(id: &str) -> Result<TransactionId, Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", id);
    fields.finish(id)
}

pub(super) fn order(id: &str) -> Result<OrderId, Status> {
    let mut fields = Fields::default();
    let order = fields.id("order_id", id);
    fields.finish(order)
}
