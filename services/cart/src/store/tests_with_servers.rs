//! Property test of the script against a reference model in memory.

use std::collections::HashSet;
use std::time::Duration;

use clap::Parser;
use kit::redis::Redis;
use kit::{Env, Runtime};
use proptest::prelude::*;
use uuid::Uuid;
use wire::{OrderId, ProductId, UserId};

use super::{CartTtls, ChangeResult, Store};
use crate::domain::cart::{
    Cart, Change, Line, MAX_UNITS, OrderRef, OrderedLine, Quantity, Refusal,
};
use crate::error::Error;

/// Limit of lines that is low enough for generated carts to reach it.
const MAX_LINES: usize = 3;

#[derive(Default)]
struct Model {
    lines: Vec<(ProductId, i32)>,
    /// Orders without a version.
    orders: HashSet<OrderId>,
    /// Version of the last order that has one.
    last_order: i64,
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

    fn is_first(&mut self, order: OrderRef) -> bool {
        let Some(version) = order.cart_version else { return self.orders.insert(order.id) };
        let is_first = version > self.last_order && !self.orders.contains(&order.id);
        if is_first {
            self.last_order = version;
        }
        is_first
    }

    fn apply(&mut self, change: &Change) -> Result<(), Refusal> {
        if change.order().is_some_and(|order| !self.is_first(order)) {
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
            // Has a test of its own.
            Change::Merge(_) => {}
        }
        Ok(())
    }

