//! Reservations: creation, endings, repeated requests, races and expiry.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proto::catalog::v1 as pb;
use tokio::time::{sleep, timeout};

use crate::fixture::{Shop, order, reason, reservation};

/// Waits until the sweeper has released all expired reservations.
async fn wait_until_swept(shop: &Shop) {
    let held_count = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM reservations WHERE state = 'held'")
            .fetch_one(&shop.pool)
            .await
            .unwrap()
    };
    let wait = async {
        while held_count().await > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the sweeper releases the units");
}

#[tokio::test]
async fn units_are_held_committed_and_restocked() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 10).await.id;
    let held = shop.reserve(&order(1), &lamp, 4).await.unwrap();
    assert!(held.success && held.unavailable_product_ids.is_empty());
    let now: Timestamp = shop.env.now();
    let expires_at: Timestamp = held.expires_at.parse().unwrap();
    assert_eq!(expires_at, now + SignedDuration::from_mins(15), "the default is fifteen minutes");
    assert_eq!((shop.stock(&lamp).await, shop.available(&lamp).await), ((10, 4), 6));
    shop.commit(&order(1)).await.unwrap();
    assert_eq!(shop.stock(&lamp).await, (6, 0));
    shop.restock(&order(1)).await.unwrap();
    assert_eq!(shop.stock(&lamp).await, (10, 0));
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn reservation_is_all_or_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 100, 5).await.id;
    let desk = shop.product("Desk", 100, 5).await.id;
    let deleted = shop.product("Gone", 100, 5).await.id;
    client
        .delete_product(pb::DeleteProductRequest { id: deleted.clone(), ..Default::default() })
        .await
        .unwrap();
    let unknown = order(77);
    let lines = [(lamp.as_str(), 5), (&desk, 3), (&desk, 3), (&deleted, 1), (&unknown, 1)];
    let response =
        client.reserve_inventory(reservation(&order(1), &lines)).await.unwrap().into_inner();
    let mut short = response.unavailable_product_ids.clone();
    short.sort_unstable();
    let mut expected = vec![desk.clone(), deleted.clone(), unknown.clone()];
    expected.sort_unstable();
    assert_eq!((response.success, short), (false, expected));
    assert_eq!((response.reservation_id.as_str(), response.expires_at.as_str()), ("", ""));
    assert_eq!((shop.stock(&lamp).await, shop.stock(&desk).await), ((5, 0), (5, 0)));

    let repeated =
        client.reserve_inventory(reservation(&order(1), &lines)).await.unwrap().into_inner();
    assert_eq!(repeated, response, "a repeat returns the refusal");
    assert_eq!(reason(shop.commit(&order(1)).await), "reservation_refused");
    shop.close().await;
}

#[tokio::test]
async fn repeat_returns_first_result_and_refuses_other_lines() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 10).await.id;
    let first = shop.reserve(&order(1), &lamp, 4).await.unwrap();
    shop.env.advance(SignedDuration::from_mins(1));
    assert_eq!(shop.reserve(&order(1), &lamp, 4).await.unwrap(), first);
    let split = reservation(&order(1), &[(&lamp, 1), (&lamp, 3)]);
    let same = shop.client.clone().reserve_inventory(split).await.unwrap().into_inner();
    assert_eq!(same, first, "equal units in other lines");
    assert_eq!(reason(shop.reserve(&order(1), &lamp, 5).await), "reservation_mismatch");
    assert_eq!(shop.stock(&lamp).await, (10, 4));
    shop.commit(&order(1)).await.unwrap();
    assert_eq!(
        shop.reserve(&order(1), &lamp, 4).await.unwrap(),
        first,
        "a committed reservation is still returned"
    );
    assert_eq!(shop.stock(&lamp).await, (6, 0));
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn repeated_ending_moves_stock_once() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 10).await.id;
    for n in 1..=2 {
        shop.reserve(&order(n), &lamp, 3).await.unwrap();
    }
    for _ in 0..3 {
        shop.release(&order(1)).await.unwrap();
        assert_eq!(shop.stock(&lamp).await, (10, 3));
    }
    for _ in 0..3 {
        shop.commit(&order(2)).await.unwrap();
        assert_eq!(shop.stock(&lamp).await, (7, 0));
    }
    assert_eq!(reason(shop.release(&order(2)).await), "reservation_committed");
    for _ in 0..3 {
        shop.restock(&order(2)).await.unwrap();
        assert_eq!(shop.stock(&lamp).await, (10, 0));
    }
    assert_eq!(reason(shop.commit(&order(1)).await), "reservation_released");
    assert_eq!(reason(shop.commit(&order(2)).await), "reservation_restocked");
    assert_eq!(reason(shop.reserve(&order(2), &lamp, 3).await), "reservation_restocked");
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn early_compensation_leaves_a_tombstone() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 10).await.id;
    assert_eq!(reason(shop.commit(&order(1)).await), "reservation_unknown");
    shop.release(&order(1)).await.unwrap();
    shop.restock(&order(2)).await.unwrap();
    for n in 1..=2 {
        assert_eq!(reason(shop.reserve(&order(n), &lamp, 1).await), "reservation_released");
        assert_eq!(reason(shop.commit(&order(n)).await), "reservation_released");
    }
    // A restock of held units releases them, and the late commit is refused.
    shop.reserve(&order(3), &lamp, 1).await.unwrap();
    shop.restock(&order(3)).await.unwrap();
    assert_eq!(reason(shop.commit(&order(3)).await), "reservation_released");
    assert_eq!(shop.stock(&lamp).await, (10, 0));
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn expired_reservation_releases_stock_and_refuses_commit() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 10).await.id;
    let short_reservation = pb::ReserveInventoryRequest {
        expiration_minutes: 1,
        ..reservation(&order(1), &[(&lamp, 4)])
    };
    shop.client.clone().reserve_inventory(short_reservation).await.unwrap();
    shop.reserve(&order(2), &lamp, 1).await.unwrap();
    shop.env.advance(SignedDuration::from_secs(61));
    let wait = async {
        while shop.available(&lamp).await < 9 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the sweeper releases the units");
    assert_eq!(shop.stock(&lamp).await, (10, 1), "the other order has not expired");
    assert_eq!(reason(shop.commit(&order(1)).await), "reservation_expired");
    assert_eq!(reason(shop.reserve(&order(1), &lamp, 4).await), "reservation_expired");
    shop.release(&order(1)).await.unwrap();
    shop.restock(&order(1)).await.unwrap();
    shop.commit(&order(2)).await.unwrap();
    assert_eq!(shop.stock(&lamp).await, (9, 0));
    shop.assert_ledger_balances().await;
    shop.close().await;
}

