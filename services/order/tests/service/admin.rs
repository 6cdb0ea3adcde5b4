//! Administration: status changes, lists and statistics.

use proto::common::v1::Pagination;
use proto::order::v1::{self as pb, OrderStatus};
use tonic::Code;

use crate::fixture::{ShopFixture, fields, reason, usd};

#[tokio::test]
async fn order_allows_only_forward_status_changes() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    let refusal = shop.update_status(&order.id, OrderStatus::Shipped).await;
    assert_eq!(reason(refusal), "transition_not_allowed");
    for status in [OrderStatus::Processing, OrderStatus::Shipped, OrderStatus::Delivered] {
        let moved = shop.update_status(&order.id, status).await.unwrap();
        assert_eq!(moved.status(), status);
        assert_eq!(moved.history.last().unwrap().actor_id, "admin");
    }
    for status in [OrderStatus::Confirmed, OrderStatus::Refunded, OrderStatus::Pending] {
        assert_eq!(reason(shop.update_status(&order.id, status).await), "transition_not_allowed");
    }
    assert_eq!(fields(shop.update_status(&order.id, OrderStatus::Unspecified).await), ["status"]);
    shop.wait_until_settled(&order.id).await;
    let mails = [("order_confirmation", 1), ("shipping_update", 1)];
    assert_eq!(shop.mails().await, mails.map(|(kind, n)| (kind.to_owned(), n)));

    let order = shop.buy(&lamp, 1).await;
    shop.update_status(&order.id, OrderStatus::Cancelled).await.unwrap();
    shop.assert_cancelled_and_refunded(&shop.wait_until_settled(&order.id).await).await;
    shop.close().await;
}

#[tokio::test]
async fn lists_are_paged_newest_first_and_filtered() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(shop.buy(&lamp, 1).await.id);
    }
    shop.cancel(&ids[0]).await.unwrap();
    let other_customer = shop.register_customer().await;
    shop.add_to_cart_for(&other_customer, &lamp, 1).await;
    let request = pb::CreateOrderRequest { user_id: other_customer.clone(), ..shop.request() };
    let others_order = shop.try_place_order(request).await.unwrap();
    shop.wait_until_settled(&others_order.id).await;

    let page = |page, page_size| Some(Pagination { page, page_size });
    let own = |pagination, status: OrderStatus| {
        let request = pb::ListOrdersRequest {
            user_id: shop.user.clone(),
            pagination,
            status_filter: status.into(),
        };
        let mut client = shop.client.clone();
        async move { client.list_orders(request).await.unwrap().into_inner() }
    };
    let first = own(page(1, 2), OrderStatus::Unspecified).await;
    let listed: Vec<_> = first.orders.iter().map(|order| order.id.clone()).collect();
    assert_eq!(listed, [ids[2].clone(), ids[1].clone()]);
    assert_eq!(first.pagination.unwrap().total_count, 3);
    assert_eq!(first.orders[0], shop.get(&ids[2]).await);
    assert!(own(page(9, 2), OrderStatus::Unspecified).await.orders.is_empty());
    let cancelled = own(None, OrderStatus::Cancelled).await;
    assert_eq!(cancelled.orders.iter().map(|order| &order.id).collect::<Vec<_>>(), [&ids[0]]);

    let request = pb::ListAllOrdersRequest {
        user_id: other_customer,
        created_from: others_order.created_at.clone(),
        ..Default::default()
    };
    let all = shop.client.clone().list_all_orders(request).await.unwrap().into_inner();
    assert_eq!(all.orders.len(), 1);
    let request = pb::ListAllOrdersRequest { created_from: "soon".into(), ..Default::default() };
    assert_eq!(fields(shop.client.clone().list_all_orders(request).await), ["created_from"]);
    let request = pb::GetOrderRequest { id: others_order.id, user_id: shop.user.clone() };
    let response = shop.client.clone().get_order(request).await;
    assert_eq!(response.unwrap_err().code(), Code::NotFound);
    shop.close().await;
}

#[tokio::test]
async fn statistics_count_paid_and_refunded_amounts() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let stats = || async {
        let mut client = shop.client.clone();
        client.get_stats(pb::GetStatsRequest::default()).await.unwrap().into_inner()
    };
    assert_eq!(stats().await.average_order, Some(usd(0)));
    shop.buy(&lamp, 1).await; // 1000 + 600
    let second = shop.buy(&lamp, 2).await; // 2000 + 700
    shop.refund(&second.id, Some(200), "a").await.unwrap();
    shop.add_to_cart(&lamp, 1).await;
    let declined =
        pb::CreateOrderRequest { payment_method_id: "pm_test_declined".into(), ..shop.request() };
    shop.try_place_order(declined).await.unwrap();
    let stats_response = stats().await;
    assert_eq!((stats_response.orders, stats_response.stuck_checkouts), (2, 0));
    assert_eq!(stats_response.revenue, Some(usd(4300)));
    assert_eq!(stats_response.average_order, Some(usd(2150)));
    assert_eq!(stats_response.refunded, Some(usd(200)));
    shop.close().await;
}
