//! Validation of requests.

use proto::common::v1::Money;
use proto::notification::v1 as pb;

use crate::fixture::{Inbox, ORDER, TestService, confirmation, fields, money};

#[tokio::test]
async fn line_breaks_are_rejected() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let service = TestService::start(database.pool(), inbox.smtp_port).await;
    for malicious in
        ["x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\rBcc: eve@example.com", "x\0"]
    {
        let to = format!("ada@example.com{malicious}");
        assert_eq!(fields(service.send_welcome(&to, "").await), ["email"]);
        assert_eq!(
            fields(service.send_welcome("ada@example.com", malicious).await),
            ["idempotency_key"]
        );
        let request = pb::SendWelcomeEmailRequest {
            email: "ada@example.com".into(),
            first_name: malicious.into(),
            idempotency_key: String::new(),
        };
        let response = service.client.clone().send_welcome_email(request).await;
        assert_eq!(fields(response), ["first_name"]);
        let request = pb::SendShippingUpdateRequest {
            email: "ada@example.com".into(),
            order_id: ORDER.into(),
            order_number: malicious.into(),
            status: malicious.into(),
            carrier: malicious.into(),
            tracking_number: malicious.into(),
            location: malicious.into(),
            ..Default::default()
        };
        let response = service.client.clone().send_shipping_update(request).await;
        let expected = ["order_number", "tracking_number", "carrier", "status", "location"];
        assert_eq!(fields(response), expected);
    }
    let malicious = "ada@example.com, eve@example.com";
    assert_eq!(fields(service.send_welcome(malicious, "").await), ["email"]);
    assert!(service.list("").await.is_empty() && inbox.mails().await.is_empty());
    service.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn every_invalid_field_is_named() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let service = TestService::start(database.pool(), inbox.smtp_port).await;
    let mut request = confirmation();
    request.email = "nobody".into();
    request.order_id = "7".into();
    request.items[0].quantity = 0;
    request.items[1].unit_price = None;
    request.items[1].total_price = Some(money(-1, "USD"));
    request.subtotal = Some(Money { amount_cents: 1, currency: "dollars".into() });
    request.shipping_address.as_mut().unwrap().country = "Utopia".into();
    let response = service.client.clone().send_order_confirmation(request).await;
    assert_eq!(
        fields(response),
        [
            "email",
            "order_id",
            "items[0].quantity",
            "items[1].unit_price",
            "items[1].total_price.amount_cents",
            "subtotal.currency",
            "shipping_address.country"
        ]
    );

    let mut request = confirmation();
    request.items = vec![request.items[0].clone(); 101];
    let response = service.client.clone().send_order_confirmation(request).await;
    assert_eq!(fields(response), ["items"]);
    let request = pb::ListNotificationsRequest {
        status: "lost".into(),
        pagination: Some(proto::common::v1::Pagination { page: -1, page_size: 101 }),
    };
    let response = service.client.clone().list_notifications(request).await;
    assert_eq!(fields(response), ["status", "pagination.page", "pagination.page_size"]);
    assert_eq!(fields(service.retry("7").await), ["id"]);
    service.stop().await;
    inbox.stop().await;
}
