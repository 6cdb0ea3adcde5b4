//! The rendered mails, as they arrive.

use proto::notification::v1 as pb;
use serde_json::Value;

use crate::fixture::{Inbox, NUMBER, ORDER, TestService, confirmation, header, money};

/// Compares both parts of a mail with the snapshots.
#[track_caller]
fn assert_parts(name: &str, mail: &Value) {
    let part = |part: &str| mail[part].as_str().unwrap().replace("\r\n", "\n");
    let head = ["from", "to", "subject", "date"].map(|field| format!("{field}: {}", mail[field]));
    insta::assert_snapshot!(
        format!("{name}_text"),
        format!("{}\n\n{}", head.join("\n"), part("text"))
    );
    insta::assert_snapshot!(format!("{name}_html"), part("html"));
}

/// Sends one mail to a new inbox and compares it.
macro_rules! assert_mail {
    ($pool:ident, $method:ident, $request:expr, $name:literal) => {
        let inbox = Inbox::start().await;
        let service = TestService::start(&$pool, inbox.smtp_port).await;
        service.client.clone().$method($request).await.unwrap();
        let mail = inbox.single_mail().await;
        assert_parts($name, &mail);
        let sent = service.wait_for("sent", 1).await;
        assert_eq!(mail["subject"], sent[0].subject);
        assert_eq!((sent[0].r#type.as_str(), sent[0].attempts), ($name, 1));
        assert_eq!(sent[0].sent_at, "2026-03-01T12:00:00Z");
        let id = format!("<{}@localhost>", sent[0].id);
        assert_eq!(header(&mail, "Message-ID"), Some(id.as_str()));
        service.stop().await;
        inbox.stop().await;
    };
}

#[tokio::test]
async fn welcome_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let request = pb::SendWelcomeEmailRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        idempotency_key: String::new(),
    };
    assert_mail!(pool, send_welcome_email, request, "welcome");
}

#[tokio::test]
async fn password_reset_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let request = pb::SendPasswordResetRequest {
        email: "ada@example.com".into(),
        reset_token: "a+b/c=&d".into(),
        idempotency_key: String::new(),
    };
    assert_mail!(pool, send_password_reset, request, "password_reset");
}

#[tokio::test]
async fn email_verification_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let request = pb::SendEmailVerificationRequest {
        email: "ada@example.com".into(),
        verification_token: "a+b/c=&d".into(),
        idempotency_key: String::new(),
    };
    assert_mail!(pool, send_email_verification, request, "email_verification");
}

#[tokio::test]
async fn email_changed_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let request = pb::SendEmailChangedRequest {
        email: "ada@example.com".into(),
        idempotency_key: String::new(),
    };
    assert_mail!(pool, send_email_changed, request, "email_changed");
}

/// The address is omitted for a recipient who is not verified.
#[tokio::test]
async fn order_without_address_is_rendered_without_gaps() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let mut request = confirmation();
    (request.first_name, request.shipping_address) = (String::new(), None);
    let inbox = Inbox::start().await;
    let service = TestService::start(&pool, inbox.smtp_port).await;
    service.client.clone().send_order_confirmation(request).await.unwrap();
    let mail = inbox.single_mail().await;
    assert_parts("order_confirmation_without_address", &mail);
    service.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn sign_in_throttled_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let request = pb::SendSignInThrottledRequest {
        email: "ada@example.com".into(),
        idempotency_key: String::new(),
    };
    assert_mail!(pool, send_sign_in_throttled, request, "sign_in_throttled");
}

#[tokio::test]
async fn order_confirmation_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    assert_mail!(pool, send_order_confirmation, confirmation(), "order_confirmation");
}

#[tokio::test]
async fn shipping_update_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let request = pb::SendShippingUpdateRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        order_id: ORDER.into(),
        tracking_number: "9400100000000000000001".into(),
        carrier: "USPS".into(),
        status: "out_for_delivery".into(),
        location: "Springfield, IL".into(),
        idempotency_key: String::new(),
        order_number: NUMBER.into(),
    };
    assert_mail!(pool, send_shipping_update, request, "shipping_update");
}

#[tokio::test]
async fn order_cancelled_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let request = pb::SendOrderCancelledRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        order_id: ORDER.into(),
        reason: "Changed my mind".into(),
        idempotency_key: String::new(),
        order_number: NUMBER.into(),
    };
    assert_mail!(pool, send_order_cancelled, request, "order_cancelled");
}

#[tokio::test]
async fn refund_issued_is_rendered() {
    let database = testing::database(&notification::MIGRATOR).await;
    let pool = database.pool().clone();
    let request = pb::SendRefundIssuedRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        order_id: ORDER.into(),
        amount: Some(money(1_234, "KWD")),
        idempotency_key: String::new(),
        order_number: NUMBER.into(),
    };
    assert_mail!(pool, send_refund_issued, request, "refund_issued");
}

/// Missing fields leave no gaps, the id replaces a missing order number, non-ASCII text is kept,
/// and all values are escaped in HTML.
#[tokio::test]
async fn sparse_order_is_rendered_without_gaps_and_escaped() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let service = TestService::start(database.pool(), inbox.smtp_port).await;
    let malicious = "<img src=x onerror=alert(1)>";
    let mut request = confirmation();
    request.email = "žofie@bücher.example".into();
    request.first_name = format!("Žofie {malicious}");
    request.tax = None;
    request.order_number = String::new();
    request.tracking_number = String::new();
    request.items.truncate(1);
    request.items[0].product_name = format!("茶 {malicious}");
    request.items[0].unit_price = Some(money(1_980, "JPY"));
    request.items[0].total_price = Some(money(3_960, "JPY"));
    let address = request.shipping_address.as_mut().unwrap();
    (address.recipient, address.state, address.zip_code) = <_>::default();
    service.client.clone().send_order_confirmation(request).await.unwrap();
    let mail = inbox.single_mail().await;
    assert_parts("sparse_order_confirmation", &mail);
    assert!(!mail["html"].as_str().unwrap().contains("<img"));
    assert_eq!(mail["to"][0], "žofie@bücher.example");
    service.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn content_is_deleted_when_the_mail_is_sent() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let service = TestService::start(database.pool(), inbox.smtp_port).await;
    service.send_password_reset("ada@example.com", "a-secret-token").await;
    service.client.clone().send_order_confirmation(confirmation()).await.unwrap();
    service.wait_for("sent", 2).await;
    assert!(inbox.mails().await.iter().any(|mail| mail.to_string().contains("a-secret-token")));
    let rows: Vec<String> = sqlx::query_scalar("SELECT notifications::text FROM notifications")
        .fetch_all(database.pool())
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert!(!row.contains("a-secret-token") && !row.contains("Analytical Way"), "{row}");
    }
    service.stop().await;
    inbox.stop().await;
}
