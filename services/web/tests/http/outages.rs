//! Every page while one of the servers behind the shop is stopped.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use futures::{StreamExt as _, stream};
use reqwest::Method;
use shop_fixture::Service;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use crate::browser::{Browser, Response};
use crate::regular_customer::{Ids, regular_customer};
use crate::shop::{PASSWORD, Shop, start_web};
use crate::shopping::add_to_cart;

/// Deadline of a page.
const PAGE_DEADLINE: Duration = Duration::from_secs(8);

/// Longest wait for a refresh of the session after a page is ready.
const REFRESH_WAIT: Duration = Duration::from_secs(2);

/// Time that a busy machine may add.
const SLACK: Duration = Duration::from_secs(2);

/// Longest time until the pages of a restarted server are complete again.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Pages that are open at the same time.
const CONCURRENT_PAGES: usize = 8;

/// A server that can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Gateway,
    Redis,
    Service(Service),
}

use Server::{Gateway, Redis};
const CATALOG: Server = Server::Service(Service::Catalog);
const USER: Server = Server::Service(Service::User);
const CART: Server = Server::Service(Service::Cart);
const ORDER: Server = Server::Service(Service::Order);
const PAYMENT: Server = Server::Service(Service::Payment);
const SHIPPING: Server = Server::Service(Service::Shipping);
const NOTIFICATION: Server = Server::Service(Service::Notification);

const SERVERS: [Server; 9] =
    [USER, CATALOG, CART, ORDER, PAYMENT, SHIPPING, NOTIFICATION, Redis, Gateway];

/// The servers that a page cannot do without, besides those that it needs for its visitor.
const NEEDS: &[(&str, &[Server])] = &[
    ("/", &[CATALOG]),
    ("/products", &[CATALOG]),
    ("/products/{slug}", &[CATALOG]),
    ("/categories", &[CATALOG]),
    ("/categories/{slug}", &[CATALOG]),
    ("/search", &[CATALOG]),
    ("/cart", &[CART, CATALOG, Redis]),
    ("/login", &[]),
    ("/register", &[]),
    ("/forgot-password", &[]),
    ("/reset-password", &[]),
    ("/verify-email", &[]),
    ("/help", &[]),
    ("/shipping-returns", &[]),
    ("/accessibility", &[]),
    ("/offline", &[]),
    ("/styleguide", &[]),
    ("/account", &[USER]),
    ("/orders", &[ORDER]),
    ("/orders/{id}", &[ORDER]),
    ("/orders/{id}/live", &[ORDER]),
    ("/addresses", &[USER]),
    ("/addresses/new", &[USER]),
    ("/addresses/{id}", &[USER]),
    ("/payment-methods", &[PAYMENT]),
    ("/wishlist", &[USER, CATALOG]),
    ("/profile", &[USER]),
    ("/security", &[USER]),
    ("/privacy", &[]),
    ("/checkout", &[USER, CART, CATALOG, PAYMENT, Redis]),
    ("/checkout/contact", &[CART, CATALOG, Redis]),
    ("/checkout/address", &[USER, CART, CATALOG, Redis]),
    ("/checkout/delivery", &[USER, CART, CATALOG, ORDER, SHIPPING, Redis]),
    ("/checkout/payment", &[USER, CART, CATALOG, ORDER, SHIPPING, PAYMENT, Redis]),
    ("/checkout/review", &[USER, CART, CATALOG, ORDER, SHIPPING, PAYMENT, Redis]),
    ("/assets/{file}", &[]),
    ("/images/products/{file}", &[]),
    ("/robots.txt", &[]),
    ("/sitemap.xml", &[CATALOG]),
    ("/site.webmanifest", &[]),
    ("/sw.js", &[]),
];

/// A page of the table.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) path: String,
    needs: &'static [Server],
}

/// What a visitor gets: the status, and the path of a redirect.
type Answer = (u16, String);

#[test]
fn every_page_is_in_the_table_of_outages() {
    let routes = web::routes().into_iter().filter(|route| route.method == Method::GET);
    let routes: BTreeSet<&str> = routes.map(|route| route.path).collect();
    let debug = if cfg!(debug_assertions) { "" } else { "/styleguide" };
    let listed = NEEDS.iter().map(|(template, _)| *template).filter(|path| *path != debug);
    assert_eq!(listed.collect::<BTreeSet<&str>>(), routes);
}

