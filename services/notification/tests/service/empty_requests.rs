//! Every RPC with an empty request.

use proto::notification::v1 as pb;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use tonic::transport::Channel;

use crate::fixture::{TestService, fields, free_port};

#[tokio::test]
async fn empty_request_names_every_missing_field() {
    let database = testing::database(&notification::MIGRATOR).await;
    let service = TestService::start(database.pool(), free_port()).await;
    macro_rules! assert_missing {
        ($method:ident, $request:ident, $fields:expr) => {
            let mut client: NotificationServiceClient<Channel> = service.client.clone();
            let response = client.$method(pb::$request::default()).await;
            assert_eq!(fields(response), $fields, stringify!($method));
        };
    }
    assert_missing!(
        send_order_confirmation,
        SendOrderConfirmationRequest,
        ["email", "order_id", "items", "subtotal", "shipping", "total"]
    );
    assert_missing!(
        send_shipping_update,
        SendShippingUpdateRequest,
        ["email", "order_id", "status"]
    );
    assert_missing!(send_welcome_email, SendWelcomeEmailRequest, ["email"]);
    assert_missing!(send_password_reset, SendPasswordResetRequest, ["email", "reset_token"]);
    assert_missing!(send_sign_in_throttled, SendSignInThrottledRequest, ["email"]);
    assert_missing!(
        send_email_verification,
        SendEmailVerificationRequest,
        ["email", "verification_token"]
    );
    assert_missing!(send_email_changed, SendEmailChangedRequest, ["email"]);
    assert_missing!(send_order_cancelled, SendOrderCancelledRequest, ["email", "order_id"]);
    assert_missing!(send_refund_issued, SendRefundIssuedRequest, ["email", "order_id", "amount"]);
    assert_missing!(retry_notification, RetryNotificationRequest, ["id"]);

    let request = pb::ListNotificationsRequest::default();
    let listed = service.client.clone().list_notifications(request).await.unwrap().into_inner();
    let pagination = listed.pagination.unwrap();
    assert!(listed.notifications.is_empty(), "rejected requests are not queued");
    assert_eq!((pagination.page, pagination.page_size, pagination.total_count), (1, 20, 0));
    service.stop().await;
}
