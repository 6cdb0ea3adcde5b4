//! Refresh of sessions, single-flight: one call per refresh token.
//!
//! A refresh token is valid once; within a grace period the same token returns the same successor.
//! A lost successor ends the session. Therefore the call runs as a task of its own, which a browser
//! that disconnects does not cancel, and its result is reused for the requests that still have the
//! old cookie. Between replicas the grace period of the user service has the same effect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kit::Runtime;
use kit::http::Client;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::api::{CallError, HttpClient, Problem, RefreshToken, Tokens};

/// Time that a result is reused, counted from the start of the call: the grace period of the user
/// service (`REFRESH_TOKEN_GRACE`), after which the old token ends the session.
const REUSE: Duration = Duration::from_secs(10);

/// Maximum number of results in memory, of 2 KiB each. Beyond it, results are not shared.
const MAX_FLIGHTS: usize = 4_096;

type TokenDigest = [u8; 32];

/// Refreshes sessions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TokenRefresher(Arc<Shared>);

struct Shared {
    http: HttpClient,
    runtime: Runtime,
    flights: Mutex<HashMap<TokenDigest, Flight>>,
}

/// A refresh, in progress or finished.
#[derive(Clone)]
pub(super) struct Flight {
    started: Instant,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// The result of a refresh, for everyone who waits for it.
#[derive(Clone)]
enum Outcome {
    Refreshed(Box<Tokens>),
    Rejected(Box<Problem>),
    Unavailable,
}

impl TokenRefresher {
    /// Creates a refresher that calls the gateway.
    pub(crate) fn new(http: HttpClient, runtime: Runtime) -> Self {
        Self(Arc::new(Shared { http, runtime, flights: Mutex::default() }))
    }

    /// Starts refreshing the session of a visitor, unless that is under way or has just succeeded.
    pub(super) fn start(&self, token: RefreshToken, visitor: Client) -> Flight {
        let key: TokenDigest = Sha256::digest(token.expose()).into();
        let mut flights = self.0.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key).filter(|flight| flight.is_reusable()) {
            return flight.clone();
        }
        if flights.len() >= MAX_FLIGHTS {
            flights.retain(|_, flight| flight.is_reusable());
        }
        let (sender, outcome) = watch::channel(None);
        let flight = Flight { started: Instant::now(), outcome };
        if flights.len() < MAX_FLIGHTS {
            flights.insert(key, flight.clone());
        }
        drop(flights);
        let http = self.0.http.clone();
        let call = async move {
            let outcome = outcome_of(http.refresh(&token, visitor).await);
            sender.send_replace(Some(outcome));
        };
        // The call has a timeout of its own: the deadline of the page would cancel it.
        self.0.runtime.spawn_stopping("token-refresh", kit::context::without_deadline(call));
        flight
    }
}

impl Flight {
    /// Waits for the tokens.
    pub(super) async fn tokens(mut self) -> Result<Tokens, CallError> {
        let received = match self.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            // The task ended without an outcome: the process is stopping.
            Err(_closed) => None,
        };
        match received {
            Some(Outcome::Refreshed(tokens)) => Ok(*tokens),
            Some(Outcome::Rejected(problem)) => Err(CallError::Problem(problem)),
            Some(Outcome::Unavailable) | None => Err(CallError::TimedOut),
        }
    }

    /// Whether the result still counts. A failure without a result is repeated at once.
    fn is_reusable(&self) -> bool {
        let failed = matches!(&*self.outcome.borrow(), Some(Outcome::Unavailable));
        !failed && self.started.elapsed() < REUSE
    }
}

fn outcome_of(result: Result<Tokens, CallError>) -> Outcome {
    match result {
        Ok(tokens) => Outcome::Refreshed(Box::new(tokens)),
        Err(CallError::Problem(problem)) if matches!(problem.status, 400 | 401 | 403) => {
            Outcome::Rejected(problem)
        }
        Err(error) => {
            tracing::warn!(%error, "session refresh failed; the session is kept");
            Outcome::Unavailable
        }
    }
}
