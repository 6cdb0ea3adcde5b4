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
        // Without the CVV, of which nothing may be stored, not even a hash.
        let fingerprint = |number: &str| {
            let month = request.exp_month.to_string();
            let year = request.exp_year.to_string();
            let is_default = request.is_default.to_string();
            fingerprinter.fingerprint(&[number, &month, &year, &is_default])
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The fingerprint is stored while the card is saved; of the CVV nothing may be stored.
    #[test]
    fn fingerprint_covers_card_and_default_but_not_cvv() {
        let env = Env::fixed("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let fingerprinter = Fingerprinter::with_key(b"0123456789abcdef");
        let fingerprint = |change: &dyn Fn(&mut pb::AddPaymentMethodRequest)| {
            let mut request = pb::AddPaymentMethodRequest {
                user_id: "0191b0b4-0000-7000-8000-000000000001".into(),
                r#type: pb::PaymentMethodType::Card.into(),
                card_number: "4242424242424242".into(),
                exp_month: 12,
                exp_year: 2030,
                cvv: "123".into(),
                idempotency_key: "key".into(),
                ..Default::default()
            };
            change(&mut request);
            add(&request, &fingerprinter, &env).unwrap().key.unwrap().1
        };
        let first = fingerprint(&|_| {});
        assert_eq!(first, fingerprint(&|request| request.cvv = "999".into()));
        assert_ne!(first, fingerprint(&|request| request.exp_month = 11));
        assert_ne!(first, fingerprint(&|request| request.exp_year = 2031));
        assert_ne!(first, fingerprint(&|request| request.is_default = true));
        let other = "4000000000000002";
        assert_ne!(first, fingerprint(&|request| request.card_number = other.into()));
    }
}
