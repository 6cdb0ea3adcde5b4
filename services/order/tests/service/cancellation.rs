//! Cancellation of orders.

use proto::order::v1::{self as pb, OrderStatus};
use proto::shipping::v1 as shipping;
use proto::shipping::v1::shipping_service_client::ShippingServiceClient;
use tonic::Code;
use tonic::transport::Channel;

use crate::fault_proxy::Fault::{Duplicate, ReplyLost, RequestLost, RespondWith};
use crate::fixture::{ShopFixture, reason, usd};

#[tokio::test]
async fn confirmed_order_is_compensated_despite_faults() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    for method in ["CancelShipment", "Refund", "RestockOrder"] {
        for fault in [RequestLost, ReplyLost, Duplicate, RespondWith(Code::Internal)] {
            let order = shop.buy(&lamp, 2).await;
            shop.proxy.inject(method, &[fault]);
            let cancelled = shop.cancel(&order.id).await.unwrap();
            assert_eq!(cancelled.status(), OrderStatus::Cancelled, "{method} {fault:?}");
            shop.assert_cancelled_and_refunded(&shop.wait_until_settled(&order.id).await).await;
            assert_eq!(shop.stock(&lamp).await, (10, 0), "{method} {fault:?}");
            let repeated = shop.cancel(&order.id).await.unwrap();
            assert_eq!(repeated, shop.get(&order.id).await);
        }
    }
    let mails = [("order_cancelled", 12), ("order_confirmation", 12), ("refund_issued", 12)];
    assert_eq!(shop.mails().await, mails.map(|(kind, n)| (kind.to_owned(), n)));
    shop.close().await;
}

#[tokio::test]
async fn cancel_before_the_pivot_compensates() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--checkout-wait=1s"]).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    for (method, step) in [
        ("ReserveInventory", "reserve"),
        ("Authorize", "authorize"),
        ("CommitReservation", "commit_stock"),
    ] {
        shop.add_to_cart(&lamp, 1).await;
        shop.proxy.inject(method, &[ReplyLost; 50]);
        let order = shop.place_order().await;
        shop.wait_for_step(&order.id, step).await;
        shop.cancel(&order.id).await.unwrap();
        shop.proxy.clear_faults();
        let order = shop.wait_until_settled(&order.id).await;
        shop.assert_nothing_bought(&order).await;
        assert_eq!(order.failure_code, "", "no step failed");
        let last = order.history.last().unwrap();
        assert_eq!((&last.actor_id, &*last.notes), (&shop.user, "changed my mind"));
        assert_eq!(shop.stock(&lamp).await, (10, 0));
    }
    shop.close().await;
}

#[tokio::test]
async fn cancel_after_the_pivot_follows_the_checkout() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--checkout-wait=1s"]).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    for (method, step) in [("Capture", "capture"), ("CreateShipment", "ship")] {
        shop.add_to_cart(&lamp, 1).await;
        shop.proxy.inject(method, &[ReplyLost; 50]);
        let order = shop.place_order().await;
        shop.wait_for_step(&order.id, step).await;
        let order = shop.cancel(&order.id).await.unwrap();
        assert_eq!(order.status(), OrderStatus::Pending, "{method}");
        shop.proxy.clear_faults();
        let order = shop.wait_until_settled(&order.id).await;
        shop.assert_cancelled_and_refunded(&order).await;
        assert_eq!(shop.stock(&lamp).await, (10, 0));
    }
    shop.close().await;
}

#[tokio::test]
async fn picked_up_shipment_cannot_be_cancelled() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    let carrier = Channel::from_shared(format!("http://{}", shop.services.shipping.address));
    let mut carrier = ShippingServiceClient::new(carrier.unwrap().connect_lazy());
    for status in [shipping::ShipmentStatus::LabelCreated, shipping::ShipmentStatus::PickedUp] {
        let request = shipping::UpdateShipmentStatusRequest {
            tracking_number: order.tracking_number.clone(),
            status: status.into(),
            ..Default::default()
        };
        carrier.update_shipment_status(request).await.unwrap();
    }
    assert_eq!(reason(shop.cancel(&order.id).await), "shipment_under_way");
    let order = shop.wait_until_settled(&order.id).await;
    shop.assert_bought(&order).await;
    assert_eq!(order.refunded, Some(usd(0)));
    shop.close().await;
}

#[tokio::test]
async fn foreign_or_processing_order_cannot_be_cancelled() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    let other_customer = pb::CancelOrderRequest {
        id: order.id.clone(),
        user_id: shop.register_customer().await,
        reason: String::new(),
    };
    let response = shop.client.clone().cancel_order(other_customer).await;
    assert_eq!(response.unwrap_err().code(), Code::NotFound);
    shop.update_status(&order.id, OrderStatus::Processing).await.unwrap();
    assert_eq!(reason(shop.cancel(&order.id).await), "order_not_cancellable");
    shop.assert_not_refunded(&order).await;
    shop.close().await;
}

impl ShopFixture {
    async fn assert_not_refunded(&self, order: &pb::Order) {
        let state = self.service_state(&order.id).await;
        assert_eq!((state.captured.len(), state.refunded), (1, 0));
    }
}
