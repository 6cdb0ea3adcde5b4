//! Property test of the script against a reference model in memory.

use std::collections::HashSet;
use std::time::Duration;

use clap::Parser;
use kit::redis::Redis;
use kit::{Env, Runtime};
use proptest::prelude::*;
use redis::Script;
use uuid::Uuid;
use wire::{OrderId, ProductId, UserId};

use super::{ChangeResult, SCRIPT, Store};
use crate::domain::cart::{Cart, Change, Line, MAX_UNITS, OrderedLine, Quantity, Refusal};
use crate::error::Error;

/// Limit of lines that is low enough for generated carts to reach it.
const MAX_LINES: usize = 3;

#[derive(Default)]
struct Model {
    lines: Vec<(ProductId, i32)>,
    orders: HashSet<OrderId>,
}

impl Model {
    fn units(&self, product: ProductId) -> i32 {
        self.lines.iter().find(|line| line.0 == product).map_or(0, |line| line.1)
    }

    fn set_units(&mut self, product: ProductId, units: i32) {
        match self.lines.iter_mut().find(|line| line.0 == product) {
            Some(line) => line.1 = units,
            None => self.lines.push((product, units)),
        }
        self.lines.retain(|line| line.1 > 0);
    }

    fn apply(&mut self, change: &Change) -> Result<(), Refusal> {
        if change.order().is_some_and(|order| !self.orders.insert(order)) {
            return Ok(());
        }
        match change {
            Change::Add(product, quantity) => {
                let units_before = self.units(*product);
                if units_before + quantity.units() > MAX_UNITS {
                    return Err(Refusal::TooManyUnits);
                }
                if units_before == 0 && self.lines.len() == MAX_LINES {
                    return Err(Refusal::CartFull);
                }
                self.set_units(*product, units_before + quantity.units());
            }
            Change::Set(product, quantity) => {
                if self.units(*product) == 0 {
                    return Err(Refusal::LineNotFound);
                }
                self.set_units(*product, quantity.map_or(0, Quantity::units));
            }
            Change::Remove(product) => self.set_units(*product, 0),
            Change::RemoveOrdered(_, ordered) => {
                for units in ordered {
                    let left = self.units(units.product) - units.quantity.units();
                    self.set_units(units.product, left.max(0));
                }
            }
            Change::Clear(_) => self.lines.clear(),
        }
        Ok(())
    }
}

#[derive(Parser)]
struct TestCli {
    #[command(flatten)]
    redis: kit::redis::Args,
}

fn redis() -> Redis {
    let line = ["test", "--redis-url", testing::redis(), "--redis-timeout", "5s"];
    let cli = TestCli::parse_from(line);
    kit::redis::connect(&cli.redis, &Runtime::for_tests()).expect("REDIS_URL")
}

fn store(redis: Redis) -> Store {
    Store { redis, script: Script::new(SCRIPT), ttl: Duration::from_secs(60), max_lines: MAX_LINES }
}

fn product() -> impl Strategy<Value = ProductId> {
    (1..=5u128).prop_map(|n| ProductId(Uuid::from_u128(n)))
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![1..4, 40..=MAX_UNITS].prop_map(|units| Quantity::new(units).expect("a quantity"))
}

fn order() -> impl Strategy<Value = OrderId> {
    (1..=3u128).prop_map(|n| OrderId(Uuid::from_u128(n)))
}

fn ordered() -> impl Strategy<Value = OrderedLine> {
    (product(), quantity()).prop_map(|(product, quantity)| OrderedLine { product, quantity })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        5 => (product(), quantity()).prop_map(|(product, quantity)| Change::Add(product, quantity)),
        2 => (product(), proptest::option::of(quantity()))
            .prop_map(|(product, quantity)| Change::Set(product, quantity)),
        1 => product().prop_map(Change::Remove),
        2 => (order(), proptest::collection::vec(ordered(), 1..4))
            .prop_map(|(order, ordered)| Change::RemoveOrdered(order, ordered)),
        1 => proptest::option::of(order()).prop_map(Change::Clear),
    ]
}

fn same_lines(cart: &Cart, model: &Model) -> bool {
    let line = |line: &Line| (line.product, line.quantity.units());
    cart.lines.iter().map(line).eq(model.lines.iter().copied())
}

/// Applies the changes to the store and to the model, and compares the results.
async fn compare(store: &Store, user: UserId, changes: &[Change]) -> Result<(), TestCaseError> {
    let (mut model, mut version) = (Model::default(), 0);
    for change in changes {
        let before = model.lines.clone();
        let expected = model.apply(change);
        let actual = store.change(user, change).await;
        let cart = store.read(user).await.expect("a cart");
        let changes_lines = model.lines != before;
        match (expected, actual) {
            (Ok(()), Ok(ChangeResult { cart: returned, changed })) => {
                prop_assert_eq!(&returned, &cart);
                prop_assert_eq!(changed, changes_lines, "{:?}", change);
            }
            (Err(expected), Err(Error::Refused(refusal))) => prop_assert_eq!(expected, refusal),
            (expected, actual) => prop_assert!(false, "{change:?}: {expected:?}, {actual:?}"),
        }
        prop_assert!(same_lines(&cart, &model), "{:?}: {:?}, {:?}", change, cart, model.lines);
        prop_assert_eq!(cart.version > version, changes_lines, "{:?}", change);
        version = cart.version;
    }
    Ok(())
}

#[test]
fn script_matches_reference_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let store = runtime.block_on(async { store(redis()) });
    let env = Env::system();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(100));
    let result = runner.run(&proptest::collection::vec(change(), 1..30), |changes| {
        runtime.block_on(compare(&store, UserId(env.uuid()), &changes))
    });
    if let Err(difference) = result {
        panic!("{difference}");
    }
}
