//! The simulator: schedules executors, faults, time and user actions in an order that the seed
//! determines.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use kit::Env;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;

use super::fake_payment::Card;
use super::fake_services::{FakeServices, FaultyNetwork};
use super::fake_store::{FakeStore, StoreState};
use super::{Coverage, invariants, user_actions};
use crate::domain::fixtures;
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::order::Order;
use crate::domain::status::Status;
use crate::saga::{AfterStep, SagaKind, SagaStore as _, execute_step};

/// Scheduling turns with faults in a run.
const TURNS: usize = 400;

/// Maximum scheduling turns until everything has settled once faults are disabled. Far more than
/// needed.
const TURNS_TO_SETTLE: usize = 60_000;

/// Number of concurrent executors.
const EXECUTORS: usize = 3;

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// An executor: its store handle with its own clock, its network, and the step that it executes.
struct Executor {
    store: FakeStore,
    network: FaultyNetwork,
    work: Option<Work>,
}

/// One run of a seed.
pub(super) struct Simulation {
    rng: StdRng,
    clocks: Vec<Env>,
    store_state: Arc<Mutex<StoreState>>,
    services: Arc<Mutex<FakeServices>>,
    executors: Vec<Executor>,
    orders: Vec<OrderId>,
    total_stock: i32,
    crashes: usize,
}

