//! Responses of server-sent events (`text/event-stream`), which stay open for minutes.
//!
//! They have limits of their own: a stream is idle most of the time, so it occupies neither a
//! request of the server's limits nor the memory of a response, of which it would hold 64 KiB.

use super::client::Client;
use super::client_budget::{BudgetGuard, ClientBudget};
use crate::Runtime;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::future::select;
use futures::{Stream, StreamExt as _};
use http::{HeaderName, HeaderValue, header};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;
use tokio::time::sleep;

/// Maximum number of streams of one client: a few tabs.
const MAX_STREAMS_PER_CLIENT: u64 = 4;

/// Longest time that a stream stays open. The client opens another one; meanwhile replicas that
/// were added get their part of the streams.
const MAX_DURATION: Duration = Duration::from_secs(10 * 60);

/// Time without an event after which a stream sends a comment, so that proxies do not close the
/// connection and a client that has disconnected is detected.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);

/// Makes nginx, and proxies that follow it, forward each event at once.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The event streams of a server: at most a number of them, and four of one client. Cheap to clone;
/// clones share the limits.
#[derive(Clone, Debug)]
pub struct EventStreams {
    places: ClientBudget,
    runtime: Runtime,
}

/// Reason why a stream is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamRefusal {
    /// The client has four open streams.
    Client,
    /// The server has as many open streams as it may have.
    Server,
}

/// The place of a stream, held until it is dropped.
#[derive(Debug)]
pub struct StreamPlace {
    _place: BudgetGuard,
    runtime: Runtime,
}

/// Extension of a response with limits of its own.
#[derive(Clone, Copy, Debug)]
struct OwnLimits;

/// Whether the response counts against no limit of the server.
pub(super) fn has_own_limits(response: &Response) -> bool {
    response.extensions().get::<OwnLimits>().is_some()
}

impl EventStreams {
    /// Allows `max_streams` open streams, which end when the process drains.
    #[must_use]
    pub fn new(max_streams: u64, runtime: &Runtime) -> Self {
        Self {
            places: ClientBudget::with_share(max_streams, MAX_STREAMS_PER_CLIENT),
            runtime: runtime.clone(),
        }
    }

    /// Takes the place of a stream.
    ///
    /// # Errors
    /// When the client or the server has too many open streams.
    pub fn try_open(&self, client: Client) -> Result<StreamPlace, StreamRefusal> {
        match self.places.try_take(client, 1) {
            Some(place) => Ok(StreamPlace { _place: place, runtime: self.runtime.clone() }),
            None if self.places.is_share_used(client) => Err(StreamRefusal::Client),
            None => Err(StreamRefusal::Server),
        }
    }
}

impl StreamPlace {
    /// Responds with the events, and a comment after 15 seconds without one. The response ends with
    /// the events, when the process drains, and after ten minutes. No cache, proxy or compression
    /// delays the events.
    pub fn respond(self, events: impl Stream<Item = Event> + Send + 'static) -> Response {
        let runtime = self.runtime.clone();
        let ended = async move {
            select(pin!(runtime.draining()), pin!(sleep(MAX_DURATION))).await;
        };
        let heartbeat = KeepAlive::new().interval(HEARTBEAT_INTERVAL);
        let events = events.take_until(ended).map(move |event| {
            // The place is released with the stream.
            let _place = &self;
            Ok::<_, Infallible>(event)
        });
        let mut response = Sse::new(events).keep_alive(heartbeat).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
        response.extensions_mut().insert(OwnLimits);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures::stream;
    use http_body_util::BodyExt as _;
    use std::net::IpAddr;
    use tokio::time::Instant;

    fn client(number: u8) -> Client {
        Client::from(IpAddr::from([192, 0, 2, number]))
    }

    fn open(runtime: &Runtime) -> StreamPlace {
        EventStreams::new(1, runtime).try_open(client(1)).expect("a place")
    }

    fn event() -> Event {
        Event::default().event("order").data("{}")
    }

    async fn next(body: &mut Body) -> Option<String> {
        let frame = body.frame().await?.expect("a frame");
        Some(String::from_utf8(frame.into_data().expect("data").to_vec()).expect("text"))
    }

    #[test]
    fn client_and_server_have_a_limit() {
        let streams = EventStreams::new(6, &Runtime::for_tests());
        let mut places: Vec<_> =
            (0..4).map(|_| streams.try_open(client(1)).expect("a place")).collect();
        assert_eq!(streams.try_open(client(1)).err(), Some(StreamRefusal::Client));
        let others = [2, 3].map(|number| streams.try_open(client(number)).expect("a place"));
        assert_eq!(streams.try_open(client(4)).err(), Some(StreamRefusal::Server));
        places.pop();
        assert!(streams.try_open(client(4)).is_ok());
        drop(others);
    }

    #[tokio::test]
    async fn response_is_not_stored_or_buffered_and_holds_its_place() {
        let streams = EventStreams::new(1, &Runtime::for_tests());
        let place = streams.try_open(client(1)).expect("a place");
        let response = place.respond(stream::iter([event()]).chain(stream::pending()));
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        assert!(has_own_limits(&response));
        let mut body = response.into_body();
        assert_eq!(next(&mut body).await.as_deref(), Some("event: order\ndata: {}\n\n"));
        assert!(streams.try_open(client(2)).is_err());
        drop(body);
        assert!(streams.try_open(client(2)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn silent_stream_sends_heartbeats_and_ends_after_ten_minutes() {
        let start = Instant::now();
        let mut body = open(&Runtime::for_tests()).respond(stream::pending()).into_body();
        assert_eq!(next(&mut body).await.as_deref(), Some(":\n\n"));
        assert_eq!(start.elapsed().as_secs(), 15);
        while next(&mut body).await.is_some() {}
        assert_eq!(start.elapsed().as_secs(), 600);
    }

    #[tokio::test]
    async fn drain_ends_a_stream() {
        let runtime = Runtime::for_tests();
        let mut body = open(&runtime).respond(stream::pending()).into_body();
        runtime.drain();
        assert_eq!(next(&mut body).await, None);
    }
}
