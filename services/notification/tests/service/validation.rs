//! What is refused before it becomes a mail.

use proto::{common::v1::Money, notification::v1 as pb};
use sqlx::PgPool;

use crate::shop::{Inbox, ORDER, Shop, confirmation, fields, money};

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn line_ends_make_no_headers(pool: PgPool) {
    let inbox = Inbox::open().await;
    let shop = Shop::open(&pool, inbox.smtp_port).await;
    for evil in
        ["x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\rBcc: eve@example.com", "x\0"]
    {
        let to = format!("ada@example.com{evil}");
        assert_eq!(fields(shop.welcome(&to, "").await), ["email"]);
        assert_eq!(fields(shop.welcome("ada@example.com", evil).await), ["idempotency_key"]);
        let request = pb::SendWelcomeEmailRequest {
            email: "ada@example.com".into(),
            first_name: evil.into(),
            idempotency_key: String::new(),
        };
        let answer = shop.client.clone().send_welcome_email(request).await;
        assert_eq!(fields(answer), ["first_name"]);
        let request = pb::SendShippingUpdateRequest {
            email: "ada@example.com".into(),
            order_id: ORDER.into(),
            status: evil.into(),
            carrier: evil.into(),
            tracking_number: evil.into(),
            location: evil.into(),
            ..Default::default()
        };
        let answer = shop.client.clone().send_shipping_update(request).await;
        assert_eq!(fields(answer), ["tracking_number", "carrier", "status", "location"]);
    }
    let evil = "ada@example.com, eve@example.com";
    assert_eq!(fields(shop.welcome(evil, "").await), ["email"]);
    assert!(shop.list("").await.is_empty() && inbox.mails().await.is_empty());
    shop.close().await;
    inbox.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn every_field_at_fault_is_named(pool: PgPool) {
    let inbox = Inbox::open().await;
    let shop = Shop::open(&pool, inbox.smtp_port).await;
    let mut request = confirmation();
    request.email = "nobody".into();
    request.order_id = "7".into();
    request.items[0].quantity = 0;
    request.items[1].unit_price = None;
    request.items[1].total_price = Some(money(-1, "USD"));
    request.subtotal = Some(Money { amount_cents: 1, currency: "dollars".into() });
    request.shipping_address.as_mut().unwrap().country = "Utopia".into();
    let answer = shop.client.clone().send_order_confirmation(request).await;
    assert_eq!(
        fields(answer),
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
    let answer = shop.client.clone().send_order_confirmation(request).await;
    assert_eq!(fields(answer), ["items"]);
    let request = pb::ListNotificationsRequest {
        status: "lost".into(),
        pagination: Some(proto::common::v1::Pagination { page: -1, page_size: 101 }),
    };
    let answer = shop.client.clone().list_notifications(request).await;
    assert_eq!(fields(answer), ["status", "pagination.page", "pagination.page_size"]);
    assert_eq!(fields(shop.retry("7").await), ["id"]);
    shop.close().await;
    inbox.close().await;
}
