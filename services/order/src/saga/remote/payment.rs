//! Calls to the payment service.

use money::Money;
use proto::payment::v1 as pb;
use wire::render;

use super::{RemoteServices, done, done_with_id, outcome_of};
use crate::domain::call::{authorize_key, capture_key, void_key};
use crate::domain::order::Order;
use crate::domain::outcome::{Outcome, Reason};

impl RemoteServices {
    pub(super) async fn authorize(&self, order: &Order) -> Outcome {
        let request = pb::AuthorizeRequest {
            order_id: order.id.to_string(),
            user_id: order.user.to_string(),
            payment_method_id: order.payment_method.clone(),
            amount: Some(render::money(order.sums.total)),
            idempotency_key: authorize_key(order.id),
        };
        match self.payment.clone().authorize(request).await {
            Ok(response) => {
                let response = response.into_inner();
                payment_outcome(response.success, response.authorization, response.decline_code)
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
            Ok(response) => {
                let response = response.into_inner();
                payment_outcome(response.success, response.transaction, response.decline_code)
            }
            Err(status) => outcome_of(&status),
        }
    }

    pub(super) async fn void(&self, order: &Order, authorization: Option<&str>) -> Outcome {
        let request = pb::VoidRequest {
            authorization_id: authorization.unwrap_or_default().to_owned(),
            idempotency_key: void_key(order.id),
            authorize_key: authorize_key(order.id),
            user_id: order.user.to_string(),
        };
        done(self.payment.clone().void(request).await)
    }

    pub(super) async fn refund(
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
            Ok(response) => {
                let response = response.into_inner();
                payment_outcome(response.success, response.transaction, response.decline_code)
            }
            Err(status) => outcome_of(&status),
        }
    }
}

/// Maps the response of a payment call. A decline is a definite rejection.
fn payment_outcome(
    success: bool,
    transaction: Option<pb::Transaction>,
    decline_code: String,
) -> Outcome {
    if success {
        return done_with_id(transaction.map(|transaction| transaction.id).unwrap_or_default());
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
    use crate::domain::outcome::Receipt;

    #[test]
    fn declines_have_a_code_and_successes_an_id() {
        let transaction = |id: &str| Some(pb::Transaction { id: id.into(), ..Default::default() });
        assert_eq!(
            payment_outcome(true, transaction("t"), String::new()),
            Outcome::Done(Receipt("t".into()))
        );
        for without_id in [None, transaction("")] {
            assert!(matches!(
                payment_outcome(true, without_id, String::new()),
                Outcome::Unknown(_)
            ));
        }
        for (code, expected) in [("", "declined"), ("lost_card", "lost_card")] {
            let Outcome::Rejected(reason) = payment_outcome(false, None, code.into()) else {
                panic!()
            };
            assert_eq!(reason.decline_code, expected);
        }
    }
}
