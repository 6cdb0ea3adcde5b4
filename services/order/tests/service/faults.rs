//! Every call fails in every way; the invariants hold afterwards.

use std::time::Duration;

use proto::order::v1::{self as pb, OrderStatus};
use tokio::time::sleep;
use tonic::Code;

use crate::fault_proxy::Fault::{self, Duplicate, ReplyLost, RequestLost, RespondWith};
use crate::fixture::ShopFixture;

const FAULTS: [Fault; 4] = [RequestLost, ReplyLost, Duplicate, RespondWith(Code::Internal)];

#[tokio::test]
async fn forward_steps_survive_faults_and_repeats() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    let mut confirmed = 0;
    for method in [
        "ReserveInventory",
        "Authorize",
        "CommitReservation",
        "Capture",
        "CreateShipment",
        "ClearCart",
        "SendOrderConfirmation",
    ] {
        for fault in FAULTS {
            shop.proxy.inject(method, &[fault]);
            let order = shop.buy(&lamp, 1).await;
            shop.assert_bought(&order).await;
            confirmed += 1;
            assert_eq!(shop.units_in_cart().await, 0, "{method} {fault:?}");
            let mails = shop.mails().await;
            assert_eq!(
                mails,
                [("order_confirmation".into(), i64::from(confirmed))],
                "{method} {fault:?}"
            );
        }
    }
    assert_eq!(shop.stock(&lamp).await, (100 - confirmed, 0));
    shop.close().await;
}

#[tokio::test]
async fn compensations_survive_faults_and_repeats() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    // The rejected call, and the compensations that follow it.
    for (rejected_call, compensations) in [
        ("ReserveInventory", &["ReleaseReservation"][..]),
        ("Authorize", &["Void", "ReleaseReservation"]),
        ("CommitReservation", &["Void", "RestockOrder"]),
        ("Capture", &["Void", "RestockOrder"]),
    ] {
        for compensation in compensations {
            for fault in FAULTS {
                shop.proxy.inject(rejected_call, &[RespondWith(Code::FailedPrecondition)]);
                shop.proxy.inject(compensation, &[fault]);
                shop.add_to_cart(&lamp, 1).await;
                let order = shop.place_order().await;
                shop.assert_nothing_bought(&shop.wait_until_settled(&order.id).await).await;
                assert_eq!(
                    shop.stock(&lamp).await,
                    (100, 0),
                    "{rejected_call} {compensation} {fault:?}"
                );
            }
        }
    }
    shop.close().await;
}

#[tokio::test]
async fn rejection_after_a_lost_reply_is_compensated() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    for (method, code) in [
        ("ReserveInventory", "checkout_refused"),
        ("Authorize", "payment_refused"),
        ("CommitReservation", "reservation_expired"),
    ] {
        // The first attempt takes effect and its reply is lost; the second one is rejected.
        shop.proxy.inject(method, &[ReplyLost, RespondWith(Code::FailedPrecondition)]);
        shop.add_to_cart(&lamp, 1).await;
        let order = shop.wait_until_settled(&shop.place_order().await.id).await;
        assert_eq!(order.failure_code, code);
        shop.assert_nothing_bought(&order).await;
        assert_eq!(shop.stock(&lamp).await, (100, 0), "{method}");
    }
    shop.close().await;
}

#[tokio::test]
async fn unanswered_step_is_compensated_after_its_deadline() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--checkout-step-deadline=1s"]).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    for method in ["ReserveInventory", "Authorize", "CommitReservation"] {
        shop.proxy.inject(method, &[ReplyLost; 50]);
        shop.add_to_cart(&lamp, 1).await;
        let order = shop.wait_until_settled(&shop.place_order().await.id).await;
        assert_eq!(order.failure_code, "checkout_timed_out", "{method}");
        shop.proxy.clear_faults();
        shop.assert_nothing_bought(&order).await;
        assert_eq!(shop.stock(&lamp).await, (100, 0), "{method}");
    }
    shop.close().await;
}

#[tokio::test]
async fn unanswered_capture_is_retried_without_limit() {
    let database = testing::database(&order::MIGRATOR).await;
    let cli_args = ["--checkout-step-deadline=1s", "--checkout-wait=3s"];
    let shop = ShopFixture::open_with(database.pool(), &cli_args).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    shop.add_to_cart(&lamp, 1).await;
    shop.proxy.inject("Capture", &[ReplyLost; 50]);
    let order = shop.place_order().await;
    assert_eq!(order.status(), OrderStatus::Pending);
    shop.wait_for_step(&order.id, "capture").await;
    sleep(Duration::from_secs(2)).await; // longer than the step's deadline
    assert_eq!(shop.get(&order.id).await.status(), OrderStatus::Pending);
    shop.proxy.clear_faults();
    shop.assert_bought(&shop.wait_until_settled(&order.id).await).await;
    shop.close().await;
}

#[tokio::test]
async fn slow_provider_is_retried_until_it_responds() {
    let database = testing::database(&order::MIGRATOR).await;
    let cli_args = ["--checkout-call-timeout=1s", "--checkout-wait=20s"];
    let shop = ShopFixture::open_with(database.pool(), &cli_args).await;
    let lamp = shop.add_product("Lamp", 1000, 100).await;
    for method in ["pm_test_timeout", "pm_test_lost_reply"] {
        shop.add_to_cart(&lamp, 1).await;
        let request = pb::CreateOrderRequest { payment_method_id: method.into(), ..shop.request() };
        let order = shop.try_place_order(request).await.unwrap();
        shop.assert_bought(&shop.wait_until_settled(&order.id).await).await;
    }
    assert!(shop.proxy.calls("Authorize") > 2);
    shop.close().await;
}
