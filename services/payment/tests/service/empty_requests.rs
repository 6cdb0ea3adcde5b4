//! Empty requests: the error names every required field.

use proto::payment::v1 as pb;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use tonic::transport::Channel;

use crate::fixture::{PaymentFixture, fields};

#[tokio::test]
async fn empty_request_reports_required_fields() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let mut client: PaymentServiceClient<Channel> = service.client.clone();
            let response = client.$method(pb::$request::default()).await;
            assert_eq!(fields(response), $fields, stringify!($method));
        };
    }
    let card = ["user_id", "type", "card_number", "exp_month", "exp_year", "cvv"];
    lacks!(add_payment_method, AddPaymentMethodRequest, card);
    lacks!(list_payment_methods, ListPaymentMethodsRequest, ["user_id"]);
    lacks!(delete_payment_method, DeletePaymentMethodRequest, ["id", "user_id"]);
    lacks!(set_default_payment_method, SetDefaultPaymentMethodRequest, ["id", "user_id"]);
    let payment = ["order_id", "user_id", "payment_method_id", "amount", "idempotency_key"];
    lacks!(authorize, AuthorizeRequest, payment);
    lacks!(charge, ChargeRequest, payment);
    lacks!(capture, CaptureRequest, ["authorization_id", "amount", "idempotency_key"]);
    lacks!(void, VoidRequest, ["authorization_id", "idempotency_key"]);
    lacks!(refund, RefundRequest, ["transaction_id", "idempotency_key"]);
    lacks!(get_transaction, GetTransactionRequest, ["id"]);
    lacks!(list_transactions, ListTransactionsRequest, ["order_id"]);
    service.stop().await;
}
