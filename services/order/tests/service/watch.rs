//! Streams of the states of an order.

use std::time::Duration;

use proto::order::v1::order_service_client::OrderServiceClient;
use proto::order::v1::{self as pb, OrderStatus};
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use uuid::Uuid;

use crate::fixture::ShopFixture;

/// Longest wait for a state.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Time in which no state is expected.
const SILENCE: Duration = Duration::from_millis(500);

/// Maximum number of streams of a replica.
const MAX_STREAMS: usize = 1000;

async fn watch(
    client: &OrderServiceClient<Channel>,
    id: &str,
    user: &str,
) -> Result<Streaming<pb::Order>, Status> {
    let request = pb::WatchOrderRequest { id: id.into(), user_id: user.into() };
    client.clone().watch_order(request).await.map(tonic::Response::into_inner)
}

async fn next(stream: &mut Streaming<pb::Order>) -> pb::Order {
    let message = timeout(TIMEOUT, stream.message()).await;
    message.expect("a state within the timeout").unwrap().expect("the stream is open")
}

/// Receives states until one is as expected: states in between may be skipped.
async fn wait_for(stream: &mut Streaming<pb::Order>, expected: impl Fn(&pb::Order) -> bool) {
    while !expected(&next(stream).await) {}
}

async fn is_silent(stream: &mut Streaming<pb::Order>) -> bool {
    timeout(SILENCE, stream.message()).await.is_err()
}

/// Waits until the service listens for changes: the first change may come before.
async fn wait_for_listener(shop: &ShopFixture) {
    let listens = "SELECT EXISTS (SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND query = 'LISTEN \"order_changes\"')";
    let wait = async {
        while !sqlx::query_scalar::<_, bool>(listens).fetch_one(&shop.pool).await.unwrap() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(TIMEOUT, wait).await.expect("the service listens");
}

#[tokio::test]
async fn current_state_is_followed_by_every_change() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 2).await;
    let other = shop.buy(&lamp, 1).await;
    wait_for_listener(&shop).await;
    let mut customer = watch(&shop.client, &order.id, &shop.user).await.unwrap();
    let mut admin = watch(&shop.client, &order.id, "").await.unwrap();
    for stream in [&mut customer, &mut admin] {
        assert_eq!(next(stream).await, order, "as GetOrder returns it");
        assert!(is_silent(stream).await);
    }
    shop.update_status(&other.id, OrderStatus::Processing).await.unwrap();
    assert!(is_silent(&mut customer).await, "another order has changed");

    let changed = shop.update_status(&order.id, OrderStatus::Processing).await.unwrap();
    for stream in [&mut customer, &mut admin] {
        assert_eq!(next(stream).await, changed);
    }
    shop.refund(&order.id, Some(500), "watch-1").await.unwrap();
    let is_refunded = |order: &pb::Order| {
        order.refunded.as_ref().is_some_and(|refunded| refunded.amount_cents == 500)
    };
    wait_for(&mut customer, is_refunded).await;
    drop((customer, admin));
    shop.close().await;
}

#[tokio::test]
async fn checkout_is_visible_while_it_runs() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open_with(database.pool(), &["--checkout-wait=0s"]).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    wait_for_listener(&shop).await;
    shop.add_to_cart(&lamp, 1).await;
    let order = shop.place_order().await;
    let mut stream = watch(&shop.client, &order.id, &shop.user).await.unwrap();
    let is_confirmed = |order: &pb::Order| order.status() == OrderStatus::Confirmed;
    wait_for(&mut stream, is_confirmed).await;
    drop(stream);
    shop.close().await;
}

#[tokio::test]
async fn order_of_another_customer_is_not_found() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    let stranger = shop.register_customer().await;
    let unknown = Uuid::from_u128(7).to_string();
    for (id, user) in [(&order.id, &stranger), (&unknown, &shop.user)] {
        let refused = watch(&shop.client, id, user).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
    let invalid = watch(&shop.client, "7", &shop.user).await.unwrap_err();
    assert_eq!(invalid.code(), Code::InvalidArgument);
    shop.close().await;
}

#[tokio::test]
async fn change_while_the_listener_is_disconnected_is_sent_later() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    wait_for_listener(&shop).await;
    let mut stream = watch(&shop.client, &order.id, &shop.user).await.unwrap();
    next(&mut stream).await;
    // The notification of this change is never sent: the trigger is off.
    let change = "ALTER TABLE orders DISABLE TRIGGER order_changed;
         UPDATE orders SET tracking_number = '9400' WHERE id = '{id}';
         ALTER TABLE orders ENABLE TRIGGER order_changed";
    let change = change.replace("{id}", &order.id);
    sqlx::raw_sql(sqlx::AssertSqlSafe(change)).execute(&shop.pool).await.unwrap();
    assert!(is_silent(&mut stream).await);
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query = 'LISTEN \"order_changes\"'",
    )
    .execute(&shop.pool)
    .await
    .unwrap();
    assert_eq!(next(&mut stream).await.tracking_number, "9400");
    drop(stream);
    shop.close().await;
}

#[tokio::test]
async fn stream_ends_when_the_service_drains() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    let mut stream = watch(&shop.client, &order.id, &shop.user).await.unwrap();
    next(&mut stream).await;
    timeout(TIMEOUT, shop.close()).await.expect("streams do not delay the shutdown");
    assert_eq!(stream.message().await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn streams_above_the_limit_are_refused_and_unary_rpcs_are_served() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let order = shop.buy(&lamp, 1).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        // A connection has up to 256 streams.
        let client = shop.connect();
        let opening = (0..MAX_STREAMS / 5).map(|_| watch(&client, &order.id, &shop.user));
        let streams: Vec<_> = futures::future::join_all(opening).await;
        open.extend(streams.into_iter().map(Result::unwrap));
    }
    let client = shop.connect();
    let refused = watch(&client, &order.id, &shop.user).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(shop.get(&order.id).await, order);

    open.truncate(MAX_STREAMS - 1);
    let start = Instant::now();
    while watch(&client, &order.id, &shop.user).await.is_err() {
        assert!(start.elapsed() < TIMEOUT, "the place is not released");
        sleep(Duration::from_millis(20)).await;
    }
    drop(open);
    shop.close().await;
}
