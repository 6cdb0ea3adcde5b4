//! What only administrators see of an order, and do to it.

use proto::order::v1;
use proto::payment::v1::{self as payment, TransactionStatus, TransactionType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::money::{Amount, Money};
use super::new_order::NOTE_CHARS;
use super::order::{Order, STATUSES};
use super::reference;
use crate::check::{Check, Field};

/// An order with all that led to it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderDetail {
    /// The order itself.
    #[serde(flatten)]
    order: Order,
    /// How far its checkout is.
    checkout: Checkout,
    /// The movements of its money, oldest first.
    transactions: Vec<Transaction>,
}

/// How far a checkout is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checkout {
    /// The step it is at; `confirmed` or `cancelled` at its end.
    #[schema(example = "confirmed")]
    step: String,
    /// Attempts at this step.
    #[schema(example = 0, minimum = 0)]
    attempts: i32,
    /// The steps so far, in order.
    steps: Vec<CheckoutStep>,
}

/// A step of a checkout.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckoutStep {
    /// Its name.
    #[schema(example = "capture")]
    name: String,
    /// How it ended: `done`, `rejected` or `unknown`; `null` while it is at work.
    #[schema(example = "done")]
    outcome: Option<String>,
    /// Attempts that it took.
    #[schema(example = 1, minimum = 0)]
    attempts: i32,
    /// When it began.
    #[schema(format = DateTime, example = "2026-11-22T10:00:01Z")]
    started_at: String,
    /// When it ended; `null` while it is at work.
    #[schema(format = DateTime, example = "2026-11-22T10:00:01Z")]
    finished_at: Option<String>,
    /// The last error; `""` when there was none.
    #[schema(example = "")]
    error: String,
}

/// A movement of money.
#[derive(Serialize, ToSchema)]
pub(crate) struct Transaction {
    /// The movement.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a80")]
    id: String,
    /// The order it is for.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70")]
    order_id: String,
    /// The customer.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    user_id: String,
    /// What it does.
    #[schema(pattern = "^(charge|refund|authorization|capture|void)$", example = "capture")]
    r#type: &'static str,
    /// Where it stands.
    #[schema(
        pattern = "^(pending|succeeded|failed|refunded|authorized|voided)$",
        example = "succeeded"
    )]
    status: &'static str,
    /// How much.
    amount: Money,
    /// How it is paid.
    #[schema(example = "pm_test_visa")]
    payment_method_id: String,
    /// The provider's name for it; `""` when it gave none.
    #[schema(example = "sim_cap_1")]
    provider_ref: String,
    /// The key that makes its repeats harmless.
    #[schema(example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70:capture")]
    idempotency_key: String,
    /// When it was begun.
    #[schema(format = DateTime, example = "2026-11-22T10:00:01Z")]
    created_at: String,
}

impl OrderDetail {
    /// Put together.
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
            outcome: reference(step.outcome),
            attempts: step.attempts,
            started_at: step.started_at,
            finished_at: reference(step.finished_at),
            error: step.error,
        });
        Self { step: checkout.step, attempts: checkout.attempts, steps: steps.collect() }
    }
}

impl From<payment::Transaction> for Transaction {
    fn from(transaction: payment::Transaction) -> Self {
        Self {
            r#type: type_word(transaction.r#type()),
            status: status_word(transaction.status()),
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

fn type_word(kind: TransactionType) -> &'static str {
    match kind {
        TransactionType::Unspecified => "unknown",
        TransactionType::Charge => "charge",
        TransactionType::Refund => "refund",
        TransactionType::Authorization => "authorization",
        TransactionType::Capture => "capture",
        TransactionType::Void => "void",
    }
}

fn status_word(status: TransactionStatus) -> &'static str {
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

/// Where an order is to stand.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct StatusChange {
    /// The status.
    #[schema(
        value_type = String, required, example = "processing",
        pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$"
    )]
    #[serde(default)]
    status: Field<String>,
    /// Why, in one line; the customer sees it.
    #[schema(value_type = Option<String>, max_length = 500, example = "Packed")]
    #[serde(default)]
    notes: Field<String>,
}

impl StatusChange {
    /// The message for the order `id`, or all that is wrong.
    pub(crate) fn read(
        self,
        check: &mut Check,
        id: Uuid,
        actor: Uuid,
    ) -> Option<v1::UpdateOrderStatusRequest> {
        let word = check.required("status", self.status);
        let status = word.and_then(|word| {
            let known = STATUSES.iter().find(|(known, _)| *known == word);
            if known.is_none() {
                let words = STATUSES.map(|(word, _)| word).join(", ");
                check.fail("status", "unknown_value", format!("must be one of {words}"));
            }
            known.map(|(_, status)| *status)
        });
        let notes = check.optional("notes", self.notes);
        let notes = check.line("notes", notes, NOTE_CHARS);
        Some(v1::UpdateOrderStatusRequest {
            id: id.to_string(),
            status: status?.into(),
            notes: notes.unwrap_or_default(),
            actor_id: actor.to_string(),
        })
    }
}

/// Money to be given back.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewRefund {
    /// How much, 1 at least; all that is left when absent.
    #[schema(value_type = Option<Amount>)]
    #[serde(default)]
    amount: Field<Amount>,
    /// Why, in one line.
    #[schema(value_type = Option<String>, max_length = 500, example = "Arrived broken")]
    #[serde(default)]
    reason: Field<String>,
}

impl NewRefund {
    /// The message for the order `id`, or all that is wrong.
    pub(crate) fn read(
        self,
        check: &mut Check,
        id: Uuid,
        actor: Uuid,
        idempotency_key: Option<String>,
    ) -> v1::RefundOrderRequest {
        let amount = check.optional("amount", self.amount);
        let amount = amount.and_then(|amount| amount.read(check, "amount"));
        let reason = check.optional("reason", self.reason);
        let reason = check.line("reason", reason, NOTE_CHARS);
        v1::RefundOrderRequest {
            id: id.to_string(),
            amount,
            reason: reason.unwrap_or_default(),
            idempotency_key: idempotency_key.unwrap_or_default(),
            actor_id: actor.to_string(),
        }
    }
}
