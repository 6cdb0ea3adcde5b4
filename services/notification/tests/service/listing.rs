//! The list of mails for administrators.

use proto::common::v1::Pagination;
use proto::notification::v1 as pb;

use crate::fixture::TestService;
use crate::scripted_relay::{Encryption, ScriptedRelay};

#[tokio::test]
async fn mails_are_listed_by_status_newest_first_in_pages() {
    let database = testing::database(&notification::MIGRATOR).await;
    let relay = ScriptedRelay::start(Encryption::None).await;
    let service = TestService::start(database.pool(), relay.port).await;
    for n in 0..5 {
        service.send_welcome(&format!("c{n}@example.com"), "").await.unwrap();
        service.wait_for("sent", n + 1).await;
        service.advance(60);
    }
    relay.set_reply("RCPT", "550 no");
    service.send_welcome("refused@example.com", "").await.unwrap();
    service.wait_for("failed", 1).await;

    let page = |page, page_size, status: &str| {
        let request = pb::ListNotificationsRequest {
            pagination: Some(Pagination { page, page_size }),
            status: status.into(),
        };
        let mut client = service.client.clone();
        async move {
            let response = client.list_notifications(request).await.unwrap().into_inner();
            let to: Vec<_> =
                response.notifications.into_iter().map(|mail| mail.recipient_email).collect();
            (to, response.pagination.unwrap())
        }
    };
    let (to, pagination) = page(1, 2, "").await;
    assert_eq!(to, ["refused@example.com", "c4@example.com"]);
    assert_eq!((pagination.total_count, pagination.total_pages), (6, 3));
    let (to, pagination) = page(2, 3, "sent").await;
    assert_eq!(to, ["c1@example.com", "c0@example.com"]);
    assert_eq!((pagination.total_count, pagination.total_pages), (5, 2));
    assert!(page(9, 3, "sent").await.0.is_empty());
    assert!(page(1, 3, "queued").await.0.is_empty());

    let failed = service.list("failed").await.remove(0);
    assert_eq!(failed.r#type, "welcome");
    assert_eq!(failed.subject, "Welcome to Storefront");
    assert_eq!(failed.created_at, "2026-03-01T12:05:00Z");
    assert_eq!((failed.status.as_str(), failed.sent_at.as_str()), ("failed", ""));
    service.stop().await;
}
