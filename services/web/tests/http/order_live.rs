//! Live status of an order.

use std::time::Duration;

use testing::EventBlocks;
use tokio::time::{Instant, sleep, timeout};

use crate::browser::{Browser, VISA};
use crate::shop::Shop;
use crate::shopping::{add_to_cart, review};

/// Longest wait until the place of a closed stream is released.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Places an order, and returns the path of its page.
pub(crate) async fn place_order(browser: &mut Browser) -> String {
    add_to_cart(browser, "walden").await.is(200);
    review(browser, &VISA).await.is(200);
    browser.submit("/checkout/place", &[]).await.location()
}

pub(crate) async fn cancel(browser: &mut Browser, order: &str) {
    browser.get(order).await.is(200);
    browser.submit(&format!("{order}/cancel"), &[("reason", "Too late")]).await.is(303);
}

pub(crate) async fn open_events(browser: &Browser, order: &str) -> EventBlocks {
    EventBlocks::new(browser.open(&format!("{order}/live")).await)
}

#[tokio::test]
async fn stream_relays_the_state_and_changes_without_personal_data() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    let order = place_order(&mut browser).await;
    let page = browser.get(&order).await;
    let live = page.is(200).attribute("#order-head", "data-live");
    assert_eq!(live, Some(format!("{order}/live")));
    assert_eq!(page.count("p[aria-live=polite]#announcement"), 1);
    let version = page.attribute("#order-head", "data-version").expect("a version");

    let mut events = open_events(&browser, &order).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(events.response.headers()[name], value);
    }
    assert!(!events.response.headers().contains_key("content-encoding"));
    let expected =
        format!("event: order\ndata: {{\"status\":\"confirmed\",\"version\":\"{version}\"}}");
    assert_eq!(events.next().await, Some(expected));
    cancel(&mut browser, &order).await;
    let changed = events.next().await.expect("an event");
    assert!(changed.contains("\"status\":\"cancelled\"") && !changed.contains(&version));

    let page = browser.get(&order).await;
    assert_eq!(
        page.is(200).attribute("#order-head", "data-live"),
        None,
        "nothing changes any more"
    );
    assert_eq!(page.hides("Check the order status now").count("a[href*=wait]"), 0);
}

#[tokio::test]
async fn order_of_another_customer_has_no_stream() {
    let shop = Shop::start().await;
    let (mut ada, mut eve) = (shop.customer().await, shop.customer().await);
    let order = place_order(&mut ada).await;
    eve.get(&format!("{order}/live")).await.is(404);
    eve.get(&format!("{order}?wait")).await.is(404);
    let guest = shop.browser().get(&format!("{order}/live")).await;
    assert!(guest.location().starts_with("/login?"));
}

#[tokio::test]
async fn visitor_has_four_streams() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    let order = place_order(&mut browser).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(open_events(&browser, &order).await);
    }
    let refused = browser.get(&format!("{order}/live")).await;
    assert_eq!(refused.is(429).header("retry-after"), "30");
    let start = Instant::now();
    browser.get(&format!("{order}?wait")).await.is(200);
    assert!(start.elapsed() < Duration::from_secs(6), "the page does not wait without a stream");
    open.pop();
    let is_free = async {
        while browser.open(&format!("{order}/live")).await.status() != 200 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(TIMEOUT, is_free).await.expect("the place is released");
}

#[tokio::test]
async fn check_now_responds_at_the_next_change_or_after_a_while() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    let order = place_order(&mut browser).await;
    let page = browser.get(&order).await;
    let check = page.attribute("a[href*='?wait=']", "href").expect("a link");

    let start = Instant::now();
    browser.get(&check).await.is(200).shows("Paid");
    let waited = start.elapsed();
    assert!((Duration::from_secs(7)..Duration::from_secs(14)).contains(&waited), "{waited:?}");

    let start = Instant::now();
    let (waiting, ()) = tokio::join!(browser.open(&check), async {
        let mut other = shop.browser();
        other.cookies.clone_from(&browser.cookies);
        sleep(Duration::from_millis(300)).await;
        cancel(&mut other, &order).await;
    });
    assert_eq!(waiting.status(), 200);
    assert!(start.elapsed() < Duration::from_secs(7), "{:?}", start.elapsed());

    let start = Instant::now();
    browser.get(&check).await.is(200).shows("Cancelled");
    assert!(start.elapsed() < Duration::from_secs(6), "the visitor sees an old state");
}

#[tokio::test]
async fn drain_ends_streams() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    let order = place_order(&mut browser).await;
    let mut events = open_events(&browser, &order).await;
    events.next().await.expect("the current state");
    shop.web.drain();
    assert_eq!(events.next().await, None);
}