pub(crate) fn pages(ids: &Ids) -> Vec<Page> {
    let page = |(template, needs): &(&str, &'static [Server])| {
        let (Ids { order, address, card, .. }, ship) = (ids, "USPS~Ground+Advantage");
        let path = match *template {
            "/search" => "/search?q=lamp".to_owned(),
            "/cart" => "/cart?country=US&zip_code=62701".to_owned(),
            "/products/{slug}" => "/products/walden".to_owned(),
            "/categories/{slug}" => "/categories/books".to_owned(),
            "/assets/{file}" => "/assets/shop-0123456789ab.css".to_owned(),
            "/images/products/{file}" => "/images/products/walden.svg".to_owned(),
            "/addresses/{id}" => format!("/addresses/{address}"),
            "/checkout/delivery" => format!("/checkout/delivery?address={address}"),
            "/checkout/payment" => format!("/checkout/payment?address={address}&ship={ship}"),
            "/checkout/review" => format!("/checkout/review?address={address}&pay={card}"),
            path => path.replace("{id}", order),
        };
        Page { path, needs }
    };
    let exists = |(template, _): &&(&str, _)| cfg!(debug_assertions) || *template != "/styleguide";
    NEEDS.iter().filter(exists).map(page).collect()
}

/// Opens pages with the same cookies, and returns the responses with their durations.
async fn open_all<'a>(
    visitor: &Browser,
    url: &str,
    pages: &'a [Page],
    concurrency: usize,
) -> Vec<(&'a Page, Response, Duration)> {
    let open = pages.iter().map(|page| async move {
        let mut tab = Browser::new(url);
        tab.cookies.clone_from(&visitor.cookies);
        let start = Instant::now();
        let response = match page.path.ends_with("/live") {
            true => open_stream(&mut tab, &page.path).await,
            false => tab.get(&page.path).await,
        };
        let had_session = visitor.cookies.contains_key("refresh");
        assert_eq!(tab.cookies.contains_key("refresh"), had_session, "{}", page.path);
        (page, response, start.elapsed())
    });
    stream::iter(open).buffered(concurrency).collect().await
}

/// Opens a stream, whose body does not end, or the error page instead of it.
async fn open_stream(tab: &mut Browser, path: &str) -> Response {
    let stream = tab.open(path).await;
    match stream.status().is_success() {
        true => Response {
            status: stream.status(),
            headers: stream.headers().clone(),
            body: String::new(),
        },
        false => tab.get(path).await,
    }
}

fn answer(response: &Response) -> Answer {
    (response.status.as_u16(), response.header("location").to_owned())
}

/// Fails unless an error page says what happened, when and where to try again, and its request.
#[track_caller]
fn assert_error_page(page: &Page, response: &Response) {
    let path = &page.path;
    assert!(matches!(response.status.as_u16(), 503 | 504), "{path}: {response:?}");
    assert_eq!(response.header("content-type"), "text/html; charset=utf-8", "{path}");
    assert_eq!(response.count("h1"), 1, "{path}");
    let seconds: u64 = response.header("retry-after").parse().expect("a number of seconds");
    assert!((1..=60).contains(&seconds), "{path}: {seconds}");
    let retry = response.attribute("main a.button", "href");
    assert_eq!(retry.as_ref(), Some(path));
    response.shows("Try again in").shows(response.header("x-request-id"));
}

/// Fails unless a page is complete, degraded, or an error page that it may be.
#[track_caller]
fn assert_outage(page: &Page, response: &Response, usual: &Answer, may_fail: bool) -> bool {
    if may_fail && answer(response) != *usual {
        assert_error_page(page, response);
        return true;
    }
    assert_eq!(answer(response), *usual, "{}: {}", page.path, response.body);
    if usual.0 == 200 && response.header("content-type").starts_with("text/html") {
        assert_eq!(response.body.matches("<h1").count(), 1, "{}", page.path);
    }
    false
}

