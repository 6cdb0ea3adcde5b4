//! Customers whose e-mail address is not verified.

use proto::order::v1 as pb;

use crate::fixture::ShopFixture;

/// The address may belong to a stranger, to whom the customer must not be able to write.
#[tokio::test]
async fn unverified_address_gets_mails_of_paid_orders_without_customer_text() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    shop.services.set_email_verified(&shop.user, false).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    shop.add_to_cart(&lamp, 1).await;
    let declined =
        pb::CreateOrderRequest { payment_method_id: "pm_test_declined".into(), ..shop.request() };
    let declined = shop.try_place_order(declined).await.unwrap();
    shop.assert_nothing_bought(&shop.wait_until_settled(&declined.id).await).await;
    assert_eq!(shop.mails().await, []);

    let order = shop.place_order().await;
    shop.cancel(&order.id).await.unwrap();
    shop.wait_until_settled(&order.id).await;
    let kinds = ["order_cancelled", "order_confirmation", "refund_issued"];
    assert_eq!(shop.mails().await, kinds.map(|kind| (kind.to_owned(), 1)));
    let contents: Vec<String> =
        sqlx::query_scalar("SELECT content::text FROM notifications WHERE recipient = $1")
            .bind(&shop.email)
            .fetch_all(&shop.services.notification_db)
            .await
            .unwrap();
    for content in contents {
        for text in ["Ada", "Lovelace", "Main Street", "Springfield"] {
            assert!(!content.contains(text), "{content}");
        }
    }
    shop.close().await;
}
