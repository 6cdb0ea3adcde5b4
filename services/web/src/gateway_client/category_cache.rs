//! The categories of the last call, which every page shows.
//!
//! Pages must not depend on a slow catalog more than they have to. Therefore requests share one
//! call (single-flight), which is a task of its own; a failure is remembered for a moment; and
//! requests use the last categories when the call fails or is late.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use kit::Runtime;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::{CallError, Category, GatewayClient, Problem};

/// Time that the categories are kept. The gateway allows the same time to every client.
const MAX_AGE: Duration = Duration::from_secs(10);

/// Time after a failure until the next call: short, so that the shop recovers at once.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// Longest wait for a call when there are categories of an earlier one: less than pages wait for
/// their optional parts, which would be omitted otherwise.
const MAX_WAIT_WITH_CATEGORIES: Duration = Duration::from_millis(200);

type Categories = Arc<[Category]>;
type Outcome = Result<Categories, Box<Problem>>;

/// The categories of the last call, for a few seconds.
pub(crate) struct CategoryCache {
    runtime: Runtime,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The categories of the last successful call, and its end.
    last: Option<(Instant, Categories)>,
    /// The last failure, and its time.
    failure: Option<(Instant, Box<Problem>)>,
    /// The call in progress.
    flight: Option<watch::Receiver<Option<Outcome>>>,
}

impl CategoryCache {
    /// Creates an empty cache.
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self { runtime, state: Arc::default() }
    }

    /// Returns all categories.
    ///
    /// # Errors
    /// Fails if the call fails, and no earlier one has succeeded.
    pub(crate) async fn get(&self, gateway: &GatewayClient) -> Result<Categories, CallError> {
        let gateway = gateway.clone();
        self.get_with(async move { gateway.categories().await }).await
    }

    async fn get_with(
        &self,
        call: impl Future<Output = Result<Vec<Category>, CallError>> + Send + 'static,
    ) -> Result<Categories, CallError> {
        let (mut flight, last) = {
            let mut state = lock(&self.state);
            if let Some(outcome) = state.known_outcome() {
                return outcome.map_err(CallError::Problem);
            }
            let flight = state.flight.clone().unwrap_or_else(|| self.start(&mut state, call));
            (flight, state.last.clone().map(|(_, categories)| categories))
        };
        let outcome = async {
            let outcome = flight.wait_for(Option::is_some).await;
            // Without an outcome the process is stopping.
            outcome.ok().and_then(|outcome| outcome.clone())
        };
        let outcome = match &last {
            Some(_) => timeout(MAX_WAIT_WITH_CATEGORIES, outcome).await.ok().flatten(),
            None => outcome.await,
        };
        match (outcome, last) {
            (Some(Ok(categories)), _) | (_, Some(categories)) => Ok(categories),
            (Some(Err(problem)), None) => Err(CallError::Problem(problem)),
            (None, None) => Err(CallError::TimedOut),
        }
    }

    /// Starts the call. A request that ends does not cancel it, and the deadline of the request
    /// does not shorten it.
    fn start(
        &self,
        state: &mut State,
        call: impl Future<Output = Result<Vec<Category>, CallError>> + Send + 'static,
    ) -> watch::Receiver<Option<Outcome>> {
        let (sender, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let shared = Arc::clone(&self.state);
        let work = async move {
            let outcome = call.await.map(Categories::from).map_err(problem_of);
            lock(&shared).record(outcome.clone());
            sender.send_replace(Some(outcome));
        };
        self.runtime.spawn("categories", kit::context::without_deadline(work));
        flight
    }
}

impl State {
    /// Returns what is known without a call.
    fn known_outcome(&self) -> Option<Outcome> {
        if let Some((read_at, categories)) = &self.last
            && read_at.elapsed() < MAX_AGE
        {
            return Some(Ok(Arc::clone(categories)));
        }
        let (failed_at, problem) = self.failure.as_ref()?;
        let last = self.last.as_ref().map(|(_, categories)| Arc::clone(categories));
        (failed_at.elapsed() < FAILURE_PAUSE).then(|| last.ok_or_else(|| problem.clone()))
    }

