//! Requests about payment methods, read.

use kit::Env;
use proto::payment::v1 as pb;
use tonic::Status;
use wire::Fields;

use super::fields::PaymentFields as _;
use crate::{
    domain::ids::{MethodId, UserId},
    fingerprint::Fingerprints,
    transactions::NewMethod,
};

pub(super) fn add(
    request: &pb::AddPaymentMethodRequest,
    fingerprints: &Fingerprints,
    env: &Env,
) -> Result<NewMethod, Status> {
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
    let read = || {
        let (user, (), card, key) = (user?, kind?, card?, key?);
        let print = |number: &str| {
            let month = request.exp_month.to_string();
            let year = request.exp_year.to_string();
            let is_default = request.is_default.to_string();
            fingerprints.of_parts(&[number, &month, &year, &request.cvv, &is_default])
        };
        let key = key.map(|key| (key, print(card.number.expose())));
        Some(NewMethod { user, card, is_default: request.is_default, key })
    };
    let read = read();
    fields.finish(read)
}

/// Whose methods are asked for.
pub(super) fn user(id: &str) -> Result<UserId, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", id);
    fields.finish(user)
}

/// One method of a customer.
pub(super) fn one(id: &str, user: &str) -> Result<(UserId, MethodId), Status> {
    let mut fields = Fields::default();
    let id: Option<MethodId> = fields.id("id", id);
    let user: Option<UserId> = fields.id("user_id", user);
    let read = || Some((user?, id?));
    let read = read();
    fields.finish(read)
}
