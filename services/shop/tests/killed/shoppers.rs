//! Shoppers: they fill carts, order with all kinds of cards, ask again with the same key when the answer
//! was lost, go away, and call orders off.

use std::time::Duration;

use kit::Env;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::api::{Answer, Api};
use crate::told::Told;

/// How long a shopper goes on about one wish: an order whose driver was killed waits for the end of its
/// lease (15 s), and for another pause of the same length at most.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(250);

/// Orders of one account: each is of the cart that the one before has left.
const MAX_ORDERS: u32 = 4;

/// The cards, and of how many orders each pays one.
const CARDS: [(&str, u32); 5] = [
    ("pm_test_visa", 11),
    ("pm_test_lost_reply", 4),
    ("pm_test_timeout", 1),
    ("pm_test_declined", 3),
    ("pm_test_insufficient_funds", 1),
];

/// Somebody in front of a browser.
pub(crate) struct Shopper {
    pub(crate) api: Api,
    pub(crate) wares: Vec<Uuid>,
    pub(crate) told: Told,
    pub(crate) random: StdRng,
    pub(crate) env: Env,
}

/// Somebody who is signed in.
struct Account {
    user: Uuid,
    token: String,
}

/// A wish to order: the same in each of its requests.
#[derive(Clone, Copy)]
struct Wish {
    key: Uuid,
    card: &'static str,
}

/// What came of a wish.
enum End {
    /// There is an order, which was made.
    Made(Uuid),
    /// There is none, or it was refused: the cart is as it was.
    Refused,
    /// The shopper went away and does not know.
    Left,
}

impl Shopper {
    /// Buys until then.
    pub(crate) async fn buy(mut self, until: Instant) {
        while Instant::now() < until {
            let account = self.sign_up().await;
            for _ in 0..self.random.random_range(1..=MAX_ORDERS) {
                if Instant::now() >= until || !self.buy_once(&account).await {
                    break;
                }
            }
        }
    }

    /// When all is well again: an order that stays, one that is called off, and one that is refused.
    pub(crate) async fn buy_one_of_each(mut self) {
        for (card, is_made, is_called_off) in [
            ("pm_test_visa", true, false),
            ("pm_test_visa", true, true),
            ("pm_test_declined", false, false),
        ] {
            let account = self.sign_up().await;
            assert!(self.fill(&account).await, "nothing can be put into a cart");
            let wish = Wish { key: self.env.uuid(), card };
            match self.until_answered(&account, wish, Vec::new()).await {
                End::Made(order) if is_called_off => self.call_off(&account, order).await,
                end => assert_eq!(matches!(end, End::Made(_)), is_made, "with {card}"),
            }
        }
    }

    /// Whether the account is good for another order.
    async fn buy_once(&mut self, account: &Account) -> bool {
        for _ in 0..self.random.random_range(1..=2) {
            if !self.fill(account).await {
                return false;
            }
        }
        let (card, _) = CARDS.choose_weighted(&mut self.random, |(_, weight)| *weight).unwrap();
        let wish = Wish { key: self.env.uuid(), card };
        let end = self.check_out(account, wish).await;
        if let End::Made(order) = end {
            if self.random.random_ratio(1, 6) {
                self.call_off(account, order).await;
            }
            // Long after, or from another tab.
            if self.random.random_ratio(1, 6) {
                self.order(account, wish).await;
            }
        }
        // Who was refused sometimes takes another card, for the same cart.
        !matches!(end, End::Left) && (matches!(end, End::Made(_)) || self.random.random_bool(0.5))
    }

    async fn sign_up(&mut self) -> Account {
        let began = Instant::now();
        loop {
            let body = json!({
                "email": format!("{}@example.com", self.env.uuid()),
                "password": "correct horse battery", "first_name": "Ada", "last_name": "Byron",
            });
            if let Some((StatusCode::CREATED, tokens)) =
                self.api.post("/auth/register", "", None, body).await
            {
                let user = id(&tokens["user"]["id"]).unwrap();
                self.told.account(user);
                return Account {
                    user,
                    token: tokens["access_token"].as_str().unwrap().to_owned(),
                };
            }
            assert!(began.elapsed() < PATIENCE, "nobody can sign up");
            sleep(PAUSE).await;
        }
    }

