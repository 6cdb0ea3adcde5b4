//! Validation of the requests about payment methods.

use kit::Env;
use proto::payment::v1 as pb;
use tonic::Status;
use wire::Fields;

use super::fields::PaymentFields as _;
use crate::domain::ids::{PaymentMethodId, UserId};
use crate::fingerprint::Fingerprinter;
use crate::ledger::NewPaymentMethod;

pub(super) fn add(
    request: &pb::AddPaymentMethodRequest,
    fingerprinter: &Fingerprinter,
    env: &Env,
) -> Result<NewPaymentMethod, Status> {
    let mut fields = Fields::default();
    let user: Option<UserId> = fields.id("user_id", &request.user_id);
    let kind = match request.r#type() {
        pb::PaymentMethodType::Card => Some(()),
        pb::PaymentMethodType::Unspecified | pb::PaymentMethodType::Bank => {
            fields.reject("type", "must be PAYMENT_METHOD_TYPE_CARD")
        }
    };
    let card = fields.card(request, env);
    let key = fields.key_or_none("idempotency_key", &request.idempotency_key);
    let parse = || {
        let (user, (), card, key) = (user?, kind?, card?, key?);
        let fingerprint = |number: &str| {
            let month = request.exp_month.to_string();
            let year = request.exp_year.to_string();
            let is_default = request.is_default.to_string();
            fingerprinter.fingerprint(&[number, &month, &year, &request.cvv, &is_default])
        };
        let key = key.map(|key| (key, fingerprint(card.number.expose())));
        Some(NewPaymentMethod { user, card, is_default: request.is_default, key })
    };
    let parsed = parse();
    fields.finish(parsed)
}

/// Parses the customer's id.
pub(super) fn user(id: &str) -> Result<UserId, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", id);
    fields.finish(user)
}

/// Parses the ids of a customer and of one of their payment methods.
pub(super) fn user_and_method(id: &str, user: &str) -> Result<(UserId, PaymentMethodId), Status> {
    let mut fields = Fields::default();
    let id: Option<PaymentMethodId> = fields.id("id", id);
    let user: Option<UserId> = fields.id("user_id", user);
    let parse = || Some((user?, id?));
    let parsed = parse();
    fields.finish(parsed)
}