    /// Moves the lines of a guest, and returns those that do not fit.
    fn merge(&mut self, guest: &Self) -> Vec<(ProductId, i32)> {
        let mut not_merged = Vec::new();
        for (product, units) in &guest.lines {
            let units_before = self.units(*product);
            if units_before == 0 && self.lines.len() == MAX_LINES {
                not_merged.push((*product, *units));
            } else {
                self.set_units(*product, (units_before + units).min(MAX_UNITS));
            }
        }
        not_merged
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
    Store { max_lines: MAX_LINES, ..Store::new(redis, ttls(Duration::from_secs(60))) }
}

fn ttls(customer: Duration) -> CartTtls {
    CartTtls { customer, guest: hours(48) }
}

/// Returns the id of a new guest.
fn new_guest() -> UserId {
    let bytes = *Env::system().uuid().as_bytes();
    UserId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn product() -> impl Strategy<Value = ProductId> {
    (1..=5u128).prop_map(|n| ProductId(Uuid::from_u128(n)))
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![1..4, 40..=MAX_UNITS].prop_map(|units| Quantity::new(units).expect("a quantity"))
}

/// Orders with and without a version, in any sequence. The versions are below those of real carts.
fn order() -> impl Strategy<Value = OrderRef> {
    (1..=3u128, proptest::option::of(1..=4i64))
        .prop_map(|(n, cart_version)| OrderRef { id: OrderId(Uuid::from_u128(n)), cart_version })
}

fn ordered() -> impl Strategy<Value = OrderedLine> {
    (product(), quantity()).prop_map(|(product, quantity)| OrderedLine { product, quantity })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        5 => addition(),
        2 => (product(), proptest::option::of(quantity()))
            .prop_map(|(product, quantity)| Change::Set(product, quantity)),
        1 => product().prop_map(Change::Remove),
        2 => (order(), proptest::collection::vec(ordered(), 1..4))
            .prop_map(|(order, ordered)| Change::RemoveOrdered(order, ordered)),
        1 => proptest::option::of(order()).prop_map(Change::Clear),
    ]
}

fn addition() -> impl Strategy<Value = Change> {
    (product(), quantity()).prop_map(|(product, quantity)| Change::Add(product, quantity))
}

fn units(lines: &[Line]) -> Vec<(ProductId, i32)> {
    lines.iter().map(|line| (line.product, line.quantity.units())).collect()
}

fn same_lines(cart: &Cart, model: &Model) -> bool {
    units(&cart.lines) == model.lines
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
            (Ok(()), Ok(ChangeResult { cart: returned, changed, not_merged })) => {
                prop_assert!(not_merged.is_empty());
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

/// Fills two carts, merges one into the other twice, and compares the results with the model.
async fn compare_merge(
    store: &Store,
    (of_customer, of_guest): (&[Change], &[Change]),
) -> Result<(), TestCaseError> {
    let owners = [UserId(Env::system().uuid()), new_guest()];
    let mut models = [Model::default(), Model::default()];
    for (index, additions) in [of_customer, of_guest].into_iter().enumerate() {
        for addition in additions {
            let (expected, actual) =
                (models[index].apply(addition), store.change(owners[index], addition).await);
            prop_assert_eq!(expected.is_ok(), actual.is_ok());
        }
    }
    let ([user, guest], [mut model, of_guest]) = (owners, models);
    let before = store.read(user).await.expect("a cart");
    let not_merged = model.merge(&of_guest);
    let changes_lines = units(&before.lines) != model.lines;
    for expected_change in [changes_lines, false] {
        let merged = store.change(user, &Change::Merge(guest)).await.expect("a cart");
        prop_assert!(same_lines(&merged.cart, &model), "{:?}, {:?}", merged, model.lines);
        prop_assert_eq!(units(&merged.not_merged), not_merged.clone());
        prop_assert_eq!(merged.changed, expected_change);
        prop_assert_eq!(merged.cart.version > before.version, changes_lines);
        prop_assert_eq!(store.read(guest).await.expect("a cart"), Cart::default());
    }
    Ok(())
}

/// Runs the property for generated values.
fn check<T: std::fmt::Debug>(
    values: &impl Strategy<Value = T>,
    property: impl AsyncFn(&Store, T) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let store = runtime.block_on(async { store(redis()) });
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(100));
    let result = runner.run(values, |value| runtime.block_on(property(&store, value)));
    if let Err(difference) = result {
        panic!("{difference}");
    }
}

#[test]
fn script_matches_reference_model() {
    check(&proptest::collection::vec(change(), 1..30), async |store, changes| {
        compare(store, UserId(Env::system().uuid()), &changes).await
    });
}

#[test]
fn merge_matches_reference_model() {
    let additions = || proptest::collection::vec(addition(), 0..6);
    check(&(additions(), additions()), async |store, (of_customer, of_guest)| {
        compare_merge(store, (&of_customer, &of_guest)).await
    });
}

/// Returns the keys of a customer and their times to live, in ascending order of the keys.
async fn keys(redis: &Redis, user: UserId) -> Vec<(String, Duration)> {
    let pattern = format!("cart:{{{user}}}*");
    let keys = redis.query::<Vec<String>>("keys", redis::cmd("KEYS").arg(pattern)).await;
    let mut found = Vec::new();
    for key in keys.expect("the keys") {
        let ttl = redis.query::<u64>("ttl", redis::cmd("PTTL").arg(&key)).await;
        found.push((key, Duration::from_millis(ttl.expect("a TTL"))));
    }
    found.sort_unstable();
    found
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// Asserts that a key's time to live was set to `ttl` within the last minute.
fn assert_ttl(actual: Duration, ttl: Duration) {
    assert!(actual <= ttl && actual > ttl - Duration::from_secs(60), "{actual:?}, {ttl:?}");
}

fn add(n: u128) -> Change {
    Change::Add(ProductId(Uuid::from_u128(n)), Quantity::new(1).expect("a quantity"))
}

fn clear(n: u128, cart_version: Option<i64>) -> Change {
    Change::Clear(Some(OrderRef { id: OrderId(Uuid::from_u128(n)), cart_version }))
}

#[tokio::test]
async fn orders_leave_one_value_per_customer() {
    let redis = redis();
    let store = Store::new(redis.clone(), ttls(hours(168)));
    let user = UserId(Env::system().uuid());
    for n in 1..=50 {
        let version = store.change(user, &add(1)).await.expect("a cart").cart.version;
        store.change(user, &clear(n, Some(version))).await.expect("a cart");
    }
    let keys = keys(&redis, user).await;
    let names: Vec<_> = keys.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(names, [format!("cart:{{{user}}}"), format!("cart:{{{user}}}:last_order")]);
    let value = redis.query::<String>("get", redis::cmd("GET").arg(&names[1])).await;
    assert_eq!(value.expect("a value").len(), 16, "only the version");
}

#[tokio::test]
async fn cart_of_customer_without_orders_expires_sooner() {
    let redis = redis();
    let store = Store::new(redis.clone(), ttls(hours(168)));
    let user = UserId(Env::system().uuid());
    store.change(user, &add(1)).await.expect("a cart");
    assert_ttl(keys(&redis, user).await[0].1, hours(72));
    store.change(user, &clear(1, Some(1))).await.expect("a cart");
    store.change(user, &add(1)).await.expect("a cart");
    let keys_after = keys(&redis, user).await;
    assert_ttl(keys_after[0].1, hours(168));
    assert_ttl(keys_after[1].1, hours(192));

    let brief = Store::new(redis.clone(), ttls(hours(1)));
    let other = UserId(Env::system().uuid());
    brief.change(other, &add(1)).await.expect("a cart");
    assert_ttl(keys(&redis, other).await[0].1, hours(1));
    brief.change(other, &clear(1, Some(1))).await.expect("a cart");
    assert_ttl(keys(&redis, other).await[1].1, hours(192));

    let long = Store::new(redis.clone(), ttls(hours(1000)));
    long.change(user, &add(1)).await.expect("a cart");
    for (key, ttl) in keys(&redis, user).await {
        assert_ttl(ttl, hours(1000));
        assert!(!key.is_empty());
    }
}

#[tokio::test]
async fn cart_of_guest_has_its_own_time_to_live() {
    let redis = redis();
    for (guest_ttl, customer_ttl) in [(hours(48), hours(168)), (hours(100), hours(1))] {
        let ttls = CartTtls { customer: customer_ttl, guest: guest_ttl };
        let store = Store::new(redis.clone(), ttls);
        let guest = new_guest();
        store.change(guest, &add(1)).await.expect("a cart");
        let of_guest = keys(&redis, guest).await;
        assert_eq!(of_guest.len(), 1);
        assert_ttl(of_guest[0].1, guest_ttl);
    }
}

#[tokio::test]
async fn merge_leaves_only_what_a_repeat_needs() {
    let redis = redis();
    let store = Store { max_lines: 2, ..Store::new(redis.clone(), ttls(hours(168))) };
    let (user, guest) = (UserId(Env::system().uuid()), new_guest());
    for n in [1, 2] {
        store.change(guest, &add(n)).await.expect("a cart");
    }
    store.change(user, &Change::Merge(guest)).await.expect("a cart");
    assert!(keys(&redis, guest).await.is_empty(), "everything was moved");
    assert_ttl(keys(&redis, user).await[0].1, hours(72));

    store.change(guest, &add(3)).await.expect("a cart");
    let merged = store.change(user, &Change::Merge(guest)).await.expect("a cart");
    assert_eq!(merged.not_merged.len(), 1);
    let remembered = keys(&redis, guest).await;
    assert_eq!(remembered[0].0, format!("cart:{{{guest}}}:not_merged"));
    assert_ttl(remembered[0].1, hours(48));

    // A later cart of the guest, which fits, replaces it.
    store.change(guest, &add(1)).await.expect("a cart");
    let merged = store.change(user, &Change::Merge(guest)).await.expect("a cart");
    assert_eq!((merged.not_merged.len(), keys(&redis, guest).await.len()), (0, 0));
}

#[tokio::test]
async fn order_of_previous_release_is_remembered_for_7_days() {
    let redis = redis();
    let store = Store::new(redis.clone(), ttls(hours(1)));
    let user = UserId(Env::system().uuid());
    store.change(user, &clear(1, None)).await.expect("a cart");
    let markers = keys(&redis, user).await;
    let [(name, ttl)] = markers.as_slice() else { panic!("{markers:?}") };
    assert!(name.contains(":order:"), "{name}");
    assert_ttl(*ttl, hours(168));
    // The retry comes from this release.
    store.change(user, &add(1)).await.expect("a cart");
    let retry = store.change(user, &clear(1, Some(1))).await.expect("a cart");
    assert!(!retry.changed);
}

/// After a loss of the latest writes of Redis, a cart may have a lower version than an order for
/// it.
#[tokio::test]
async fn version_of_cart_is_raised_above_its_last_order() {
    let store = Store::new(redis(), ttls(hours(1)));
    let user = UserId(Env::system().uuid());
    let version = store.change(user, &add(1)).await.expect("a cart").cart.version;
    let lost = version + 3_600_000_000;
    let removed = OrderedLine {
        product: ProductId(Uuid::from_u128(2)),
        quantity: Quantity::new(1).expect("a quantity"),
    };
    let order = OrderRef { id: OrderId(Uuid::from_u128(1)), cart_version: Some(lost) };
    let change = Change::RemoveOrdered(order, vec![removed]);
    let cart = store.change(user, &change).await.expect("a cart").cart;
    assert_eq!(cart.lines.len(), 1);
    assert!(cart.version > lost, "the next order has a higher version");
    let next = store.change(user, &clear(2, Some(cart.version))).await.expect("a cart");
    assert!(next.changed);
    assert!(store.change(user, &add(1)).await.expect("a cart").cart.version > cart.version);
}
