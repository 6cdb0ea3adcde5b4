//! Lookup of stored reservations.

use jiff::SignedDuration;
use proto::catalog::v1::{self as pb, ReservationState as State};
use tonic::{Code, Status};

use crate::fixture::{Shop, code, fields, items, order, reservation};

async fn lookup(shop: &Shop, order_id: &str) -> Result<pb::Reservation, Status> {
    let request = pb::GetReservationRequest { order_id: order_id.into() };
    shop.client.clone().get_reservation(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn lookup_returns_every_state_with_lines() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let lamp = shop.product("Lamp", 100, 20).await.id;
    let desk = shop.product("Desk", 100, 20).await.id;
    let split = [(desk.as_str(), 1), (&lamp, 2), (&desk, 3)];
    for n in 1..=5 {
        let request = reservation(&order(n), &split);
        assert!(shop.client.clone().reserve_inventory(request).await.unwrap().into_inner().success);
    }
    let request = reservation(&order(6), &[(&lamp, 99)]);
    assert!(!shop.client.clone().reserve_inventory(request).await.unwrap().into_inner().success);
    shop.commit(&order(2)).await.unwrap();
    shop.release(&order(3)).await.unwrap();
    shop.commit(&order(4)).await.unwrap();
    shop.restock(&order(4)).await.unwrap();
    shop.release(&order(7)).await.unwrap(); // a tombstone without lines
    let expires_at = (shop.env.now() + SignedDuration::from_mins(15)).to_string();
    let mut sums = [(desk.as_str(), 4), (&lamp, 2)];
    sums.sort_unstable();
    let found = async |n, state: State, expires_at: &str, lines: &[(&str, i32)]| {
        let expected = pb::Reservation {
            order_id: order(n),
            state: state.into(),
            items: items(lines),
            expires_at: expires_at.into(),
        };
        assert_eq!(lookup(&shop, &order(n)).await.unwrap(), expected);
    };
    found(1, State::Held, &expires_at, &sums).await;
    found(2, State::Committed, "", &sums).await;
    found(3, State::Released, "", &sums).await;
    found(4, State::Restocked, "", &sums).await;
    found(6, State::Refused, "", &[(&lamp, 99)]).await;
    found(7, State::Released, "", &[]).await;

    shop.env.advance(SignedDuration::from_mins(16));
    shop.commit(&order(5)).await.unwrap_err();
    found(5, State::Expired, "", &sums).await;
    shop.close().await;
}

#[tokio::test]
async fn unknown_order_is_not_found_and_invalid_id_is_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    assert_eq!(code(lookup(&shop, &order(1)).await), Code::NotFound);
    for id in ["", "7", "order 1", &"0".repeat(1000)] {
        assert_eq!(fields(lookup(&shop, id).await), ["order_id"]);
    }
    shop.close().await;
}
