//! The cheapest delivery of each product, which its page shows.
//!
//! The page of a product must not depend on the shipping service. Therefore views of a product
//! share one call (single-flight), its result is kept for some minutes, and after a failure there
//! are no calls for a moment. Prices depend on weight and country, and a shop has one country for
//! its estimates, so the product is the key.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use money::Money;
use quick_cache::sync::Cache;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{CallError, GatewayClient, OPTIONAL_TIMEOUT, Quote};

/// Time that an estimate is kept: a changed weight is shown after this time at the latest.
const MAX_AGE: Duration = Duration::from_mins(5);

/// Time after a failure without calls: one view in this time waits for a service that hangs.
const FAILURE_PAUSE: Duration = Duration::from_secs(10);

/// Maximum number of estimates, of about 100 bytes each.
const MAX_ESTIMATES: usize = 4_096;

/// The cheapest delivery of one unit of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeliveryEstimate {
    pub(crate) cost: Money,
    pub(crate) days: u32,
}

/// An estimate, and when it was read. A product that cannot be shipped has none.
#[derive(Clone, Copy)]
struct Entry {
    read_at: Instant,
    estimate: Option<DeliveryEstimate>,
}

impl Entry {
    fn is_old(&self) -> bool {
        self.read_at.elapsed() >= MAX_AGE
    }
}

/// The call failed, or is not made because an earlier one has failed.
struct Unavailable;

/// The estimates of the last minutes.
pub(crate) struct DeliveryEstimates {
    entries: Cache<Uuid, Entry>,
    failed_at: Mutex<Option<Instant>>,
}

impl DeliveryEstimates {
    /// Creates an empty cache.
    pub(crate) fn new() -> Self {
        Self { entries: Cache::new(MAX_ESTIMATES), failed_at: Mutex::default() }
    }

    /// Returns the cheapest delivery of a product to a country; `None` if it is unknown or late.
    pub(crate) async fn get(
        &self,
        gateway: &GatewayClient,
        product: Uuid,
        country: &str,
    ) -> Option<DeliveryEstimate> {
        self.get_with(product, gateway.product_quotes(product, country)).await
    }

    async fn get_with(
        &self,
        product: Uuid,
        call: impl Future<Output = Result<Vec<Quote>, CallError>>,
    ) -> Option<DeliveryEstimate> {
        match self.entries.get(&product) {
            Some(entry) if entry.is_old() => drop(self.entries.remove_if(&product, Entry::is_old)),
            Some(entry) => return entry.estimate,
            None => {}
        }
        let entry = self.entries.get_or_insert_async(&product, self.read(call)).await;
        entry.ok().and_then(|entry| entry.estimate)
    }

    async fn read(
        &self,
        call: impl Future<Output = Result<Vec<Quote>, CallError>>,
    ) -> Result<Entry, Unavailable> {
        if self.is_paused() {
            return Err(Unavailable);
        }
        let result = timeout(OPTIONAL_TIMEOUT, call).await;
        let estimate = match result.unwrap_or(Err(CallError::TimedOut)) {
            Ok(quotes) => quotes.first().map(DeliveryEstimate::from),
            Err(error) if is_permanent(&error) => None,
            Err(error) => {
                tracing::info!(%error, "delivery estimates omitted");
                *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Instant::now());
                return Err(Unavailable);
            }
        };
        Ok(Entry { read_at: Instant::now(), estimate })
    }

    fn is_paused(&self) -> bool {
        let failed_at = *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_some_and(|failed_at| failed_at.elapsed() < FAILURE_PAUSE)
    }
}

impl From<&Quote> for DeliveryEstimate {
    fn from(quote: &Quote) -> Self {
        Self { cost: quote.cost, days: quote.estimated_days }
    }
}

