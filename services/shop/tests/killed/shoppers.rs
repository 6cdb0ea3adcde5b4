//! Simulated shoppers: they fill carts, order with all kinds of cards, repeat a request with the
//! same idempotency key when the response was lost, give up, and cancel orders.

use std::time::Duration;

use kit::Env;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::api::{Api, Response};
use crate::observations::Observations;

/// How long a shopper repeats a request: an order whose executor was killed waits for the end of
/// its lease (15 s), and at most for another backoff of the same length.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// The most orders of one account. An order includes what the order before left in the cart.
const MAX_ORDERS: u32 = 4;

/// The cards and their weights.
const CARDS: [(&str, u32); 5] = [
    ("pm_test_visa", 11),
    ("pm_test_lost_reply", 4),
    ("pm_test_timeout", 1),
    ("pm_test_declined", 3),
    ("pm_test_insufficient_funds", 1),
];

/// A simulated user of a browser.
pub(crate) struct Shopper {
    pub(crate) api: Api,
    pub(crate) products: Vec<Uuid>,
    pub(crate) observations: Observations,
    pub(crate) random: StdRng,
    pub(crate) env: Env,
}

/// A signed-in account.
struct Account {
    user: Uuid,
    token: String,
}

/// A checkout, with what is the same in each of its requests.
#[derive(Clone, Copy)]
struct Checkout {
    key: Uuid,
    card: &'static str,
}

/// The outcome of a checkout.
enum Outcome {
    /// The order was placed.
    Placed(Uuid),
    /// There is no order, or it was refused: the cart is unchanged.
    Refused,
    /// The shopper gave up and does not know the outcome.
    Unknown,
}

impl Shopper {
    /// Buys until the deadline.
    pub(crate) async fn buy(mut self, deadline: Instant) {
        while Instant::now() < deadline {
            let account = self.sign_up().await;
            for _ in 0..self.random.random_range(1..=MAX_ORDERS) {
                if Instant::now() >= deadline || !self.buy_once(&account).await {
                    break;
                }
            }
        }
    }

    /// Places an order that is kept, one that is canceled, and one that is refused. Without faults
    /// each must have the expected outcome.
    pub(crate) async fn buy_one_of_each(mut self) {
        for (card, is_placed, is_cancelled) in [
            ("pm_test_visa", true, false),
            ("pm_test_visa", true, true),
            ("pm_test_declined", false, false),
        ] {
            let account = self.sign_up().await;
            assert!(self.add_to_cart(&account).await, "nothing can be added to a cart");
            let checkout = Checkout { key: self.env.uuid(), card };
            match self.retry_until_outcome(&account, checkout, Vec::new()).await {
                Outcome::Placed(order) if is_cancelled => self.cancel(&account, order).await,
                outcome => {
                    assert_eq!(matches!(outcome, Outcome::Placed(_)), is_placed, "with {card}");
                }
            }
        }
    }

    /// Fills the cart and checks out. Returns whether the account can place another order.
    async fn buy_once(&mut self, account: &Account) -> bool {
        for _ in 0..self.random.random_range(1..=2) {
            if !self.add_to_cart(account).await {
                return false;
            }
        }
        let (card, _) = CARDS.choose_weighted(&mut self.random, |(_, weight)| *weight).unwrap();
        let checkout = Checkout { key: self.env.uuid(), card };
        let outcome = self.check_out(account, checkout).await;
        if let Outcome::Placed(order) = outcome {
            if self.random.random_ratio(1, 6) {
                self.cancel(account, order).await;
            }
            // A late repetition, or one from another tab.
            if self.random.random_ratio(1, 6) {
                self.order(account, checkout).await;
            }
        }
        // After a refusal some shoppers try another card with the same cart.
        !matches!(outcome, Outcome::Unknown)
            && (matches!(outcome, Outcome::Placed(_)) || self.random.random_bool(0.5))
    }

    async fn sign_up(&mut self) -> Account {
        let started = Instant::now();
        loop {
            let body = json!({
                "email": format!("{}@example.com", self.env.uuid()),
                "password": "correct horse battery", "first_name": "Ada", "last_name": "Byron",
            });
            if let Some((StatusCode::CREATED, tokens)) =
                self.api.post("/auth/register", "", None, body).await
            {
                let user = parse_id(&tokens["user"]["id"]).unwrap();
                self.observations.record_account(user);
                return Account {
                    user,
                    token: tokens["access_token"].as_str().unwrap().to_owned(),
                };
            }
            assert!(started.elapsed() < RETRY_TIMEOUT, "sign-up failed until the timeout");
            sleep(RETRY_INTERVAL).await;
        }
    }

