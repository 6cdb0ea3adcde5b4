//! The gRPC service. Each method validates the request, calls the ledger or the store, and renders
//! the response.

mod fields;
mod payment_methods;
mod render;
mod transactions;

use kit::postgres::traced;
use money::Currency;
use proto::common::v1::Empty;
use proto::payment::v1 as pb;
use proto::payment::v1::payment_service_server::PaymentService;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

use crate::error::Error;
use crate::fingerprint::Fingerprinter;
use crate::ledger::{Ledger, RequestResult};
use crate::store;

/// Response header that marks a replay: an earlier request with the same idempotency key began it.
const REPLAYED: &str = "idempotency-replayed";

/// Dependencies of the RPC handlers.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) ledger: Ledger,
    pub(crate) currency: Currency,
    pub(crate) fingerprinter: Fingerprinter,
}

type GrpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl PaymentService for Api {
    async fn add_payment_method(
        &self,
        request: Request<pb::AddPaymentMethodRequest>,
    ) -> GrpcResult<pb::PaymentMethod> {
        let new = payment_methods::add(request.get_ref(), &self.fingerprinter, &self.ledger.env)?;
        let saved = traced("payment.add_method", self.ledger.add_method(new)).await?;
        Ok(respond(render::method(saved.method), saved.is_replay))
    }

    async fn list_payment_methods(
        &self,
        request: Request<pb::ListPaymentMethodsRequest>,
    ) -> GrpcResult<pb::ListPaymentMethodsResponse> {
        let user = payment_methods::user(&request.get_ref().user_id)?;
        let methods = traced("payment.list_methods", self.ledger.methods(user)).await?;
        let payment_methods = methods.into_iter().map(render::method).collect();
        Ok(Response::new(pb::ListPaymentMethodsResponse { payment_methods }))
    }

    async fn delete_payment_method(
        &self,
        request: Request<pb::DeletePaymentMethodRequest>,
    ) -> GrpcResult<Empty> {
        let request = request.get_ref();
        let (user, id) = payment_methods::user_and_method(&request.id, &request.user_id)?;
        traced("payment.remove_method", self.ledger.remove_method(user, id)).await?;
        Ok(Response::new(Empty {}))
    }

    async fn set_default_payment_method(
        &self,
        request: Request<pb::SetDefaultPaymentMethodRequest>,
    ) -> GrpcResult<pb::PaymentMethod> {
        let request = request.get_ref();
        let (user, id) = payment_methods::user_and_method(&request.id, &request.user_id)?;
        let method =
            traced("payment.set_default_method", self.ledger.set_default_method(user, id)).await?;
        Ok(Response::new(render::method(method)))
    }

    async fn authorize(
        &self,
        request: Request<pb::AuthorizeRequest>,
    ) -> GrpcResult<pb::AuthorizeResponse> {
        let payment =
            transactions::payment(request.get_ref(), self.currency, &self.ledger.provider)?;
        let result = traced("payment.authorize", self.ledger.authorize(payment)).await?;
        let reply = TransactionReply::new(result)?;
        let message = pb::AuthorizeResponse {
            success: reply.success,
            authorization: Some(reply.transaction),
            error_message: reply.error_message,
            decline_code: reply.decline_code,
        };
        Ok(respond(message, reply.is_replay))
    }

    async fn capture(
        &self,
        request: Request<pb::CaptureRequest>,
    ) -> GrpcResult<pb::ChargeResponse> {
        let (authorization, amount, key) = transactions::capture(request.get_ref(), self.currency)?;
        let capture = self.ledger.capture(authorization, amount, key);
        charge_response(traced("payment.capture", capture).await?)
    }

    async fn charge(&self, request: Request<pb::ChargeRequest>) -> GrpcResult<pb::ChargeResponse> {
        let payment = transactions::payment(
            &charge_as_authorize(request.into_inner()),
            self.currency,
            &self.ledger.provider,
        )?;
        charge_response(traced("payment.charge", self.ledger.charge(payment)).await?)
    }

    async fn refund(&self, request: Request<pb::RefundRequest>) -> GrpcResult<pb::RefundResponse> {
        let refund = transactions::refund(request.get_ref(), self.currency)?;
        let reply =
            TransactionReply::new(traced("payment.refund", self.ledger.refund(refund)).await?)?;
        let message = pb::RefundResponse {
            success: reply.success,
            transaction: Some(reply.transaction),
            error_message: reply.error_message,
            decline_code: reply.decline_code,
        };
        Ok(respond(message, reply.is_replay))
    }

    async fn void(&self, request: Request<pb::VoidRequest>) -> GrpcResult<Empty> {
        let void = transactions::void(request.get_ref())?;
        let is_replay = traced("payment.void", self.ledger.void(void)).await?;
        Ok(respond(Empty {}, is_replay))
    }

    async fn get_transaction(
        &self,
        request: Request<pb::GetTransactionRequest>,
    ) -> GrpcResult<pb::Transaction> {
        let id = transactions::transaction(&request.get_ref().id)?;
        let mut conn = self.ledger.pool.acquire().await.map_err(Error::from)?;
        let found = traced("payment.find", store::transactions::find(&mut conn, id)).await?;
        let transaction = found.ok_or(Error::NotFound("transaction"))?;
        Ok(Response::new(render::transaction(transaction)))
    }

    async fn list_transactions(
        &self,
        request: Request<pb::ListTransactionsRequest>,
    ) -> GrpcResult<pb::ListTransactionsResponse> {
        let order = transactions::order(&request.get_ref().order_id)?;
        let mut conn = self.ledger.pool.acquire().await.map_err(Error::from)?;
        let found =
            traced("payment.of_order", store::transactions::list_by_order(&mut conn, order))
                .await?;
        let transactions = found.into_iter().map(render::transaction).collect();
        Ok(Response::new(pb::ListTransactionsResponse { transactions }))
    }
}

/// The part of a response that authorize, capture, charge and refund share.
struct TransactionReply {
    success: bool,
    transaction: pb::Transaction,
    error_message: String,
    decline_code: String,
    is_replay: bool,
}

impl TransactionReply {
    fn new(result: RequestResult) -> Result<Self, Error> {
        let RequestResult { transaction, is_replay } = result;
        let success = transaction.succeeded()?;
        let (error_message, decline_code) = render::decline(&transaction);
        let transaction = render::transaction(transaction);
        Ok(Self { success, transaction, error_message, decline_code, is_replay })
    }
}

fn charge_response(result: RequestResult) -> GrpcResult<pb::ChargeResponse> {
    let reply = TransactionReply::new(result)?;
    let message = pb::ChargeResponse {
        success: reply.success,
        transaction: Some(reply.transaction),
        error_message: reply.error_message,
        decline_code: reply.decline_code,
    };
    Ok(respond(message, reply.is_replay))
}

/// Converts a charge request to an authorize request: both have the same fields and rules.
fn charge_as_authorize(request: pb::ChargeRequest) -> pb::AuthorizeRequest {
    let pb::ChargeRequest { order_id, user_id, payment_method_id, amount, idempotency_key } =
        request;
    pb::AuthorizeRequest { order_id, user_id, payment_method_id, amount, idempotency_key }
}

fn respond<T>(message: T, is_replay: bool) -> Response<T> {
    let mut response = Response::new(message);
    if is_replay {
        response.metadata_mut().insert(REPLAYED, MetadataValue::from_static("true"));
    }
    response
}
