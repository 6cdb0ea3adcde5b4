//! What administrators see and do.

use proto::{
    common::v1::Pagination,
    order::v1::{self as pb, OrderStatus},
};
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{Shop, fields, refused, usd};

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn an_order_moves_along_its_way_and_no_other(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let order = shop.bought(&lamp, 1).await;
    let refusal = shop.go(&order.id, OrderStatus::Shipped).await;
    assert_eq!(refused(refusal), "transition_not_allowed");
    for status in [OrderStatus::Processing, OrderStatus::Shipped, OrderStatus::Delivered] {
        let moved = shop.go(&order.id, status).await.unwrap();
        assert_eq!(moved.status(), status);
        assert_eq!(moved.history.last().unwrap().actor_id, "admin");
    }
    for status in [OrderStatus::Confirmed, OrderStatus::Refunded, OrderStatus::Pending] {
        assert_eq!(refused(shop.go(&order.id, status).await), "transition_not_allowed");
    }
    assert_eq!(fields(shop.go(&order.id, OrderStatus::Unspecified).await), ["status"]);
    shop.settled(&order.id).await;
    let mails = [("order_confirmation", 1), ("shipping_update", 1)];
    assert_eq!(shop.mails().await, mails.map(|(kind, n)| (kind.to_owned(), n)));

    let order = shop.bought(&lamp, 1).await;
    shop.go(&order.id, OrderStatus::Cancelled).await.unwrap();
    shop.assert_called_off(&shop.settled(&order.id).await).await;
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn lists_are_paged_newest_first_and_filtered(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(shop.bought(&lamp, 1).await.id);
    }
    shop.cancel(&ids[0]).await.unwrap();
    let stranger = shop.another().await;
    shop.fill_of(&stranger, &lamp, 1).await;
    let request = pb::CreateOrderRequest { user_id: stranger.clone(), ..shop.request() };
    let strangers = shop.try_order(request).await.unwrap();
    shop.settled(&strangers.id).await;

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
        user_id: stranger,
        created_from: strangers.created_at.clone(),
        ..Default::default()
    };
    let all = shop.client.clone().list_all_orders(request).await.unwrap().into_inner();
    assert_eq!(all.orders.len(), 1);
    let request = pb::ListAllOrdersRequest { created_from: "soon".into(), ..Default::default() };
    assert_eq!(fields(shop.client.clone().list_all_orders(request).await), ["created_from"]);
    let request = pb::GetOrderRequest { id: strangers.id, user_id: shop.user.clone() };
    let answer = shop.client.clone().get_order(request).await;
    assert_eq!(answer.unwrap_err().code(), Code::NotFound);
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn figures_count_what_was_paid_and_given_back(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let stats = || async {
        let mut client = shop.client.clone();
        client.get_stats(pb::GetStatsRequest::default()).await.unwrap().into_inner()
    };
    assert_eq!(stats().await.average_order, Some(usd(0)));
    shop.bought(&lamp, 1).await; // 1000 + 600
    let second = shop.bought(&lamp, 2).await; // 2000 + 700
    shop.refund(&second.id, Some(200), "a").await.unwrap();
    shop.fill(&lamp, 1).await;
    let declined =
        pb::CreateOrderRequest { payment_method_id: "pm_test_declined".into(), ..shop.request() };
    shop.try_order(declined).await.unwrap();
    let seen = stats().await;
    assert_eq!((seen.orders, seen.stuck_checkouts), (2, 0));
    assert_eq!(seen.revenue, Some(usd(4300)));
    assert_eq!(seen.average_order, Some(usd(2150)));
    assert_eq!(seen.refunded, Some(usd(200)));
    shop.close().await;
}