    /// Adds a product to the cart. Returns whether the content of the cart is known afterwards.
    async fn add_to_cart(&mut self, account: &Account) -> bool {
        let product = *self.products.choose(&mut self.random).unwrap();
        let quantity = self.random.random_range(1..=3);
        let started = Instant::now();
        while started.elapsed() < RETRY_TIMEOUT {
            let body = json!({"product_id": product, "quantity": quantity});
            match self.api.post("/cart/items", &account.token, None, body).await {
                Some((StatusCode::CREATED, _)) => {
                    self.observations.record_cart_addition(account.user, product, quantity);
                    return true;
                }
                // The product could not be looked up; the cart is unchanged.
                Some((StatusCode::SERVICE_UNAVAILABLE, _)) => sleep(RETRY_INTERVAL).await,
                _ => break,
            }
        }
        self.observations.record_unknown_cart(account.user);
        false
    }

    /// Orders the content of the cart with one idempotency key. Some shoppers give up after the
    /// first response, whatever it is.
    async fn check_out(&mut self, account: &Account, checkout: Checkout) -> Outcome {
        let responses = self.first_requests(account, checkout).await;
        if self.random.random_ratio(1, 10) {
            return Outcome::Unknown;
        }
        self.retry_until_outcome(account, checkout, responses).await
    }

    /// Repeats the request until a response contains the outcome, or the timeout.
    async fn retry_until_outcome(
        &mut self,
        account: &Account,
        checkout: Checkout,
        mut responses: Vec<Response>,
    ) -> Outcome {
        let started = Instant::now();
        loop {
            for response in responses.drain(..) {
                if let Some(outcome) = self.read_outcome(account, response).await {
                    return outcome;
                }
            }
            if started.elapsed() > RETRY_TIMEOUT {
                return Outcome::Unknown;
            }
            sleep(RETRY_INTERVAL).await;
            responses.push(self.order(account, checkout).await);
        }
    }

    /// Sends the first request; sometimes two concurrently, or one while a product is added to the
    /// cart.
    async fn first_requests(&mut self, account: &Account, checkout: Checkout) -> Vec<Response> {
        match self.random.random_range(0..6) {
            0 => {
                let other = self.other_tab();
                let (first, second) =
                    tokio::join!(self.order(account, checkout), other.order(account, checkout));
                vec![first, second]
            }
            1 => {
                let mut other = self.other_tab();
                let (response, _) =
                    tokio::join!(self.order(account, checkout), other.add_to_cart(account));
                vec![response]
            }
            _ => vec![self.order(account, checkout).await],
        }
    }

    /// Returns the outcome of a checkout if the response contains it. Sometimes cancels a pending
    /// order.
    async fn read_outcome(&mut self, account: &Account, response: Response) -> Option<Outcome> {
        let (status, body) = response?;
        let code = body["code"].as_str().unwrap_or_default();
        match status.as_u16() {
            201 => parse_id(&body["id"]).map(Outcome::Placed),
            202 => {
                let order = parse_id(&body["id"]).unwrap();
                if self.random.random_ratio(1, 5) {
                    self.cancel(account, order).await;
                }
                None
            }
            // The cart still contains the units of the order before, or it has changed meanwhile.
            409 if matches!(code, "order_in_progress" | "conflict" | "cart_changed") => None,
            402 | 409 => Some(Outcome::Refused),
            500 => panic!("internal error: {body}"),
            502..=504 => None,
            _ => panic!("unexpected response: {status} {body}"),
        }
    }

    /// Requests a cancellation until there is a definite response.
    async fn cancel(&mut self, account: &Account, order: Uuid) {
        let started = Instant::now();
        while started.elapsed() < RETRY_TIMEOUT {
            let path = format!("/orders/{order}");
            // Recorded before the request: it may take effect although the response is lost.
            self.observations.record_cancel_request(order, None);
            let response = self.api.delete(&path, &account.token).await;
            match response.map(|(status, _)| status.as_u16()) {
                Some(status @ (200 | 202)) => {
                    return self.observations.record_cancel_request(order, Some(status));
                }
                Some(409) => return,
                _ => sleep(RETRY_INTERVAL).await,
            }
        }
    }

    async fn order(&self, account: &Account, Checkout { key, card }: Checkout) -> Response {
        let body = json!({
            "payment_method_id": card,
            "shipping_address": {"street": "1 Main Street", "city": "Springfield", "country": "US"},
        });
        let response = self.api.post("/orders", &account.token, Some(key), body).await;
        let order = response.as_ref().and_then(|(_, body)| match parse_id(&body["order_id"]) {
            None => parse_id(&body["id"]),
            refused => refused,
        });
        let status = response.as_ref().map(|(status, _)| status.as_u16());
        self.observations.record_order_request(account.user, key, status, order);
        response
    }

    /// Returns the same shopper in another tab.
    fn other_tab(&mut self) -> Self {
        Self {
            api: self.api.clone(),
            products: self.products.clone(),
            observations: self.observations.clone(),
            random: StdRng::seed_from_u64(self.random.random()),
            env: self.env.clone(),
        }
    }
}

fn parse_id(value: &Value) -> Option<Uuid> {
    value.as_str().and_then(|text| Uuid::try_parse(text).ok())
}
