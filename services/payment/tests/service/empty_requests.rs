//! An empty request is the first thing that people try: it is told what it lacks.

use proto::payment::v1::{self as pb, payment_service_client::PaymentServiceClient};
use sqlx::PgPool;
use tonic::transport::Channel;

use crate::shop::{Shop, fields};

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn what_an_empty_request_lacks_is_named(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let mut client: PaymentServiceClient<Channel> = shop.client.clone();
            let answer = client.$method(pb::$request::default()).await;
            assert_eq!(fields(answer), $fields, stringify!($method));
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
    shop.close().await;
}