    fn record(&mut self, outcome: Outcome) {
        self.flight = None;
        match outcome {
            Ok(categories) => {
                self.last = Some((Instant::now(), categories));
                self.failure = None;
            }
            // It concerns the visitor of the call, not the others.
            Err(problem) if problem.status == StatusCode::TOO_MANY_REQUESTS.as_u16() => {}
            Err(problem) => self.failure = Some((Instant::now(), problem)),
        }
    }
}

/// Returns a failure in a form that all requests can get.
fn problem_of(error: CallError) -> Box<Problem> {
    tracing::warn!(%error, "categories not read");
    let of_status =
        |status: StatusCode| Box::new(Problem { status: status.as_u16(), ..Problem::default() });
    match error {
        CallError::Problem(problem) => problem,
        CallError::TimedOut => of_status(StatusCode::GATEWAY_TIMEOUT),
        CallError::Unreachable(_) => of_status(StatusCode::SERVICE_UNAVAILABLE),
        CallError::InvalidResponse(_) | CallError::SignedOut => {
            of_status(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::time::{advance, sleep};

    use super::*;

    /// Time after which a call that hangs fails.
    const CALL_TIMEOUT: Duration = Duration::from_secs(5);

    struct Catalog {
        cache: CategoryCache,
        calls: Arc<AtomicUsize>,
    }

    impl Catalog {
        fn new() -> Self {
            Self { cache: CategoryCache::new(Runtime::for_tests()), calls: Arc::default() }
        }

        async fn get_when_up(&self) -> Result<Categories, CallError> {
            self.get(Duration::ZERO, true).await
        }

        async fn get_when_hanging(&self) -> Result<Categories, CallError> {
            self.get(CALL_TIMEOUT, false).await
        }

        async fn get(&self, delay: Duration, is_up: bool) -> Result<Categories, CallError> {
            let calls = Arc::clone(&self.calls);
            let call = async move {
                calls.fetch_add(1, Ordering::Relaxed);
                sleep(delay).await;
                if is_up { Ok(Vec::new()) } else { Err(CallError::TimedOut) }
            };
            self.cache.get_with(call).await
        }

        fn calls(&self) -> usize {
            self.calls.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_share_a_call_that_hangs() {
        let catalog = Catalog::new();
        let started = Instant::now();
        let results = join_all((0..10).map(|_| catalog.get_when_hanging())).await;
        assert!(results.iter().all(Result::is_err));
        assert!(started.elapsed() < CALL_TIMEOUT + Duration::from_millis(100));
        assert_eq!(catalog.calls(), 1);
        assert!(catalog.get_when_hanging().await.is_err());
        assert_eq!(catalog.calls(), 1, "the failure is remembered");
        advance(FAILURE_PAUSE).await;
        assert!(catalog.get_when_up().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn last_categories_are_used_while_the_catalog_hangs() {
        let catalog = Catalog::new();
        assert!(catalog.get_when_up().await.is_ok());
        assert!(catalog.get_when_up().await.is_ok());
        assert_eq!(catalog.calls(), 1);
        advance(MAX_AGE).await;
        let started = Instant::now();
        let results = join_all((0..10).map(|_| catalog.get_when_hanging())).await;
        assert!(results.iter().all(Result::is_ok));
        assert!(started.elapsed() < MAX_WAIT_WITH_CATEGORIES + Duration::from_millis(100));
        sleep(CALL_TIMEOUT).await;
        let started = Instant::now();
        assert!(catalog.get_when_hanging().await.is_ok());
        assert_eq!((started.elapsed(), catalog.calls()), (Duration::ZERO, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn request_that_ends_does_not_cancel_the_call() {
        let catalog = Catalog::new();
        let slow = Duration::from_secs(1);
        let brief = timeout(Duration::from_millis(300), catalog.get(slow, true)).await;
        assert!(brief.is_err());
        assert!(catalog.get(slow, true).await.is_ok());
        assert_eq!(catalog.calls(), 1);
    }
}
