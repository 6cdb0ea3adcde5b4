//! What a connection waits for, and since when.

use super::client_budget::BudgetGuard;
use super::connection_timeouts::ConnectionTimeouts;
use super::message_scanner::{BodyFraming, MessageScanner};
use http::Version;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Bytes that a slow peer must accept of a response within the timeout of its progress, or the rest
/// of the response, so that one byte at a time does not count as progress.
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
    /// Finds the ends of HTTP/1 messages.
    scanner: MessageScanner,
    responses: Responses,
    blocked_write: Option<SlowTransfer>,
    /// Requests whose responses consist of a head that may not have been written yet.
    unwritten_heads: Vec<BudgetGuard>,
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
    open: HashMap<u64, OpenResponse>,
}

/// A response that has not been written to the socket completely.
#[derive(Debug, Default)]
struct OpenResponse {
    /// Bytes that the handler has generated and the socket has not accepted.
    unwritten_bytes: usize,
    /// Whether the handler has not generated the next part yet.
    awaits_handler: bool,
    /// `None` while there is nothing that the peer could accept.
    transfer: Option<SlowTransfer>,
}

impl OpenResponse {
    fn update(&mut self, now: Instant) {
        let awaits_peer = !self.awaits_handler || self.unwritten_bytes > 0;
        self.transfer = awaits_peer.then(|| self.transfer.unwrap_or(SlowTransfer::start(now)));
    }
}

/// Bytes that a peer has not accepted yet.
#[derive(Clone, Copy, Debug)]
struct SlowTransfer {
    /// Since when the peer has accepted less than [`MIN_PROGRESS_BYTES`].
    since: Instant,
    accepted_bytes: usize,
}

impl SlowTransfer {
    fn start(now: Instant) -> Self {
        Self { since: now, accepted_bytes: 0 }
    }

    fn accept(&mut self, bytes: usize, now: Instant) {
        self.accepted_bytes += bytes;
        if self.accepted_bytes >= MIN_PROGRESS_BYTES {
            *self = Self::start(now);
        }
    }
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
            scanner: MessageScanner::default(),
            responses: Responses::default(),
            blocked_write: None,
            unwritten_heads: Vec::new(),
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
    pub(super) fn begin_request(
        self: &Arc<Self>,
        version: Version,
        framing: BodyFraming,
    ) -> InFlightGuard {
        let mut state = self.state();
        if state.in_flight == 0 {
            state.busy_since = Instant::now();
        }
        state.in_flight += 1;
        state.http2 = version == Version::HTTP_2;
        state.scanner.begin_body(framing);
        drop(state);
        InFlightGuard { activity: Arc::clone(self), response: None }
    }

    /// Records that bytes have arrived.
    pub(super) fn bytes_received(&self, bytes: &[u8]) {
        let mut state = self.state();
        if !state.http2 {
            state.scanner.receive(bytes);
        }
        if state.in_flight == 0 && !state.http2 && state.phase == ConnectionPhase::NextRequest {
            (state.phase, state.phase_started) = (ConnectionPhase::RestOfHead, Instant::now());
        }
    }

    /// Records that the socket accepted some bytes, all of them, or none (`None`).
    pub(super) fn bytes_written(&self, accepted: Option<usize>, offered: usize) {
        let (mut state, now) = (self.state(), Instant::now());
        if accepted == Some(offered) {
            state.blocked_write = None;
            state.unwritten_heads.clear();
        } else {
            let blocked = state.blocked_write.get_or_insert(SlowTransfer::start(now));
            blocked.accept(accepted.unwrap_or(0), now);
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
        let transfers = state.responses.open.values().filter_map(|response| response.transfer);
        let response = transfers.map(|transfer| transfer.since).chain(blocked);
        let response = response.min().map(|since| since + timeouts.response_progress);
        request.into_iter().chain(response).min()
    }

    /// Whether a request is in flight that its handler works for, or whose response makes progress.
    pub(super) fn makes_progress(&self, timeouts: ConnectionTimeouts) -> bool {
        let (state, now) = (self.state(), Instant::now());
        let is_recent = |since: Instant| since + timeouts.response_progress > now;
        let is_progress =
            |transfer: Option<SlowTransfer>| transfer.is_none_or(|slow| is_recent(slow.since));
        let mut responses = state.responses.open.values();
        let is_handled = state.in_flight > responses.len();
        is_progress(state.blocked_write)
            && (is_handled || responses.any(|response| is_progress(response.transfer)))
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

    /// Whether the socket does not accept bytes, because the peer does not read.
    pub(super) fn is_blocked(&self) -> bool {
        self.state().blocked_write.is_some()
    }

    /// Counts a request whose response has no body. If the socket does not accept bytes, the
    /// request counts until it does, because the head waits in the memory of the connection.
    pub(super) fn finish_without_body(&self, permit: BudgetGuard) {
        let mut state = self.state();
        if state.blocked_write.is_some() {
            state.unwritten_heads.push(permit);
        }
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
        self.response = Some(responses.next);
        let mut response = OpenResponse::default();
        response.update(Instant::now());
        responses.open.insert(responses.next, response);
    }

    /// Records that the peer is ready for the next part of the response, and the length of that
    /// part, which is `None` if the handler has not generated it yet.
    pub(super) fn response_polled(&self, part_bytes: Option<usize>) {
        self.update_response(|response, _| {
            response.awaits_handler = part_bytes.is_none();
            response.unwritten_bytes += part_bytes.unwrap_or(0);
        });
    }

    /// Records that the socket has accepted bytes of the response.
    pub(super) fn response_written(&self, bytes: usize) {
        self.update_response(|response, now| {
            response.unwritten_bytes = response.unwritten_bytes.saturating_sub(bytes);
            if let Some(transfer) = &mut response.transfer {
                transfer.accept(bytes, now);
            }
        });
    }

    fn update_response(&self, change: impl FnOnce(&mut OpenResponse, Instant)) {
        let (mut state, now) = (self.activity.state(), Instant::now());
        let response = self.response.and_then(|number| state.responses.open.get_mut(&number));
        if let Some(response) = response {
            change(response, now);
            response.update(now);
        }
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        if let Some(number) = self.response {
            state.responses.open.remove(&number);
        }
        state.in_flight -= 1;
        state.phase_started = Instant::now();
        // An HTTP/1 peer may already have sent a part of the next head.
        let has_next = !state.http2 && state.in_flight == 0 && state.scanner.end_message();
        state.phase = match has_next {
            true => ConnectionPhase::RestOfHead,
            false => ConnectionPhase::NextRequest,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::Client;
    use super::super::client_budget::ClientBudget;
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    #[tokio::test]
    async fn head_counts_until_a_blocked_socket_accepts_it() {
        let (activity, budget) = (ConnectionActivity::new(), ClientBudget::new(4));
        let client = Client::from(IpAddr::from(Ipv4Addr::LOCALHOST));
        let permit = || budget.try_take(client, 1);
        activity.finish_without_body(permit().expect("a permit"));
        activity.bytes_written(Some(3), 10);
        activity.finish_without_body(permit().expect("the head was written"));
        assert!(activity.is_blocked() && permit().is_none());
        activity.bytes_written(Some(7), 7);
        assert!(!activity.is_blocked() && permit().is_some());
    }
}
