//! Every call fails in every way, and in the end the books agree.

use std::time::Duration;

use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;
use tokio::time::sleep;
use tonic::Code;

use crate::{
    shop::Shop,
    wires::Fault::{self, Answer, ReplyLost, RequestLost, Twice},
};

const FAULTS: [Fault; 4] = [RequestLost, ReplyLost, Twice, Answer(Code::Internal)];

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn every_step_forward_may_fail_and_be_repeated(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    let mut bought = 0;
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
            shop.wires.fault(method, &[fault]);
            let order = shop.bought(&lamp, 1).await;
            shop.assert_bought(&order).await;
            bought += 1;
            assert_eq!(shop.units_in_cart().await, 0, "{method} {fault:?}");
            let mails = shop.mails().await;
            assert_eq!(
                mails,
                [("order_confirmation".into(), i64::from(bought))],
                "{method} {fault:?}"
            );
        }
    }
    assert_eq!(shop.stock(&lamp).await, (100 - bought, 0));
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn every_undo_may_fail_and_be_repeated(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    // What makes it turn back, and the undos that follow.
    for (refusal, undos) in [
        ("ReserveInventory", &["ReleaseReservation"][..]),
        ("Authorize", &["Void", "ReleaseReservation"]),
        ("CommitReservation", &["Void", "RestockOrder"]),
        ("Capture", &["Void", "RestockOrder"]),
    ] {
        for undo in undos {
            for fault in FAULTS {
                shop.wires.fault(refusal, &[Answer(Code::FailedPrecondition)]);
                shop.wires.fault(undo, &[fault]);
                shop.fill(&lamp, 1).await;
                let order = shop.order().await;
                shop.assert_nothing_bought(&shop.settled(&order.id).await).await;
                assert_eq!(shop.stock(&lamp).await, (100, 0), "{refusal} {undo} {fault:?}");
            }
        }
    }
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_refusal_after_it_was_done_is_undone_all_the_same(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    for (method, code) in [
        ("ReserveInventory", "checkout_refused"),
        ("Authorize", "payment_refused"),
        ("CommitReservation", "reservation_expired"),
    ] {
        // The first try acts and its reply is lost; the second one is refused.
        shop.wires.fault(method, &[ReplyLost, Answer(Code::FailedPrecondition)]);
        shop.fill(&lamp, 1).await;
        let order = shop.settled(&shop.order().await.id).await;
        assert_eq!(order.failure_code, code);
        shop.assert_nothing_bought(&order).await;
        assert_eq!(shop.stock(&lamp).await, (100, 0), "{method}");
    }
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_step_without_answer_is_given_up_and_undone_after_its_deadline(pool: PgPool) {
    let shop = Shop::open_with(&pool, &["--checkout-step-deadline=1s"]).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    for method in ["ReserveInventory", "Authorize", "CommitReservation"] {
        shop.wires.fault(method, &[ReplyLost; 50]);
        shop.fill(&lamp, 1).await;
        let order = shop.settled(&shop.order().await.id).await;
        assert_eq!(order.failure_code, "checkout_timed_out", "{method}");
        shop.wires.mend();
        shop.assert_nothing_bought(&order).await;
        assert_eq!(shop.stock(&lamp).await, (100, 0), "{method}");
    }
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_capture_without_answer_is_never_given_up(pool: PgPool) {
    let words = ["--checkout-step-deadline=1s", "--checkout-wait=3s"];
    let shop = Shop::open_with(&pool, &words).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    shop.fill(&lamp, 1).await;
    shop.wires.fault("Capture", &[ReplyLost; 50]);
    let order = shop.order().await;
    assert_eq!(order.status(), OrderStatus::Pending);
    shop.stands_at(&order.id, "capture").await;
    sleep(Duration::from_secs(2)).await; // longer than the deadline of a step
    assert_eq!(shop.get(&order.id).await.status(), OrderStatus::Pending);
    shop.wires.mend();
    shop.assert_bought(&shop.settled(&order.id).await).await;
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn a_provider_that_answers_late_or_not_is_asked_until_it_does(pool: PgPool) {
    let words = ["--checkout-call-timeout=1s", "--checkout-wait=20s"];
    let shop = Shop::open_with(&pool, &words).await;
    let lamp = shop.product("Lamp", 1000, 100).await;
    for method in ["pm_test_timeout", "pm_test_lost_reply"] {
        shop.fill(&lamp, 1).await;
        let request = pb::CreateOrderRequest { payment_method_id: method.into(), ..shop.request() };
        let order = shop.try_order(request).await.unwrap();
        shop.assert_bought(&shop.settled(&order.id).await).await;
    }
    assert!(shop.wires.calls("Authorize") > 2);
    shop.close().await;
}