    /// Puts something into the cart, and tells whether it is known how much.
    async fn fill(&mut self, account: &Account) -> bool {
        let product = *self.wares.choose(&mut self.random).unwrap();
        let quantity = self.random.random_range(1..=3);
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let body = json!({"product_id": product, "quantity": quantity});
            match self.api.post("/cart/items", &account.token, None, body).await {
                Some((StatusCode::CREATED, _)) => {
                    self.told.put(account.user, product, quantity);
                    return true;
                }
                // The product could not be looked up; the cart is as it was.
                Some((StatusCode::SERVICE_UNAVAILABLE, _)) => sleep(PAUSE).await,
                _ => break,
            }
        }
        self.told.unsure(account.user);
        false
    }

    /// Orders what is in the cart with one key. Some go away, whatever the answer is.
    async fn check_out(&mut self, account: &Account, wish: Wish) -> End {
        let answers = self.first(account, wish).await;
        if self.random.random_ratio(1, 10) {
            return End::Left;
        }
        self.until_answered(account, wish, answers).await
    }

    /// Asks again until one of the answers says how it went.
    async fn until_answered(
        &mut self,
        account: &Account,
        wish: Wish,
        mut answers: Vec<Answer>,
    ) -> End {
        let began = Instant::now();
        loop {
            for answer in answers.drain(..) {
                if let Some(end) = self.read(account, answer).await {
                    return end;
                }
            }
            if began.elapsed() > PATIENCE {
                return End::Left;
            }
            sleep(PAUSE).await;
            answers.push(self.order(account, wish).await);
        }
    }

    /// The first request; sometimes two at once, or one while more is put into the cart.
    async fn first(&mut self, account: &Account, wish: Wish) -> Vec<Answer> {
        match self.random.random_range(0..6) {
            0 => {
                let other = self.again();
                let (one, two) =
                    tokio::join!(self.order(account, wish), other.order(account, wish));
                vec![one, two]
            }
            1 => {
                let mut other = self.again();
                let (one, _) = tokio::join!(self.order(account, wish), other.fill(account));
                vec![one]
            }
            _ => vec![self.order(account, wish).await],
        }
    }

    /// What an answer to an order says, if it says how it went.
    async fn read(&mut self, account: &Account, answer: Answer) -> Option<End> {
        let (status, body) = answer?;
        let code = body["code"].as_str().unwrap_or_default();
        match status.as_u16() {
            201 => id(&body["id"]).map(End::Made),
            202 => {
                let order = id(&body["id"]).unwrap();
                if self.random.random_ratio(1, 5) {
                    self.call_off(account, order).await;
                }
                None
            }
            // The units of the order before are still in the cart, or it has changed under our eyes.
            409 if matches!(code, "order_in_progress" | "conflict" | "cart_changed") => None,
            402 | 409 => Some(End::Refused),
            500 => panic!("a defect: {body}"),
            502..=504 => None,
            _ => panic!("no shopper is told that: {status} {body}"),
        }
    }

    /// Cancels until there is an answer.
    async fn call_off(&mut self, account: &Account, order: Uuid) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let path = format!("/orders/{order}");
            self.told.cancel(order, None); // whatever comes of it, it was wanted
            let answer = self.api.delete(&path, &account.token).await;
            match answer.map(|(status, _)| status.as_u16()) {
                Some(status @ (200 | 202)) => return self.told.cancel(order, Some(status)),
                Some(409) => return,
                _ => sleep(PAUSE).await,
            }
        }
    }

    async fn order(&self, account: &Account, Wish { key, card }: Wish) -> Answer {
        let body = json!({
            "payment_method_id": card,
            "shipping_address": {"street": "1 Main Street", "city": "Springfield", "country": "US"},
        });
        let answer = self.api.post("/orders", &account.token, Some(key), body).await;
        let order = answer.as_ref().and_then(|(_, body)| match id(&body["order_id"]) {
            None => id(&body["id"]),
            refused => refused,
        });
        let status = answer.as_ref().map(|(status, _)| status.as_u16());
        self.told.asked(account.user, key, status, order);
        answer
    }

    /// The same person in another tab.
    fn again(&mut self) -> Self {
        Self {
            api: self.api.clone(),
            wares: self.wares.clone(),
            told: self.told.clone(),
            random: StdRng::seed_from_u64(self.random.random()),
            env: self.env.clone(),
        }
    }
}

fn id(value: &Value) -> Option<Uuid> {
    value.as_str().and_then(|text| Uuid::try_parse(text).ok())
}