impl Simulation {
    /// Runs a seed. Returns a description of the violated invariant.
    pub(super) fn run(seed: u64) -> Result<Coverage, String> {
        let mut simulation = Self::new(seed);
        for _ in 0..TURNS {
            simulation.take_turn();
        }
        simulation.run_until_settled()?;
        simulation.check_invariants()?;
        // Requests that are still in flight arrive after everything has settled, and must change
        // nothing.
        while simulation.deliver_in_flight_request() {}
        simulation
            .check_invariants()
            .map_err(|violation| format!("after late requests: {violation}"))?;
        Ok(simulation.coverage())
    }

    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
        // Clocks are skewed by up to 10 s; the first one is also the clock of the fake services.
        let clocks: Vec<Env> = (0..EXECUTORS)
            .map(|n| {
                let skew = SignedDuration::from_millis(rng.random_range(-5_000..=5_000));
                Env::fixed(start + skew, seed.wrapping_mul(31).wrapping_add(n as u64))
            })
            .collect();
        let store_state = Arc::new(Mutex::new(StoreState::default()));
        let services = Arc::new(Mutex::new(FakeServices::new(seed)));
        let executors = clocks
            .iter()
            .map(|env| Executor {
                store: FakeStore { state: Arc::clone(&store_state), env: env.clone() },
                network: FaultyNetwork { services: Arc::clone(&services), env: clocks[0].clone() },
                work: None,
            })
            .collect();
        let mut simulation = Self {
            rng,
            clocks,
            store_state,
            services,
            executors,
            orders: Vec::new(),
            total_stock: 0,
            crashes: 0,
        };
        simulation.create_orders();
        simulation
    }

    /// Creates a few orders for a small stock, so that not all of them can succeed.
    fn create_orders(&mut self) {
        let product = ProductId(Uuid::from_u128(2));
        self.total_stock = self.rng.random_range(1..=7);
        let mut services = self.services.lock().unwrap();
        services.catalog.stock.insert(product, (self.total_stock, 0, 0));
        let mut store_state = self.store_state.lock().unwrap();
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
            services.payment.cards.insert(id, card);
            let now = self.clocks[0].now();
            store_state.add_order(Order {
                id,
                created_at: now,
                updated_at: now,
                ..fixtures::order()
            });
            self.orders.push(id);
        }
    }

    fn take_turn(&mut self) {
        match self.rng.random_range(0..100) {
            0..=79 => self.poll_executor(true),
            80..=89 => self.advance_time(),
            90..=94 => {
                self.deliver_in_flight_request();
            }
            95 => {
                let now = self.clocks[0].now();
                let orders: Vec<Order> =
                    self.store_state.lock().unwrap().orders.values().cloned().collect();
                self.services.lock().unwrap().catalog.sweep(&orders, now);
            }
            96 => {
                let order = self.any_order();
                self.services.lock().unwrap().pick_up(order);
            }
            97 => {
                let order = self.any_order();
                user_actions::cancel(&mut self.store_state.lock().unwrap(), order, &self.clocks[0]);
            }
            _ => {
                let order = self.any_order();
                let mut store_state = self.store_state.lock().unwrap();
                user_actions::refund(&mut store_state, order, &self.clocks[0], &mut self.rng);
            }
        }
    }

    fn any_order(&mut self) -> OrderId {
        *self.orders.choose(&mut self.rng).unwrap()
    }

    fn deliver_in_flight_request(&mut self) -> bool {
        let now = self.clocks[0].now();
        self.services.lock().unwrap().deliver_in_flight(now)
    }

    /// Advances all clocks or one of them; rarely by much, and sometimes backwards.
    fn advance_time(&mut self) {
        let millis = match self.rng.random_range(0..100) {
            0..=79 => self.rng.random_range(0..=2_000),
            80..=91 => self.rng.random_range(10_000..=40_000),
            92..=95 => self.rng.random_range(100_000..=200_000),
            96..=97 => self.rng.random_range(900_000..=2_000_000),
            _ => -self.rng.random_range(0..=30_000),
        };
        let delta = SignedDuration::from_millis(millis);
        if self.rng.random_range(0..10) > 0 {
            self.clocks.iter().for_each(|clock| clock.advance(delta));
        } else if delta.abs() <= SignedDuration::from_secs(40) {
            self.clocks.choose(&mut self.rng).unwrap().advance(delta);
        }
    }

    /// Polls an executor once; with `may_crash`, it may crash at that await instead.
    fn poll_executor(&mut self, may_crash: bool) {
        let nth = self.rng.random_range(0..self.executors.len());
        let kind = [
            SagaKind::Checkout,
            SagaKind::Checkout,
            SagaKind::Checkout,
            SagaKind::Refund,
            SagaKind::Cart,
            SagaKind::Mail,
        ];
        let kind = *kind.choose(&mut self.rng).unwrap();
        let order = self.rng.random_bool(0.3).then(|| self.any_order());
        let after_step =
            if self.rng.random_bool(0.5) { AfterStep::Continue } else { AfterStep::Release };
        let executor = &mut self.executors[nth];
        if may_crash && executor.work.is_some() && self.rng.random_bool(0.02) {
            executor.work = None;
            self.crashes += 1;
            return;
        }
        let work = executor.work.get_or_insert_with(|| {
            let (store, network) = (executor.store.clone(), executor.network.clone());
            Box::pin(async move {
                let mut next = store.claim(kind, order).await.unwrap();
                while let Some(claimed) = next {
                    next = execute_step(&store, &network, &claimed, || after_step)
                        .await
                        .unwrap()
                        .next();
                }
            })
        });
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(()) = work.as_mut().poll(&mut context) {
            executor.work = None;
        }
    }

    /// Disables faults and runs until everything has ended.
    fn run_until_settled(&mut self) -> Result<(), String> {
        self.services.lock().unwrap().faults_disabled = true;
        for turn in 0..TURNS_TO_SETTLE {
            if turn % 8 == 0 {
                let delta = SignedDuration::from_secs(1);
                self.clocks.iter().for_each(|clock| clock.advance(delta));
                let is_executing = self.executors.iter().any(|executor| executor.work.is_some());
                if !is_executing && !self.store_state.lock().unwrap().is_busy() {
                    return Ok(());
                }
            }
            self.poll_executor(false);
        }
        let store_state = self.store_state.lock().unwrap();
        let steps: Vec<_> = store_state.checkouts.values().map(|saga| saga.state.step).collect();
        let refunds: Vec<_> = store_state.refunds.iter().map(|saga| saga.state.step).collect();
        Err(format!("sagas do not end: checkouts {steps:?}, refunds {refunds:?}"))
    }

    fn check_invariants(&self) -> Result<(), String> {
        let (store_state, services) =
            (self.store_state.lock().unwrap(), self.services.lock().unwrap());
        invariants::check(&store_state, &services, self.total_stock)
    }

    fn coverage(&self) -> Coverage {
        let store_state = self.store_state.lock().unwrap();
        let count = |predicate: fn(&Order) -> bool| {
            store_state.orders.values().filter(|order| predicate(order)).count()
        };
        Coverage {
            confirmed: count(|order| order.status == Status::Confirmed),
            failed: count(|order| order.failure.is_some()),
            cancelled_after_payment: count(|order| {
                order.status == Status::Cancelled && order.transaction.is_some()
            }),
            refunded: count(|order| order.status != Status::Cancelled && !order.refunded.is_zero()),
            leases_lost: store_state.leases_lost,
            crashes: self.crashes,
        }
    }
}
