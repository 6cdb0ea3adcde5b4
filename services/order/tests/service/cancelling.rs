//! Orders that are called off.

use proto::{
    order::v1::{self as pb, OrderStatus},
    shipping::v1::{self as shipping, shipping_service_client::ShippingServiceClient},
};
use sqlx::PgPool;
use tonic::{Code, transport::Channel};

use crate::{
    shop::{Shop, refused, usd},
    wires::Fault::{Answer, ReplyLost, RequestLost, Twice},
};

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_confirmed_order_is_given_back_whatever_fails_on_the_way(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    for method in ["CancelShipment", "Refund", "RestockOrder"] {
        for fault in [RequestLost, ReplyLost, Twice, Answer(Code::Internal)] {
            let order = shop.bought(&lamp, 2).await;
            shop.wires.fault(method, &[fault]);
            let cancelled = shop.cancel(&order.id).await.unwrap();
            assert_eq!(cancelled.status(), OrderStatus::Cancelled, "{method} {fault:?}");
            shop.assert_called_off(&shop.settled(&order.id).await).await;
            assert_eq!(shop.stock(&lamp).await, (10, 0), "{method} {fault:?}");
            let again = shop.cancel(&order.id).await.unwrap();
            assert_eq!(again, shop.get(&order.id).await);
        }
    }
    let mails = [("order_cancelled", 12), ("order_confirmation", 12), ("refund_issued", 12)];
    assert_eq!(shop.mails().await, mails.map(|(kind, n)| (kind.to_owned(), n)));
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_pending_order_turns_back_before_the_pivot(pool: PgPool) {
    let shop = Shop::open_with(&pool, &["--checkout-wait=1s"]).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    for (method, step) in [
        ("ReserveInventory", "reserve"),
        ("Authorize", "authorize"),
        ("CommitReservation", "commit_stock"),
    ] {
        shop.fill(&lamp, 1).await;
        shop.wires.fault(method, &[ReplyLost; 50]);
        let order = shop.order().await;
        shop.stands_at(&order.id, step).await;
        shop.cancel(&order.id).await.unwrap();
        shop.wires.mend();
        let order = shop.settled(&order.id).await;
        shop.assert_nothing_bought(&order).await;
        assert_eq!(order.failure_code, "", "nobody refused it");
        let last = order.history.last().unwrap();
        assert_eq!((&last.actor_id, &*last.notes), (&shop.user, "changed my mind"));
        assert_eq!(shop.stock(&lamp).await, (10, 0));
    }
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_cancel_after_the_pivot_follows_the_end_of_the_checkout(pool: PgPool) {
    let shop = Shop::open_with(&pool, &["--checkout-wait=1s"]).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    for (method, step) in [("Capture", "capture"), ("CreateShipment", "ship")] {
        shop.fill(&lamp, 1).await;
        shop.wires.fault(method, &[ReplyLost; 50]);
        let order = shop.order().await;
        shop.stands_at(&order.id, step).await;
        let order = shop.cancel(&order.id).await.unwrap();
        assert_eq!(order.status(), OrderStatus::Pending, "{method}");
        shop.wires.mend();
        let order = shop.settled(&order.id).await;
        shop.assert_called_off(&order).await;
        assert_eq!(shop.stock(&lamp).await, (10, 0));
    }
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_parcel_that_is_on_its_way_keeps_the_order_as_it_is(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let order = shop.bought(&lamp, 1).await;
    let carrier = Channel::from_shared(format!("http://{}", shop.others.shipping.address));
    let mut carrier = ShippingServiceClient::new(carrier.unwrap().connect_lazy());
    for status in [shipping::ShipmentStatus::LabelCreated, shipping::ShipmentStatus::PickedUp] {
        let request = shipping::UpdateShipmentStatusRequest {
            tracking_number: order.tracking_number.clone(),
            status: status.into(),
            ..Default::default()
        };
        carrier.update_shipment_status(request).await.unwrap();
    }
    assert_eq!(refused(shop.cancel(&order.id).await), "shipment_under_way");
    let order = shop.settled(&order.id).await;
    shop.assert_bought(&order).await;
    assert_eq!(order.refunded, Some(usd(0)));
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn nobody_cancels_what_is_not_theirs_or_too_far(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 10).await;
    let order = shop.bought(&lamp, 1).await;
    let stranger = pb::CancelOrderRequest {
        id: order.id.clone(),
        user_id: shop.another().await,
        reason: String::new(),
    };
    let answer = shop.client.clone().cancel_order(stranger).await;
    assert_eq!(answer.unwrap_err().code(), Code::NotFound);
    shop.go(&order.id, OrderStatus::Processing).await.unwrap();
    assert_eq!(refused(shop.cancel(&order.id).await), "order_not_cancellable");
    shop.assert_money_is_where_it_was(&order).await;
    shop.close().await;
}

impl Shop {
    async fn assert_money_is_where_it_was(&self, order: &pb::Order) {
        let books = self.books(&order.id).await;
        assert_eq!((books.captured.len(), books.refunded), (1, 0));
    }
}