/// Whether a repeat would fail, too: the product cannot be shipped.
fn is_permanent(error: &CallError) -> bool {
    match error {
        CallError::Problem(problem) => {
            matches!(problem.status, 400..=499)
                && problem.status != StatusCode::TOO_MANY_REQUESTS.as_u16()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use money::Currency;
    use tokio::time::{advance, sleep};

    use super::*;
    use crate::gateway_client::Problem;

    const LAMP: Uuid = Uuid::from_u128(1);
    const BOOK: Uuid = Uuid::from_u128(2);

    /// How the shipping service responds.
    #[derive(Clone, Copy)]
    enum Shipping {
        Up,
        Hanging,
        Failing(u16),
    }

    struct Fixture {
        estimates: DeliveryEstimates,
        calls: AtomicUsize,
    }

    impl Fixture {
        fn new() -> Self {
            Self { estimates: DeliveryEstimates::new(), calls: AtomicUsize::new(0) }
        }

        async fn get(&self, product: Uuid, shipping: Shipping) -> Option<DeliveryEstimate> {
            let call = async {
                self.calls.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(5)).await;
                match shipping {
                    Shipping::Up => Ok(vec![quote(500, 5), quote(900, 2)]),
                    Shipping::Hanging => std::future::pending().await,
                    Shipping::Failing(status) => {
                        let problem = Problem { status, ..Problem::default() };
                        Err(CallError::Problem(Box::new(problem)))
                    }
                }
            };
            self.estimates.get_with(product, call).await
        }

        fn calls(&self) -> usize {
            self.calls.load(Ordering::Relaxed)
        }
    }

    fn quote(cents: i64, estimated_days: u32) -> Quote {
        let cost = Money::new(cents, Currency::USD);
        Quote { carrier: String::new(), service: String::new(), cost, estimated_days }
    }

    #[tokio::test(start_paused = true)]
    async fn views_share_the_cheapest_quote_until_it_is_old() {
        let fixture = Fixture::new();
        let views = join_all((0..20).map(|_| fixture.get(LAMP, Shipping::Up))).await;
        let cheapest = DeliveryEstimate::from(&quote(500, 5));
        assert!(views.iter().all(|view| *view == Some(cheapest)));
        assert_eq!(fixture.calls(), 1);
        fixture.get(BOOK, Shipping::Up).await;
        assert_eq!(fixture.calls(), 2, "another product has another weight");
        advance(MAX_AGE).await;
        assert_eq!(fixture.get(LAMP, Shipping::Up).await, Some(cheapest));
        assert_eq!(fixture.calls(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn views_wait_once_for_a_service_that_hangs() {
        let fixture = Fixture::new();
        let started = Instant::now();
        let views = join_all((0..20).map(|_| fixture.get(LAMP, Shipping::Hanging))).await;
        assert!(views.iter().all(Option::is_none));
        assert!(started.elapsed() <= OPTIONAL_TIMEOUT + Duration::from_millis(2));
        let started = Instant::now();
        assert_eq!(fixture.get(BOOK, Shipping::Hanging).await, None);
        assert_eq!((started.elapsed(), fixture.calls()), (Duration::ZERO, 1));
        advance(FAILURE_PAUSE).await;
        assert!(fixture.get(LAMP, Shipping::Up).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn product_that_cannot_be_shipped_stops_no_other_estimate() {
        let fixture = Fixture::new();
        for _ in 0..2 {
            assert_eq!(fixture.get(LAMP, Shipping::Failing(409)).await, None);
        }
        assert_eq!(fixture.calls(), 1);
        assert!(fixture.get(BOOK, Shipping::Up).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn failure_is_not_kept_as_an_estimate() {
        for status in [429, 503] {
            let fixture = Fixture::new();
            assert_eq!(fixture.get(LAMP, Shipping::Failing(status)).await, None);
            advance(FAILURE_PAUSE).await;
            assert!(fixture.get(LAMP, Shipping::Up).await.is_some(), "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn number_of_estimates_is_bounded() {
        let fixture = Fixture::new();
        for id in 0..2 * MAX_ESTIMATES {
            fixture.get(Uuid::from_u128(id as u128), Shipping::Up).await;
        }
        assert!(fixture.estimates.entries.len() <= MAX_ESTIMATES);
    }
}
