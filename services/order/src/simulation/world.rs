//! The scheduler: everything that happens, in an order that a seed decides.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use jiff::{SignedDuration, Timestamp};
use kit::Env;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use uuid::Uuid;

use super::{
    Seen,
    books::{Books, Desk},
    judge,
    network::{Network, Others},
    payment::Card,
    people,
};
use crate::{
    domain::{
        fixtures,
        ids::{OrderId, ProductId},
        order::Order,
        status::Status,
    },
    driver::{Journal as _, Kind, Then, carry_on},
};

/// Turns of chaos in a run.
const TURNS: usize = 400;

/// Turns in which all must come to rest once there are no more faults. Far above what is needed.
const TURNS_TO_REST: usize = 60_000;

/// Drivers at a time.
const DRIVERS: usize = 3;

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A driver: its clock, and what it is at.
struct Driver {
    desk: Desk,
    network: Network,
    work: Option<Work>,
}

/// A run.
pub(super) struct World {
    rng: StdRng,
    clocks: Vec<Env>,
    books: Arc<Mutex<Books>>,
    others: Arc<Mutex<Others>>,
    drivers: Vec<Driver>,
    orders: Vec<OrderId>,
    stock_in_all: i32,
    died: usize,
}

impl World {
    /// Runs a seed; a sentence for what is wrong in the end.
    pub(super) fn run(seed: u64) -> Result<Seen, String> {
        let mut world = Self::new(seed);
        for _ in 0..TURNS {
            world.turn();
        }
        world.come_to_rest()?;
        world.judge()?;
        // What was still under way arrives when all is over, and must change nothing.
        while world.late() {}
        world.judge().map_err(|wrong| format!("after late requests: {wrong}"))?;
        Ok(world.seen())
    }

    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
        // Clocks that disagree by up to 10 s; the first one is the participants' too.
        let clocks: Vec<Env> = (0..DRIVERS)
            .map(|n| {
                let skew = SignedDuration::from_millis(rng.random_range(-5_000..=5_000));
                Env::fixed(start + skew, seed.wrapping_mul(31).wrapping_add(n as u64))
            })
            .collect();
        let books = Arc::new(Mutex::new(Books::default()));
        let others = Arc::new(Mutex::new(Others::new(seed)));
        let drivers = clocks
            .iter()
            .map(|env| Driver {
                desk: Desk { books: Arc::clone(&books), env: env.clone() },
                network: Network { others: Arc::clone(&others), env: clocks[0].clone() },
                work: None,
            })
            .collect();
        let mut world = Self {
            rng,
            clocks,
            books,
            others,
            drivers,
            orders: Vec::new(),
            stock_in_all: 0,
            died: 0,
        };
        world.open_shop();
        world
    }

    /// A few orders for a little stock, so that not all can have it.
    fn open_shop(&mut self) {
        let product = ProductId(Uuid::from_u128(2));
        self.stock_in_all = self.rng.random_range(1..=7);
        let mut others = self.others.lock().unwrap();
        others.catalog.stock.insert(product, (self.stock_in_all, 0, 0));
        let mut books = self.books.lock().unwrap();
        for n in 0..self.rng.random_range(1..=3_u128) {
            let id = OrderId(Uuid::from_u128(100 + n));
            let cards = [
                Card::Good,
                Card::Good,
                Card::Good,
                Card::Declines,
                Card::RefusesCapture,
                Card::RefusesRefunds,
            ];
            let card = *cards.choose(&mut self.rng).unwrap();
            others.payment.cards.insert(id, card);
            let now = self.clocks[0].now();
            books.open(Order { id, created_at: now, updated_at: now, ..fixtures::order() });
            self.orders.push(id);
        }
    }

    fn turn(&mut self) {
        match self.rng.random_range(0..100) {
            0..=79 => self.drive(true),
            80..=89 => self.pass_time(),
            90..=94 => {
                self.late();
            }
            95 => {
                let now = self.clocks[0].now();
                let orders: Vec<Order> =
                    self.books.lock().unwrap().orders.values().cloned().collect();
                self.others.lock().unwrap().catalog.sweep(&orders, now);
            }
            96 => {
                let order = self.any_order();
                self.others.lock().unwrap().pick_up(order);
            }
            97 => {
                let order = self.any_order();
                people::cancel(&mut self.books.lock().unwrap(), order, &self.clocks[0]);
            }
            _ => {
                let order = self.any_order();
                let mut books = self.books.lock().unwrap();
                people::refund(&mut books, order, &self.clocks[0], &mut self.rng);
            }
        }
    }

    fn any_order(&mut self) -> OrderId {
        *self.orders.choose(&mut self.rng).unwrap()
    }

    fn late(&mut self) -> bool {
        let now = self.clocks[0].now();
        self.others.lock().unwrap().deliver_late(now)
    }

    /// Time goes on, for all or for one; seldom far, and once in a while back.
    fn pass_time(&mut self) {
        let millis = match self.rng.random_range(0..100) {
            0..=79 => self.rng.random_range(0..=2_000),
            80..=91 => self.rng.random_range(10_000..=40_000),
            92..=95 => self.rng.random_range(100_000..=200_000),
            96..=97 => self.rng.random_range(900_000..=2_000_000),
            _ => -self.rng.random_range(0..=30_000),
        };
        let by = SignedDuration::from_millis(millis);
        if self.rng.random_range(0..10) > 0 {
            self.clocks.iter().for_each(|clock| clock.advance(by));
        } else if by.abs() <= SignedDuration::from_secs(40) {
            self.clocks.choose(&mut self.rng).unwrap().advance(by);
        }
    }

    /// Polls a driver once; with `danger`, it may die there instead.
    fn drive(&mut self, danger: bool) {
        let nth = self.rng.random_range(0..self.drivers.len());
        let kind =
            [Kind::Checkout, Kind::Checkout, Kind::Checkout, Kind::Refund, Kind::Cart, Kind::Mail];
        let kind = *kind.choose(&mut self.rng).unwrap();
        let of = self.rng.random_bool(0.3).then(|| self.any_order());
        let then = if self.rng.random_bool(0.5) { Then::GoOn } else { Then::LetGo };
        let driver = &mut self.drivers[nth];
        if danger && driver.work.is_some() && self.rng.random_bool(0.02) {
            driver.work = None;
            self.died += 1;
            return;
        }
        let work = driver.work.get_or_insert_with(|| {
            let (desk, network) = (driver.desk.clone(), driver.network.clone());
            Box::pin(async move {
                let mut next = desk.claim(kind, of).await.unwrap();
                while let Some(claimed) = next {
                    next = carry_on(&desk, &network, &claimed, || then).await.unwrap().next();
                }
            })
        });
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(()) = work.as_mut().poll(&mut context) {
            driver.work = None;
        }
    }

    /// No more faults: all that was begun has to end.
    fn come_to_rest(&mut self) -> Result<(), String> {
        self.others.lock().unwrap().calm = true;
        for turn in 0..TURNS_TO_REST {
            if turn % 8 == 0 {
                let by = SignedDuration::from_secs(1);
                self.clocks.iter().for_each(|clock| clock.advance(by));
                let at_work = self.drivers.iter().any(|driver| driver.work.is_some());
                if !at_work && !self.books.lock().unwrap().is_busy() {
                    return Ok(());
                }
            }
            self.drive(false);
        }
        let books = self.books.lock().unwrap();
        let steps: Vec<_> = books.checkouts.values().map(|row| row.state.step).collect();
        let refunds: Vec<_> = books.refunds.iter().map(|row| row.state.step).collect();
        Err(format!("it does not end: checkouts {steps:?}, refunds {refunds:?}"))
    }

    fn judge(&self) -> Result<(), String> {
        let (books, others) = (self.books.lock().unwrap(), self.others.lock().unwrap());
        judge::at_rest(&books, &others, self.stock_in_all)
    }

    fn seen(&self) -> Seen {
        let books = self.books.lock().unwrap();
        let count =
            |is: fn(&Order) -> bool| books.orders.values().filter(|order| is(order)).count();
        Seen {
            confirmed: count(|order| order.status == Status::Confirmed),
            refused: count(|order| order.failure.is_some()),
            called_off: count(|order| {
                order.status == Status::Cancelled && order.transaction.is_some()
            }),
            refunded: count(|order| order.status != Status::Cancelled && !order.refunded.is_zero()),
            lost: books.lost,
            died: self.died,
        }
    }
}
