//! Calls that move money.

use money::Money;
use proto::payment::v1 as pb;
use wire::render;

use super::{Remotes, done, named, outcome_of};
use crate::domain::{
    call::{Outcome, Reason, authorize_key, capture_key, void_key},
    order::Order,
};

impl Remotes {
    pub(super) async fn authorize(&self, order: &Order) -> Outcome {
        let request = pb::AuthorizeRequest {
            order_id: order.id.to_string(),
            user_id: order.user.to_string(),
            payment_method_id: order.payment_method.clone(),
            amount: Some(render::money(order.sums.total)),
            idempotency_key: authorize_key(order.id),
        };
        match self.payment.clone().authorize(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                moved(answer.success, answer.authorization, answer.decline_code)
            }
            Err(status) => outcome_of(&status),
        }
    }

    pub(super) async fn capture(&self, order: &Order, authorization: &str) -> Outcome {
        let request = pb::CaptureRequest {
            authorization_id: authorization.to_owned(),
            amount: Some(render::money(order.sums.total)),
            idempotency_key: capture_key(order.id),
        };
        match self.payment.clone().capture(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                moved(answer.success, answer.transaction, answer.decline_code)
            }
            Err(status) => outcome_of(&status),
        }
    }

    pub(super) async fn void(&self, order: &Order, authorization: Option<&str>) -> Outcome {
        let request = pb::VoidRequest {
            authorization_id: authorization.unwrap_or_default().to_owned(),
            idempotency_key: void_key(order.id),
            authorize_key: authorize_key(order.id),
        };
        done(self.payment.clone().void(request).await)
    }

    pub(super) async fn give_back(
        &self,
        order: &Order,
        key: String,
        amount: Money,
        reason: &str,
    ) -> Outcome {
        let request = pb::RefundRequest {
            transaction_id: order.transaction.clone().unwrap_or_default(),
            amount: Some(render::money(amount)),
            reason: reason.to_owned(),
            idempotency_key: key,
        };
        match self.payment.clone().refund(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                moved(answer.success, answer.transaction, answer.decline_code)
            }
            Err(status) => outcome_of(&status),
        }
    }
}

/// A decline is an answer, and a definite one.
fn moved(success: bool, transaction: Option<pb::Transaction>, decline_code: String) -> Outcome {
    if success {
        return named(transaction.map(|transaction| transaction.id).unwrap_or_default());
    }
    let decline_code = match decline_code.as_str() {
        "" => "declined".to_owned(),
        _ => decline_code,
    };
    let text = format!("declined: {decline_code}");
    Outcome::Rejected(Reason { text, decline_code, ..Reason::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::Receipt;

    #[test]
    fn a_decline_always_has_a_code_and_success_always_a_name() {
        let transaction = |id: &str| Some(pb::Transaction { id: id.into(), ..Default::default() });
        assert_eq!(
            moved(true, transaction("t"), String::new()),
            Outcome::Done(Receipt("t".into()))
        );
        for nameless in [None, transaction("")] {
            assert!(matches!(moved(true, nameless, String::new()), Outcome::Unknown(_)));
        }
        for (code, told) in [("", "declined"), ("lost_card", "lost_card")] {
            let Outcome::Rejected(reason) = moved(false, None, code.into()) else { panic!() };
            assert_eq!(reason.decline_code, told);
        }
    }
}
