//! Order details and requests for administrators.

use proto::order::v1;
use proto::payment::v1::{self as payment, TransactionStatus, TransactionType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::money::{Amount, Money};
use super::new_order::NOTE_CHARS;
use super::non_empty;
use super::order::{Order, STATUSES};
use crate::validation::{Field, Validator};

/// An order with its checkout and payment transactions.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderDetail {
    /// The order.
    #[serde(flatten)]
    order: Order,
    /// State of the checkout saga.
    checkout: Checkout,
    /// Payment transactions, oldest first.
    transactions: Vec<Transaction>,
}

/// State of a checkout saga.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checkout {
    /// Current step; `confirmed` or `cancelled` when the checkout has finished.
    #[schema(example = "confirmed")]
    step: String,
    /// Attempts at the current step.
    #[schema(example = 0, minimum = 0)]
    attempts: i32,
    /// Steps so far, in order.
    steps: Vec<CheckoutStep>,
}

/// A step of a checkout saga.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckoutStep {
    /// Name of the step.
    #[schema(example = "capture")]
    name: String,
    /// Outcome: `done`, `rejected` or `unknown`; `null` while the step is running.
    #[schema(example = "done")]
    outcome: Option<String>,
    /// Attempts at this step.
    #[schema(example = 1, minimum = 0)]
    attempts: i32,
    /// Start time.
    #[schema(format = DateTime, example = "2026-11-22T10:00:01Z")]
    started_at: String,
    /// End time; `null` while the step is running.
    #[schema(format = DateTime, example = "2026-11-22T10:00:01Z")]
    finished_at: Option<String>,
    /// Last error; `""` if there was none.
    #[schema(example = "")]
    error: String,
}

/// A payment transaction.
#[derive(Serialize, ToSchema)]
pub(crate) struct Transaction {
    /// Id of the transaction.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a80")]
    id: String,
    /// Id of the order.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70")]
    order_id: String,
    /// Id of the customer's account.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    user_id: String,
    /// Type of the transaction.
    #[schema(pattern = "^(charge|refund|authorization|capture|void)$", example = "capture")]
    r#type: &'static str,
    /// Status of the transaction.
    #[schema(
        pattern = "^(pending|succeeded|failed|refunded|authorized|voided)$",
        example = "succeeded"
    )]
    status: &'static str,
    /// Amount of the transaction.
    amount: Money,
    /// Payment method.
    #[schema(example = "pm_test_visa")]
    payment_method_id: String,
    /// Reference of the payment provider; `""` if it gave none.
    #[schema(example = "sim_cap_1")]
    provider_ref: String,
    /// Idempotency key of the transaction.
    #[schema(example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70:capture")]
    idempotency_key: String,
    /// Time of creation.
    #[schema(format = DateTime, example = "2026-11-22T10:00:01Z")]
    created_at: String,
}

impl OrderDetail {
    /// Combines the results of the services.
    pub(crate) fn new(
        order: v1::Order,
        checkout: v1::GetCheckoutResponse,
        transactions: Vec<payment::Transaction>,
    ) -> Self {
        Self {
            order: order.into(),
            checkout: checkout.into(),
            transactions: transactions.into_iter().map(Transaction::from).collect(),
        }
    }
}

impl From<v1::GetCheckoutResponse> for Checkout {
    fn from(checkout: v1::GetCheckoutResponse) -> Self {
        let steps = checkout.steps.into_iter().map(|step| CheckoutStep {
            name: step.name,
            outcome: non_empty(step.outcome),
            attempts: step.attempts,
            started_at: step.started_at,
            finished_at: non_empty(step.finished_at),
            error: step.error,
        });
        Self { step: checkout.step, attempts: checkout.attempts, steps: steps.collect() }
    }
}

impl From<payment::Transaction> for Transaction {
    fn from(transaction: payment::Transaction) -> Self {
        Self {
            r#type: type_name(transaction.r#type()),
            status: status_name(transaction.status()),
            id: transaction.id,
            order_id: transaction.order_id,
            user_id: transaction.user_id,
            amount: transaction.amount.unwrap_or_default().into(),
            payment_method_id: transaction.payment_method_id,
            provider_ref: transaction.provider_ref,
            idempotency_key: transaction.idempotency_key,
            created_at: transaction.created_at,
        }
    }
}

fn type_name(kind: TransactionType) -> &'static str {
    match kind {
        TransactionType::Unspecified => "unknown",
        TransactionType::Charge => "charge",
        TransactionType::Refund => "refund",
        TransactionType::Authorization => "authorization",
        TransactionType::Capture => "capture",
        TransactionType::Void => "void",
    }
}

fn status_name(status: TransactionStatus) -> &'static str {
    match status {
        TransactionStatus::Unspecified => "unknown",
        TransactionStatus::Pending => "pending",
        TransactionStatus::Succeeded => "succeeded",
        TransactionStatus::Failed => "failed",
        TransactionStatus::Refunded => "refunded",
        TransactionStatus::Authorized => "authorized",
        TransactionStatus::Voided => "voided",
    }
}

/// Requested status of an order.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct StatusChange {
    /// The new status.
    #[schema(
        value_type = String, required, example = "processing",
        pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$"
    )]
    #[serde(default)]
    status: Field<String>,
    /// Reason, in one line; visible to the customer.
    #[schema(value_type = Option<String>, max_length = 500, example = "Packed")]
    #[serde(default)]
    notes: Field<String>,
}

impl StatusChange {
    /// Validates the fields and builds the message for the order `id`.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        id: Uuid,
        actor: Uuid,
    ) -> Option<v1::UpdateOrderStatusRequest> {
        let name = validator.required("status", self.status);
        let status = name.and_then(|name| {
            let found = STATUSES.iter().find(|(known, _)| *known == name);
            if found.is_none() {
                let names = STATUSES.map(|(name, _)| name).join(", ");
                validator.fail("status", "unknown_value", format!("must be one of {names}"));
            }
            found.map(|(_, status)| *status)
        });
        let notes = validator.optional("notes", self.notes);
        let notes = validator.line("notes", notes, NOTE_CHARS);
        Some(v1::UpdateOrderStatusRequest {
            id: id.to_string(),
            status: status?.into(),
            notes: notes.unwrap_or_default(),
            actor_id: actor.to_string(),
        })
    }
}

/// A refund of an order.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewRefund {
    /// Amount, at least 1; if absent, all that is not yet refunded.
    #[schema(value_type = Option<Amount>)]
    #[serde(default)]
    amount: Field<Amount>,
    /// Reason, in one line.
    #[schema(value_type = Option<String>, max_length = 500, example = "Arrived broken")]
    #[serde(default)]
    reason: Field<String>,
}

impl NewRefund {
    /// Validates the fields and builds the message for the order `id`.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        id: Uuid,
        actor: Uuid,
        idempotency_key: Option<String>,
    ) -> v1::RefundOrderRequest {
        let amount = validator.optional("amount", self.amount);
        let amount = amount.and_then(|amount| amount.validate(validator, "amount"));
        let reason = validator.optional("reason", self.reason);
        let reason = validator.line("reason", reason, NOTE_CHARS);
        v1::RefundOrderRequest {
            id: id.to_string(),
            amount,
            reason: reason.unwrap_or_default(),
            idempotency_key: idempotency_key.unwrap_or_default(),
            actor_id: actor.to_string(),
        }
    }
}
