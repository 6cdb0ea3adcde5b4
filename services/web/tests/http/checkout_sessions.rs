//! Sessions that end within the checkout: at every step, when it is opened and when it is sent.

use std::fmt::Write as _;

use crate::browser::{ADDRESS, Browser, Response, VISA};
use crate::shop::{PASSWORD, Shop};
use crate::shopping::add_to_cart;

/// How a session ends.
#[derive(Clone, Copy, Debug)]
enum Expiry {
    /// The access token has expired, and the browser has removed its cookie.
    Access,
    /// The gateway rejects the access token.
    RejectedAccess,
    /// Both tokens have expired.
    Both,
    /// Both tokens have expired, and the browser has removed their cookies.
    Cookies,
}

/// The sessions that are refreshed.
const REFRESHED: [Expiry; 2] = [Expiry::Access, Expiry::RejectedAccess];

/// The sessions that have ended.
const ENDED: [Expiry; 2] = [Expiry::Both, Expiry::Cookies];

/// A customer in the checkout.
struct Checkout {
    browser: Browser,
    email: String,
    address: String,
    ship: String,
    card: String,
}

/// A form of a step.
struct StepForm {
    page: String,
    action: String,
    values: &'static [(&'static str, &'static str)],
    /// Start of the URL of the next page.
    next: &'static str,
    /// Choices in the URL of the next page.
    choices: Vec<String>,
}

impl Checkout {
    async fn start(shop: &Shop) -> Self {
        let (mut browser, email) = shop.customer_with_email().await;
        for (path, values) in [("/addresses/new", &ADDRESS[..]), ("/payment-methods", &VISA)] {
            browser.get(path).await.is(200);
            browser.submit(path, values).await.is(303);
        }
        add_to_cart(&mut browser, "walden").await.is(200);
        let review = browser.get("/checkout").await;
        let review = browser.follow(&review).await;
        let choice = |name: &str| {
            let selector = format!("input[name={name}]");
            let value = review.is(200).attribute(&selector, "value").expect("a choice");
            form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>()
        };
        let (address, ship, card) = (choice("address"), choice("ship"), choice("pay"));
        Self { address, ship, card, browser, email }
    }

    /// Returns the URL of a step with some of the choices.
    fn url(&self, step: &str, choices: &[&str]) -> String {
        let mut url = format!("/checkout/{step}");
        for (index, choice) in choices.iter().enumerate() {
            let value = match *choice {
                "address" => &self.address,
                "ship" => &self.ship,
                _ => &self.card,
            };
            let separator = if index == 0 { '?' } else { '&' };
            write!(url, "{separator}{choice}={value}").expect("written");
        }
        url
    }

    fn pages(&self) -> [String; 4] {
        [
            self.url("address", &["address", "ship", "pay"]),
            self.url("delivery", &["address", "ship", "pay"]),
            self.url("payment", &["address", "ship", "pay"]),
            self.url("review", &["address", "ship", "pay"]),
        ]
    }

    fn forms(&self) -> [StepForm; 3] {
        let (ship, card) = (format!("ship={}", self.ship), format!("pay={}", self.card));
        let address = format!("address={}", self.address);
        [
            StepForm {
                page: self.url("address", &["ship", "pay"]),
                action: self.url("address", &["ship", "pay"]),
                values: &ADDRESS,
                next: "/checkout/delivery?",
                choices: vec![ship.clone(), card],
            },
            StepForm {
                page: self.url("payment", &["address", "ship"]),
                action: self.url("payment", &["address", "ship"]),
                values: &VISA,
                next: "/checkout/review?",
                choices: vec![address, ship],
            },
            StepForm {
                page: self.url("review", &["address", "ship", "pay"]),
                action: "/checkout/place".to_owned(),
                values: &[],
                next: "/orders/",
                choices: Vec::new(),
            },
        ]
    }

    fn expire(&mut self, expiry: Expiry) {
        let cookies = &mut self.browser.cookies;
        let mut set = |name: &str, value: &str| cookies.insert(name.to_owned(), value.to_owned());
        match expiry {
            Expiry::Access => drop(cookies.remove("access")),
            Expiry::RejectedAccess => drop(set("access", "rejected")),
            Expiry::Both => {
                set("refresh", "pexpired");
                cookies.remove("access");
            }
            Expiry::Cookies => cookies.clear(),
        }
    }

