//! Many streams with the live status of an order, and visitors who do not read theirs.

use std::time::Duration;

use futures::future::join_all;
use testing::EventBlocks;
use tokio::time::{sleep, timeout};

use crate::browser::Browser;
use crate::order_live::{cancel, open_events, place_order};
use crate::shop::Shop;

/// Visitors whose streams are all that one process has: each has four, 256 together.
const VISITORS: u8 = 64;
const STREAMS_OF_VISITOR: usize = 4;

/// Longest time until a page responds while all streams are open.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait until the place of a closed stream is released.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests the stream of an order, as a visitor behind a trusted proxy.
async fn open_as(visitor: u8, browser: &Browser, order: &str) -> reqwest::Response {
    let request = browser.open_request(&format!("{order}/live"));
    let request = request.header("x-forwarded-for", format!("192.0.2.{visitor}"));
    request.send().await.expect("a response")
}

async fn open_all(browser: &Browser, order: &str) -> Vec<EventBlocks> {
    let mut open = Vec::new();
    for visitor in 0..VISITORS {
        let streams = (0..STREAMS_OF_VISITOR).map(|_| open_as(visitor, browser, order));
        open.extend(join_all(streams).await.into_iter().map(EventBlocks::new));
    }
    open
}

#[tokio::test]
async fn stream_257_is_refused_while_pages_respond() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    let order = place_order(&mut browser).await;
    let mut open = open_all(&browser, &order).await;
    let refused = open_as(VISITORS, &browser, &order).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "30");
    for path in ["/", "/products/walden", "/cart", &order, &format!("{order}?wait")] {
        let page = timeout(PAGE_TIMEOUT, browser.get(path)).await;
        page.expect("a page in time").is(200);
    }

    // No visitor reads the streams; a change reaches the pages nevertheless.
    timeout(PAGE_TIMEOUT, cancel(&mut browser, &order)).await.expect("a page in time");
    browser.get(&order).await.is(200).shows("Cancelled");

    open.pop();
    let is_free = async {
        while open_as(VISITORS, &browser, &order).await.status() != 200 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(RELEASE_TIMEOUT, is_free).await.expect("the place is released");
}

#[tokio::test]
async fn slow_reader_delays_nobody_and_gets_the_last_state() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    let order = place_order(&mut browser).await;
    let mut slow = open_events(&browser, &order).await;
    let mut fast = open_events(&browser, &order).await;
    cancel(&mut browser, &order).await;
    for stream in [&mut fast, &mut slow] {
        while !stream.next().await.expect("an event").contains("\"cancelled\"") {}
    }
}
