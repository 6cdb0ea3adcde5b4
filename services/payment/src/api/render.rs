//! Conversion of domain types to responses.

use proto::payment::v1 as pb;

use crate::domain::payment_method::PaymentMethod;
use crate::domain::transaction::{Kind, State, Transaction};

/// Renders a payment method without the provider's token, which never leaves the service.
pub(super) fn method(method: PaymentMethod) -> pb::PaymentMethod {
    let PaymentMethod { id, user, token: _, brand, last_four, expiry, is_default, created_at } =
        method;
    pb::PaymentMethod {
        id: id.to_string(),
        user_id: user.to_string(),
        r#type: pb::PaymentMethodType::Card.into(),
        token: String::new(),
        last_four,
        brand: brand.as_str().to_owned(),
        exp_month: expiry.month,
        exp_year: expiry.year,
        is_default,
        created_at: created_at.to_string(),
    }
}

pub(super) fn transaction(transaction: Transaction) -> pb::Transaction {
    let status = status(&transaction);
    pb::Transaction {
        id: transaction.id.to_string(),
        order_id: transaction.order.to_string(),
        user_id: transaction.user.to_string(),
        payment_method_id: transaction.method,
        amount: Some(wire::render::money(transaction.amount)),
        status: status.into(),
        r#type: kind(transaction.kind).into(),
        provider_ref: transaction.provider_ref,
        idempotency_key: transaction.key.to_string(),
        created_at: transaction.created_at.to_string(),
    }
}

/// Returns the message and the code of a decline; both are empty without one.
pub(super) fn decline(transaction: &Transaction) -> (String, String) {
    let code = transaction.decline_code.clone();
    let sentence = match code.as_str() {
        "" => "",
        "card_declined" => "The card was declined.",
        "insufficient_funds" => "The card has insufficient funds.",
        "not_processed" => "The payment was not processed.",
        _ => "The payment was declined.",
    };
    (sentence.to_owned(), code)
}

fn kind(kind: Kind) -> pb::TransactionType {
    match kind {
        Kind::Authorization => pb::TransactionType::Authorization,
        Kind::Charge => pb::TransactionType::Charge,
        Kind::Capture => pb::TransactionType::Capture,
        Kind::Refund => pb::TransactionType::Refund,
        Kind::Void => pb::TransactionType::Void,
    }
}

fn status(transaction: &Transaction) -> pb::TransactionStatus {
    let is_refunded = matches!(transaction.kind, Kind::Charge | Kind::Capture)
        && transaction.settled == transaction.amount;
    match (transaction.state, transaction.kind) {
        (State::Open, _) => pb::TransactionStatus::Pending,
        (State::Done, Kind::Authorization) => pb::TransactionStatus::Authorized,
        (State::Done, _) if is_refunded => pb::TransactionStatus::Refunded,
        (State::Done, _) => pb::TransactionStatus::Succeeded,
        (State::Failed, _) => pb::TransactionStatus::Failed,
        (State::Voided | State::Expired, _) => pb::TransactionStatus::Voided,
    }
}
