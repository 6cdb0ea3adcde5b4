//! The first thing people try: every RPC with an empty request.

use proto::notification::v1::{self as pb, notification_service_client::NotificationServiceClient};
use sqlx::PgPool;
use tonic::transport::Channel;

use crate::shop::{Shop, fields, free_port};

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn what_an_empty_request_lacks_is_named(pool: PgPool) {
    let shop = Shop::open(&pool, free_port()).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let mut client: NotificationServiceClient<Channel> = shop.client.clone();
            let answer = client.$method(pb::$request::default()).await;
            assert_eq!(fields(answer), $fields, stringify!($method));
        };
    }
    lacks!(
        send_order_confirmation,
        SendOrderConfirmationRequest,
        ["email", "order_id", "items", "subtotal", "shipping", "total", "shipping_address"]
    );
    lacks!(send_shipping_update, SendShippingUpdateRequest, ["email", "order_id", "status"]);
    lacks!(send_welcome_email, SendWelcomeEmailRequest, ["email"]);
    lacks!(send_password_reset, SendPasswordResetRequest, ["email", "reset_token"]);
    lacks!(send_order_cancelled, SendOrderCancelledRequest, ["email", "order_id"]);
    lacks!(send_refund_issued, SendRefundIssuedRequest, ["email", "order_id", "amount"]);
    lacks!(retry_notification, RetryNotificationRequest, ["id"]);

    let request = pb::ListNotificationsRequest::default();
    let listed = shop.client.clone().list_notifications(request).await.unwrap().into_inner();
    let pagination = listed.pagination.unwrap();
    assert!(listed.notifications.is_empty(), "what was refused is not in the queue");
    assert_eq!((pagination.page, pagination.page_size, pagination.total_count), (1, 20, 0));
    shop.close().await;
}
