//! What a connection waits for, and since when.

use super::connection_timeouts::ConnectionTimeouts;
use http::Version;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Bytes that a slow peer must accept within the timeout of the response's progress, so that one
/// byte at a time does not count as progress.
const MIN_PROGRESS_BYTES: usize = 4 * 1024;

/// The state of a connection, and since when it has been in it.
#[derive(Debug)]
pub(super) struct ConnectionActivity {
    state: Mutex<State>,
    /// Cancelled when the connection is closed in favor of other clients.
    evicted: CancellationToken,
    /// Whether a proxy with a key sends the requests of many clients on it.
    shared: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// Requests whose responses have not been sent completely.
    in_flight: usize,
    /// Since when a request has been in flight without a pause.
    busy_since: Instant,
    phase: ConnectionPhase,
    phase_started: Instant,
    /// Whether the connection speaks HTTP/2, where bytes that arrive between requests may belong to
    /// a ping instead of a request.
    http2: bool,
    responses: Responses,
    blocked_write: Option<BlockedWrite>,
}

/// Event that a connection without requests in flight waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionPhase {
    FirstRequest,
    NextRequest,
    RestOfHead,
}

/// The responses that are being sent, by number.
#[derive(Debug, Default)]
struct Responses {
    next: u64,
    /// Since when the peer has not accepted the next part; `None` while there is no next part yet.
    waiting_since: HashMap<u64, Option<Instant>>,
}

/// A write that the socket did not accept completely.
#[derive(Clone, Copy, Debug)]
struct BlockedWrite {
    since: Instant,
    accepted_bytes: usize,
}

impl ConnectionActivity {
    /// The state of a new connection.
    pub(super) fn new() -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            in_flight: 0,
            busy_since: now,
            phase: ConnectionPhase::FirstRequest,
            phase_started: now,
            http2: false,
            responses: Responses::default(),
            blocked_write: None,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            evicted: CancellationToken::new(),
            shared: AtomicBool::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a request has arrived. It is in flight until the guard is dropped.
    pub(super) fn begin_request(self: &Arc<Self>, version: Version) -> InFlightGuard {
        let mut state = self.state();
        if state.in_flight == 0 {
            state.busy_since = Instant::now();
        }
        state.in_flight += 1;
        state.http2 = version == Version::HTTP_2;
        drop(state);
        InFlightGuard { activity: Arc::clone(self), response: None }
    }

    /// Records that bytes have arrived.
    pub(super) fn bytes_received(&self) {
        let mut state = self.state();
        if state.in_flight == 0 && !state.http2 && state.phase == ConnectionPhase::NextRequest {
            (state.phase, state.phase_started) = (ConnectionPhase::RestOfHead, Instant::now());
        }
    }

    /// Records that the socket accepted some bytes, all of them, or none (`None`).
    pub(super) fn bytes_written(&self, accepted: Option<usize>, offered: usize) {
        let (mut state, now) = (self.state(), Instant::now());
        if accepted == Some(offered) {
            state.blocked_write = None;
        } else {
            let start = BlockedWrite { since: now, accepted_bytes: 0 };
            let blocked = state.blocked_write.get_or_insert(start);
            blocked.accepted_bytes += accepted.unwrap_or(0);
            if blocked.accepted_bytes >= MIN_PROGRESS_BYTES {
                *blocked = start;
            }
        }
        // The rest of a response whose last part is in the buffer. HTTP/2 also answers pings.
        if accepted.is_some() && !state.http2 && state.phase == ConnectionPhase::NextRequest {
            state.phase_started = now;
        }
    }

    /// When the connection times out; `None` while it waits for a handler only.
    fn deadline(&self, timeouts: ConnectionTimeouts) -> Option<Instant> {
        let state = self.state();
        let timeout = match state.phase {
            ConnectionPhase::FirstRequest | ConnectionPhase::RestOfHead => timeouts.header_read,
            ConnectionPhase::NextRequest => timeouts.keep_alive,
        };
        let request = (state.in_flight == 0).then(|| state.phase_started + timeout);
        let blocked = state.blocked_write.map(|blocked| blocked.since);
        let response = state.responses.waiting_since.values().flatten().copied().chain(blocked);
        let response = response.min().map(|since| since + timeouts.response_progress);
        request.into_iter().chain(response).min()
    }

    /// Whether a request is in flight that its handler works for, or whose response makes progress.
    pub(super) fn makes_progress(&self, timeouts: ConnectionTimeouts) -> bool {
        let (state, now) = (self.state(), Instant::now());
        let is_recent = |since: Instant| since + timeouts.response_progress > now;
        let mut responses = state.responses.waiting_since.values();
        let is_handled = state.in_flight > responses.len();
        state.blocked_write.is_none_or(|blocked| is_recent(blocked.since))
            && (is_handled || responses.any(|since| since.is_none_or(is_recent)))
    }

    /// Waits until the connection has timed out. It polls the state instead of being notified of
    /// each change, so it may be late by the header read timeout.
    pub(super) async fn timed_out(&self, timeouts: ConnectionTimeouts) {
        loop {
            let (now, deadline) = (Instant::now(), self.deadline(timeouts));
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            let next_check = now + timeouts.header_read;
            sleep_until(deadline.map_or(next_check, |deadline| deadline.min(next_check))).await;
        }
    }

    /// Since when the connection has had no request in flight; `None` if it has one, or is being
    /// closed.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.in_flight == 0 && !self.evicted.is_cancelled()).then_some(state.phase_started)
    }

    /// Since when the connection has had requests in flight; `None` if it has none, or is being
    /// closed.
    pub(super) fn busy_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.in_flight > 0 && !self.evicted.is_cancelled()).then_some(state.busy_since)
    }

    /// Records that the connection belongs to many clients.
    pub(super) fn set_shared(&self) {
        self.shared.store(true, Ordering::Relaxed);
    }

    /// Whether the connection belongs to many clients.
    pub(super) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// Closes the connection in favor of other clients.
    pub(super) fn evict(&self) {
        self.evicted.cancel();
    }

    /// Whether the connection is to be closed in favor of other clients.
    pub(super) fn is_evicted(&self) -> bool {
        self.evicted.is_cancelled()
    }

    /// Waits until the connection is to be closed in favor of other clients.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }
}

/// Keeps a request in flight until it is dropped.
#[derive(Debug)]
pub(super) struct InFlightGuard {
    activity: Arc<ConnectionActivity>,
    /// The number of the response, once there is one.
    response: Option<u64>,
}

impl InFlightGuard {
    /// Records that the response is being sent.
    pub(super) fn begin_response(&mut self) {
        let responses = &mut self.activity.state().responses;
        responses.next += 1;
        responses.waiting_since.insert(responses.next, Some(Instant::now()));
        self.response = Some(responses.next);
    }

    /// Records that the peer is ready for the next part of the response, and whether there is one.
    pub(super) fn response_polled(&self, is_part_ready: bool) {
        let Some(number) = self.response else { return };
        let since = is_part_ready.then(Instant::now);
        self.activity.state().responses.waiting_since.insert(number, since);
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        if let Some(number) = self.response {
            state.responses.waiting_since.remove(&number);
        }
        state.in_flight -= 1;
        (state.phase, state.phase_started) = (ConnectionPhase::NextRequest, Instant::now());
    }
}