    /// Signs in on the page to which a response redirects, which must lead back to `page`.
    async fn sign_in(&mut self, response: &Response, page: &str, case: &str) -> Response {
        let escaped: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
        let location = response.location();
        assert!(location.starts_with(&format!("/login?next={escaped}&")), "{case}: {location}");
        self.browser.follow(response).await.is(200).shows("Please sign in");
        let values = [("email", &*self.email), ("password", PASSWORD)];
        let signed_in = self.browser.submit("/login", &values).await;
        assert_eq!(signed_in.location(), page, "{case}");
        self.browser.follow(&signed_in).await
    }

    /// Sends the form of a step, as browsers do that hide the page that a form is on.
    async fn send_without_referrer(&mut self, form: &StepForm) -> Response {
        let ship = decoded(&self.ship);
        let mut fields = vec![("idempotency_key", "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")];
        match form.values {
            [] => fields.extend([
                ("address", &*self.address),
                ("ship", &*ship),
                ("pay", &*self.card),
                ("cart_version", "1"),
                ("total_cents", "1"),
                ("currency", "USD"),
            ]),
            values => fields.extend(values),
        }
        let request = self.browser.form_request(&form.action, &fields);
        let request = request.header("sec-fetch-site", "same-origin");
        self.browser.send(request).await
    }
}

/// Returns the value that a query contains.
fn decoded(value: &str) -> String {
    form_urlencoded::parse(value.as_bytes()).map(|(value, _)| value).collect()
}

/// Returns what a page contains besides its layout, without what differs each time: the key of a
/// form, and the summary, whose images are omitted when the machine is busy.
fn content(page: &Response) -> String {
    let main = page.is(200).body.split("<main").nth(1).expect("the content");
    let main = main.split("<aside").next().unwrap_or_default().to_owned();
    let key = page.attribute("input[name=idempotency_key]", "value");
    key.map_or(main.clone(), |key| main.replace(&key, ""))
}

#[tokio::test]
async fn expired_access_token_does_not_interrupt_the_checkout() {
    let shop = Shop::start().await;
    let mut checkout = Checkout::start(&shop).await;
    for page in checkout.pages() {
        let usual = content(&checkout.browser.get(&page).await);
        for expiry in REFRESHED {
            checkout.expire(expiry);
            let page = checkout.browser.get(&page).await;
            assert_eq!(content(&page), usual, "{expiry:?}");
        }
    }
    for expiry in REFRESHED {
        add_to_cart(&mut checkout.browser, "walden").await.is(200);
        for form in checkout.forms() {
            checkout.browser.get(&form.page).await.is(200);
            checkout.expire(expiry);
            let sent = checkout.browser.submit(&form.action, form.values).await;
            assert_sent(&form, &sent, &format!("{expiry:?} {}", form.action));
        }
    }
}

#[tokio::test]
async fn ended_session_leads_back_to_the_step_with_its_choices() {
    let shop = Shop::start().await;
    let mut checkout = Checkout::start(&shop).await;
    for expiry in ENDED {
        add_to_cart(&mut checkout.browser, "walden").await.is(200);
        for page in checkout.pages() {
            let case = format!("{expiry:?} {page}");
            let usual = content(&checkout.browser.get(&page).await);
            checkout.expire(expiry);
            let opened = checkout.browser.get(&page).await;
            let again = checkout.sign_in(&opened, &page, &case).await;
            assert_eq!(content(&again), usual, "{case}");
        }
        for form in checkout.forms() {
            let case = format!("{expiry:?} {}", form.action);
            let usual = content(&checkout.browser.get(&form.page).await);
            checkout.expire(expiry);
            let sent = checkout.browser.submit(&form.action, form.values).await;
            let again = checkout.sign_in(&sent, &form.page, &case).await;
            assert_eq!(content(&again), usual, "{case}");
            let sent = checkout.browser.submit(&form.action, form.values).await;
            assert_sent(&form, &sent, &case);
        }
    }
}

#[tokio::test]
async fn form_without_referrer_leads_back_to_its_step() {
    let shop = Shop::start().await;
    let mut checkout = Checkout::start(&shop).await;
    for form in checkout.forms() {
        checkout.expire(Expiry::Both);
        let sent = checkout.send_without_referrer(&form).await;
        checkout.sign_in(&sent, &form.page, &form.action).await.is(200);
    }
}

#[track_caller]
fn assert_sent(form: &StepForm, sent: &Response, case: &str) {
    let location = sent.location();
    assert!(location.starts_with(form.next), "{case}: {location}");
    for choice in &form.choices {
        assert!(location.contains(choice), "{case}: {location}");
    }
}