#[tokio::test]
async fn every_page_without_one_server_is_degraded_or_says_when_to_try_again() {
    let shop = Shop::start().await;
    let (customer, email, ids) = regular_customer(&shop).await;
    let mut guest = shop.browser();
    add_to_cart(&mut guest, "walden").await.is(200);
    let pages = pages(&ids);
    let (mut answers, mut errors) = (0, 0);
    let usual =
        [usual_answers(&shop, &guest, &pages).await, usual_answers(&shop, &customer, &pages).await];
    for server in SERVERS {
        let returning = match server {
            // Its session must be refreshed, which only the user service can do.
            Gateway | USER => Some(returning_customer(&shop, &email).await),
            _ => None,
        };
        stop(&shop, server).await;
        let visitors = [(Some(&guest), 0), (Some(&customer), 1), (returning.as_ref(), 1)];
        let mut failed = BTreeSet::new();
        for (visitor, usual_index) in visitors {
            let Some(visitor) = visitor else { continue };
            let opened = open_all(visitor, &shop.url, &pages, CONCURRENT_PAGES).await;
            for (index, (page, response, duration)) in opened.iter().enumerate() {
                let may_fail = may_fail(page, server, visitor);
                if assert_outage(page, response, &usual[usual_index][index], may_fail) {
                    failed.insert(index);
                    errors += 1;
                }
                assert!(*duration < PAGE_DEADLINE, "{} took {duration:?}", page.path);
                answers += 1;
            }
        }
        start(&shop, server).await;
        recover(&shop, &customer, &pages, &usual[1], failed).await;
    }
    println!(
        "{} pages, {} servers: {answers} answers, of them {errors} error pages",
        pages.len(),
        SERVERS.len()
    );
}

/// Whether a page cannot be shown to a visitor without a server.
fn may_fail(page: &Page, server: Server, visitor: &Browser) -> bool {
    let must_refresh =
        visitor.cookies.contains_key("refresh") && !visitor.cookies.contains_key("access");
    page.needs.contains(&server)
        || (server == Gateway && !page.needs.is_empty())
        || (must_refresh && page.needs.iter().any(|needed| *needed != CATALOG))
}

async fn usual_answers(shop: &Shop, visitor: &Browser, pages: &[Page]) -> Vec<Answer> {
    let opened = open_all(visitor, &shop.url, pages, CONCURRENT_PAGES).await;
    let answers = opened.iter().map(|(page, response, _)| {
        assert!(matches!(response.status.as_u16(), 200 | 303), "{page:?}: {response:?}");
        answer(response)
    });
    answers.collect()
}

/// Signs the customer in, in a browser whose access token has expired.
async fn returning_customer(shop: &Shop, email: &str) -> Browser {
    let mut browser = shop.browser();
    browser.submit_to("/login", &[("email", email), ("password", PASSWORD)]).await.is(303);
    browser.cookies.remove("access");
    browser
}

/// Waits until the pages that failed are as usual.
async fn recover(
    shop: &Shop,
    customer: &Browser,
    pages: &[Page],
    usual: &[Answer],
    mut failed: BTreeSet<usize>,
) {
    let recovered = async {
        while let Some(index) = failed.last().copied() {
            let opened = open_all(customer, &shop.url, &pages[index..=index], 1).await;
            match answer(&opened[0].1) == usual[index] {
                true => drop(failed.remove(&index)),
                false => sleep(Duration::from_millis(200)).await,
            }
        }
    };
    timeout(RECOVERY_TIMEOUT, recovered).await.expect("the pages are complete again");
}

/// A gateway that accepts connections and never responds.
#[tokio::test]
async fn every_page_ends_before_its_deadline_when_the_gateway_hangs() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let gateway = format!("http://{}", silent.local_addr().expect("an address"));
    let id = uuid::Uuid::nil().to_string();
    let ids = Ids { order: id.clone(), address: id.clone(), card: id.clone(), product: id };
    let pages = pages(&ids);
    let visitors = [None, Some(("access", "token")), Some(("refresh", "ptoken"))];
    let (gateway, pages) = (&gateway, &pages);
    let open = visitors.map(|cookie| async move {
        let url = start_web(gateway).await;
        let mut visitor = Browser::new(&url);
        visitor.cookies.extend(cookie.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for (page, response, duration) in open_all(&visitor, &url, pages, pages.len()).await {
            // Pages of customers lead guests to the sign-in, and that of guests leads customers on.
            let may_redirect = cookie.is_none() || page.path == "/checkout/contact";
            if !(may_redirect && response.status == 303) {
                let usual = (200, String::new());
                assert_outage(page, &response, &usual, !page.needs.is_empty());
            }
            let max = PAGE_DEADLINE + REFRESH_WAIT + SLACK;
            assert!(duration < max, "{} took {duration:?}", page.path);
        }
    });
    join_all(open).await;
}

async fn stop(shop: &Shop, server: Server) {
    match server {
        Gateway => shop.gateway.lock().await.disconnect().await,
        Redis => shop.services.stop_redis().await,
        Server::Service(service) => shop.services.stop(service).await,
    }
}

async fn start(shop: &Shop, server: Server) {
    match server {
        Gateway => shop.gateway.lock().await.restore().await,
        Redis => shop.services.start_redis().await,
        Server::Service(service) => shop.services.start_service(service).await,
    }
}
