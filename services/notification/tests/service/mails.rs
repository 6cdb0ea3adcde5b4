//! What arrives: the words of all mails, and whose they are.

use proto::notification::v1 as pb;
use serde_json::Value;
use sqlx::PgPool;

use crate::shop::{Inbox, ORDER, Shop, confirmation, header, money};

/// The mail as people see it in a program without and with HTML.
#[track_caller]
fn assert_words(name: &str, mail: &Value) {
    let part = |part: &str| mail[part].as_str().unwrap().replace("\r\n", "\n");
    let head = ["from", "to", "subject", "date"].map(|field| format!("{field}: {}", mail[field]));
    insta::assert_snapshot!(
        format!("{name}_text"),
        format!("{}\n\n{}", head.join("\n"), part("text"))
    );
    insta::assert_snapshot!(format!("{name}_html"), part("html"));
}

/// Sends one mail to an inbox of its own and looks at it.
macro_rules! arrives {
    ($pool:ident, $method:ident, $request:expr, $name:literal) => {
        let inbox = Inbox::open().await;
        let shop = Shop::open(&$pool, inbox.smtp_port).await;
        shop.client.clone().$method($request).await.unwrap();
        let mail = inbox.one().await;
        assert_words($name, &mail);
        let sent = shop.until("sent", 1).await;
        assert_eq!(mail["subject"], sent[0].subject);
        assert_eq!((sent[0].r#type.as_str(), sent[0].attempts), ($name, 1));
        assert_eq!(sent[0].sent_at, "2026-03-01T12:00:00Z");
        let id = format!("<{}@localhost>", sent[0].id);
        assert_eq!(header(&mail, "Message-ID"), Some(id.as_str()));
        shop.close().await;
        inbox.close().await;
    };
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_welcome(pool: PgPool) {
    let request = pb::SendWelcomeEmailRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        idempotency_key: String::new(),
    };
    arrives!(pool, send_welcome_email, request, "welcome");
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_password_reset(pool: PgPool) {
    let request = pb::SendPasswordResetRequest {
        email: "ada@example.com".into(),
        reset_token: "a+b/c=&d".into(),
        idempotency_key: String::new(),
    };
    arrives!(pool, send_password_reset, request, "password_reset");
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn an_order_confirmation(pool: PgPool) {
    arrives!(pool, send_order_confirmation, confirmation(), "order_confirmation");
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_shipping_update(pool: PgPool) {
    let request = pb::SendShippingUpdateRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        order_id: ORDER.into(),
        tracking_number: "9400100000000000000001".into(),
        carrier: "USPS".into(),
        status: "out_for_delivery".into(),
        location: "Springfield, IL".into(),
        idempotency_key: String::new(),
    };
    arrives!(pool, send_shipping_update, request, "shipping_update");
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn an_order_cancelled(pool: PgPool) {
    let request = pb::SendOrderCancelledRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        order_id: ORDER.into(),
        reason: "Changed my mind".into(),
        idempotency_key: String::new(),
    };
    arrives!(pool, send_order_cancelled, request, "order_cancelled");
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_refund_issued(pool: PgPool) {
    let request = pb::SendRefundIssuedRequest {
        email: "ada@example.com".into(),
        first_name: "Ada".into(),
        order_id: ORDER.into(),
        amount: Some(money(1_234, "KWD")),
        idempotency_key: String::new(),
    };
    arrives!(pool, send_refund_issued, request, "refund_issued");
}

/// What is left out leaves no gap, whatever is foreign is shown as it is, and nothing is HTML but ours.
#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_sparse_order_of_somebody_odd(pool: PgPool) {
    let inbox = Inbox::open().await;
    let shop = Shop::open(&pool, inbox.smtp_port).await;
    let evil = "<img src=x onerror=alert(1)>";
    let mut request = confirmation();
    request.email = "žofie@bücher.example".into();
    request.first_name = format!("Žofie {evil}");
    request.tax = None;
    request.tracking_number = String::new();
    request.items.truncate(1);
    request.items[0].product_name = format!("茶 {evil}");
    request.items[0].unit_price = Some(money(1_980, "JPY"));
    request.items[0].total_price = Some(money(3_960, "JPY"));
    let address = request.shipping_address.as_mut().unwrap();
    (address.recipient, address.state, address.zip_code) = <_>::default();
    shop.client.clone().send_order_confirmation(request).await.unwrap();
    let mail = inbox.one().await;
    assert_words("sparse_order_confirmation", &mail);
    assert!(!mail["html"].as_str().unwrap().contains("<img"));
    assert_eq!(mail["to"][0], "žofie@bücher.example");
    shop.close().await;
    inbox.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn nothing_of_what_a_mail_said_is_left_once_it_was_sent(pool: PgPool) {
    let inbox = Inbox::open().await;
    let shop = Shop::open(&pool, inbox.smtp_port).await;
    shop.reset("ada@example.com", "a-secret-token").await;
    shop.client.clone().send_order_confirmation(confirmation()).await.unwrap();
    shop.until("sent", 2).await;
    assert!(inbox.mails().await.iter().any(|mail| mail.to_string().contains("a-secret-token")));
    let rows: Vec<String> = sqlx::query_scalar("SELECT notifications::text FROM notifications")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert!(!row.contains("a-secret-token") && !row.contains("Analytical Way"), "{row}");
    }
    shop.close().await;
    inbox.close().await;
}
