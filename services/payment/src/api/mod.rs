//! The gRPC service: each method reads the request, asks the rules and the store, writes the answer.

mod fields;
mod methods;
mod movements;
mod render;

use kit::postgres::traced;
use money::Currency;
use proto::{
    common::v1::Empty,
    payment::v1::{self as pb, payment_service_server::PaymentService},
};
use tonic::{Request, Response, Status, metadata::MetadataValue};

use crate::{
    error::Error,
    fingerprint::Fingerprints,
    store,
    transactions::{Answered, Ledger},
};

/// Header of an answer that an earlier request with the same key had begun.
const REPLAYED: &str = "idempotency-replayed";

/// What the service stands on.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) ledger: Ledger,
    pub(crate) currency: Currency,
    pub(crate) fingerprints: Fingerprints,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl PaymentService for Api {
    async fn add_payment_method(
        &self,
        request: Request<pb::AddPaymentMethodRequest>,
    ) -> Answer<pb::PaymentMethod> {
        let new = methods::add(request.get_ref(), &self.fingerprints, &self.ledger.env)?;
        let saved = traced("payment.add_method", self.ledger.add_method(new)).await?;
        Ok(answer(render::method(saved.method), saved.is_replay))
    }

    async fn list_payment_methods(
        &self,
        request: Request<pb::ListPaymentMethodsRequest>,
    ) -> Answer<pb::ListPaymentMethodsResponse> {
        let user = methods::user(&request.get_ref().user_id)?;
        let methods = traced("payment.list_methods", self.ledger.methods(user)).await?;
        let payment_methods = methods.into_iter().map(render::method).collect();
        Ok(Response::new(pb::ListPaymentMethodsResponse { payment_methods }))
    }

    async fn delete_payment_method(
        &self,
        request: Request<pb::DeletePaymentMethodRequest>,
    ) -> Answer<Empty> {
        let request = request.get_ref();
        let (user, id) = methods::one(&request.id, &request.user_id)?;
        traced("payment.remove_method", self.ledger.remove_method(user, id)).await?;
        Ok(Response::new(Empty {}))
    }

    async fn set_default_payment_method(
        &self,
        request: Request<pb::SetDefaultPaymentMethodRequest>,
    ) -> Answer<pb::PaymentMethod> {
        let request = request.get_ref();
        let (user, id) = methods::one(&request.id, &request.user_id)?;
        let method =
            traced("payment.set_default_method", self.ledger.set_default_method(user, id)).await?;
        Ok(Response::new(render::method(method)))
    }

    async fn authorize(
        &self,
        request: Request<pb::AuthorizeRequest>,
    ) -> Answer<pb::AuthorizeResponse> {
        let payment = movements::payment(request.get_ref(), self.currency, &self.ledger.provider)?;
        let answered = traced("payment.authorise", self.ledger.authorise(payment)).await?;
        let told = Told::of(answered)?;
        let message = pb::AuthorizeResponse {
            success: told.success,
            authorization: Some(told.transaction),
            error_message: told.error_message,
            decline_code: told.decline_code,
        };
        Ok(answer(message, told.is_replay))
    }

    async fn capture(&self, request: Request<pb::CaptureRequest>) -> Answer<pb::ChargeResponse> {
        let (authorization, amount, key) = movements::capture(request.get_ref(), self.currency)?;
        let capture = self.ledger.capture(authorization, amount, key);
        charge_answer(traced("payment.capture", capture).await?)
    }

    async fn charge(&self, request: Request<pb::ChargeRequest>) -> Answer<pb::ChargeResponse> {
        let payment = movements::payment(
            &as_authorize(request.into_inner()),
            self.currency,
            &self.ledger.provider,
        )?;
        charge_answer(traced("payment.charge", self.ledger.charge(payment)).await?)
    }

    async fn refund(&self, request: Request<pb::RefundRequest>) -> Answer<pb::RefundResponse> {
        let refund = movements::refund(request.get_ref(), self.currency)?;
        let told = Told::of(traced("payment.refund", self.ledger.refund(refund)).await?)?;
        let message = pb::RefundResponse {
            success: told.success,
            transaction: Some(told.transaction),
            error_message: told.error_message,
            decline_code: told.decline_code,
        };
        Ok(answer(message, told.is_replay))
    }

    async fn void(&self, request: Request<pb::VoidRequest>) -> Answer<Empty> {
        let void = movements::void(request.get_ref())?;
        let is_replay = traced("payment.void", self.ledger.void(void)).await?;
        Ok(answer(Empty {}, is_replay))
    }

    async fn get_transaction(
        &self,
        request: Request<pb::GetTransactionRequest>,
    ) -> Answer<pb::Transaction> {
        let id = movements::transaction(&request.get_ref().id)?;
        let mut conn = self.ledger.pool.acquire().await.map_err(Error::from)?;
        let found = traced("payment.find", store::transactions::find(&mut conn, id)).await?;
        let transaction = found.ok_or(Error::NotFound("transaction"))?;
        Ok(Response::new(render::transaction(transaction)))
    }

    async fn list_transactions(
        &self,
        request: Request<pb::ListTransactionsRequest>,
    ) -> Answer<pb::ListTransactionsResponse> {
        let order = movements::order(&request.get_ref().order_id)?;
        let mut conn = self.ledger.pool.acquire().await.map_err(Error::from)?;
        let found =
            traced("payment.of_order", store::transactions::of_order(&mut conn, order)).await?;
        let transactions = found.into_iter().map(render::transaction).collect();
        Ok(Response::new(pb::ListTransactionsResponse { transactions }))
    }
}

/// What a caller is told of a movement.
struct Told {
    success: bool,
    transaction: pb::Transaction,
    error_message: String,
    decline_code: String,
    is_replay: bool,
}

impl Told {
    fn of(answered: Answered) -> Result<Self, Error> {
        let Answered { transaction, is_replay } = answered;
        let success = transaction.answer()?;
        let (error_message, decline_code) = render::decline(&transaction);
        let transaction = render::transaction(transaction);
        Ok(Self { success, transaction, error_message, decline_code, is_replay })
    }
}

fn charge_answer(answered: Answered) -> Answer<pb::ChargeResponse> {
    let told = Told::of(answered)?;
    let message = pb::ChargeResponse {
        success: told.success,
        transaction: Some(told.transaction),
        error_message: told.error_message,
        decline_code: told.decline_code,
    };
    Ok(answer(message, told.is_replay))
}

/// Both ask for the same.
fn as_authorize(request: pb::ChargeRequest) -> pb::AuthorizeRequest {
    let pb::ChargeRequest { order_id, user_id, payment_method_id, amount, idempotency_key } =
        request;
    pb::AuthorizeRequest { order_id, user_id, payment_method_id, amount, idempotency_key }
}

fn answer<T>(message: T, is_replay: bool) -> Response<T> {
    let mut response = Response::new(message);
    if is_replay {
        response.metadata_mut().insert(REPLAYED, MetadataValue::from_static("true"));
    }
    response
}