/// Many buyers, few units: exactly as many reservations succeed as there are units.
#[tokio::test]
async fn concurrent_buyers_never_oversell() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 10).await.id;
    let buyers = (1..=60).map(|n| {
        let (mut client, request) = (shop.client.clone(), reservation(&order(n), &[(&lamp, 1)]));
        tokio::spawn(async move {
            let success = client.reserve_inventory(request).await.unwrap().into_inner().success;
            (n, success)
        })
    });
    let mut served = Vec::new();
    for buyer in buyers.collect::<Vec<_>>() {
        if let (n, true) = buyer.await.unwrap() {
            served.push(n);
        }
    }
    assert_eq!(served.len(), 10);
    for n in served {
        shop.commit(&order(n)).await.unwrap();
    }
    assert_eq!(shop.stock(&lamp).await, (0, 0));
    shop.assert_ledger_balances().await;
    shop.close().await;
}

/// Reservations of the same products in opposite order do not deadlock.
#[tokio::test]
async fn opposite_line_orders_do_not_deadlock() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut products = Vec::new();
    for n in 0..6 {
        products.push(shop.product(&format!("Item {n}"), 100, 1_000).await.id);
    }
    let orders = (1..=40).map(|n: u128| {
        let mut lines: Vec<_> = products.iter().map(|id| (id.as_str(), 1)).collect();
        if n.is_multiple_of(2) {
            lines.reverse();
        }
        let (mut client, request) = (shop.client.clone(), reservation(&order(n), &lines));
        tokio::spawn(async move {
            assert!(client.reserve_inventory(request.clone()).await.unwrap().into_inner().success);
            let order_id = request.order_id;
            if n.is_multiple_of(3) {
                client.release_reservation(pb::ReleaseReservationRequest { order_id }).await
            } else {
                client.commit_reservation(pb::CommitReservationRequest { order_id }).await
            }
            .unwrap();
        })
    });
    for order in orders.collect::<Vec<_>>() {
        order.await.unwrap();
    }
    assert_eq!(shop.stock(&products[0]).await, (1_000 - 27, 0));
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn concurrent_repeats_create_one_reservation() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 10).await.id;
    let repeats = (0..20).map(|_| {
        let (mut client, request) = (shop.client.clone(), reservation(&order(1), &[(&lamp, 2)]));
        tokio::spawn(async move { client.reserve_inventory(request).await.unwrap().into_inner() })
    });
    let mut responses = Vec::new();
    for repeat in repeats.collect::<Vec<_>>() {
        responses.push(repeat.await.unwrap());
    }
    assert!(responses.iter().all(|response| response.success && *response == responses[0]));
    assert_eq!(shop.stock(&lamp).await, (10, 2));
    shop.assert_ledger_balances().await;
    shop.close().await;
}

/// At the time of expiry, commits, releases and the sweepers of two replicas race. Each order ends
/// in one state, which matches the response to its buyer.
#[tokio::test]
async fn racing_expiry_and_commit_have_one_winner() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let second = Shop::open(database.pool()).await; // with a sweeper of its own
    let lamp = shop.product("Lamp", 100, 1_000).await.id;
    for n in 1..=40 {
        assert!(shop.reserve(&order(n), &lamp, 1).await.unwrap().success);
    }
    let commits = (1..=40).map(|n| {
        let request = pb::CommitReservationRequest { order_id: order(n) };
        let mut client = if n % 2 == 0 { shop.client.clone() } else { second.client.clone() };
        tokio::spawn(async move { client.commit_reservation(request).await })
    });
    let commits: Vec<_> = commits.collect();
    for replica in [&shop, &second] {
        replica.env.advance(SignedDuration::from_mins(16));
    }
    let mut sold = 0;
    for commit in commits {
        match commit.await.unwrap() {
            Ok(_) => sold += 1,
            Err(status) => assert_eq!(reason::<()>(Err(status)), "reservation_expired"),
        }
    }
    wait_until_swept(&shop).await;
    assert_eq!(shop.stock(&lamp).await, (1_000 - sold, 0));
    shop.assert_ledger_balances().await;
    second.close().await;
    shop.close().await;
}
