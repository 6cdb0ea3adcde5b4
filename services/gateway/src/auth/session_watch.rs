//! Watch of ended sessions: one stream from the user service, reopened with exponential backoff.
//!
//! While the stream is disconnected, access tokens stay valid until they expire: a failure of the
//! user service must not sign out every customer. Administrators are verified at each request
//! instead ([`super::admin`]).

use std::time::Duration;

use kit::Runtime;
use kit::grpc::client::Channel;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use proto::user::v1::user_service_client::UserServiceClient;
use proto::user::v1::{EndedSessions as Message, WatchEndedSessionsRequest};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::EndedSessions;

/// Maximum time between two messages. The user service sends one every second, also without
/// sessions.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(3);

/// First delay between attempts to open the stream; it doubles with each failed attempt.
const MIN_BACKOFF: Duration = Duration::from_millis(100);

/// Longest delay between attempts to open the stream. Together with [`MESSAGE_TIMEOUT`] it is below
/// the five seconds within which the tokens of an ended session are refused.
const MAX_BACKOFF: Duration = Duration::from_secs(1);

/// Longest time for which a session is kept; a longer one is a mistake of the sender. Access tokens
/// live for a day at most.
const MAX_KEEP_SECS: i64 = 2 * 24 * 3600;

/// Watch of ended sessions.
pub(crate) struct SessionWatch {
    sessions: EndedSessions,
    metrics: Metrics,
}

struct Metrics {
    /// Whether all ended sessions are known.
    connected: Gauge,
    sessions: Gauge,
    dropped: Counter,
}

impl SessionWatch {
    /// Adds the sessions that end to `sessions`, for as long as the process runs.
    pub(crate) fn start(sessions: EndedSessions, channel: Channel, runtime: &Runtime) {
        let metrics = Metrics::register(runtime.metrics());
        let client = UserServiceClient::new(channel);
        runtime.spawn("ended sessions", Self { sessions, metrics }.run(client));
    }

    async fn run(self, mut client: UserServiceClient<Channel>) {
        let mut backoff = MIN_BACKOFF;
        let mut is_reported = false;
        loop {
            let code = self.receive(&mut client, &mut backoff, &mut is_reported).await.code();
            self.metrics.connected.set(0);
            if !is_reported {
                is_reported = true;
                tracing::warn!(
                    ?code,
                    "ended sessions are unknown: access tokens are accepted until they expire"
                );
            }
            sleep(backoff).await;
            backoff = (backoff * 2).min(MAX_BACKOFF);
        }
    }

    /// Opens a stream and adds its sessions until it ends, and returns the reason.
    async fn receive(
        &self,
        client: &mut UserServiceClient<Channel>,
        backoff: &mut Duration,
        is_reported: &mut bool,
    ) -> Status {
        let opening = client.watch_ended_sessions(WatchEndedSessionsRequest {});
        let mut stream = match in_time(opening).await {
            Ok(response) => response.into_inner(),
            Err(status) => return status,
        };
        loop {
            let message = match in_time(next_message(&mut stream)).await {
                Ok(message) => message,
                Err(status) => return status,
            };
            self.add(&message);
            if message.current && self.metrics.connected.set(1) == 0 {
                tracing::info!("ended sessions are known");
                (*backoff, *is_reported) = (MIN_BACKOFF, false);
            }
        }
    }

    fn add(&self, message: &Message) {
        let ids = message.session_ids.iter().filter_map(|id| Uuid::try_parse(id).ok());
        let keep_secs = message.keep_secs.clamp(0, MAX_KEEP_SECS).unsigned_abs();
        let dropped = self.sessions.add(ids, Duration::from_secs(keep_secs), Instant::now());
        if dropped > 0 {
            tracing::warn!(dropped, "too many ended sessions: the oldest are no longer refused");
            self.metrics.dropped.inc_by(dropped as u64);
        }
        self.metrics.sessions.set(i64::try_from(self.sessions.len()).unwrap_or(i64::MAX));
    }
}

impl Metrics {
    fn register(registry: &kit::metrics::Metrics) -> Self {
        let gauge = |name, help| registry.register(name, help, Gauge::default());
        Self {
            connected: gauge(
                "session_watch_connected",
                "Whether ended sessions are known, so that their tokens are refused: 1 or 0",
            ),
            sessions: gauge("ended_sessions", "Ended sessions whose access tokens are refused"),
            dropped: registry.register(
                "ended_sessions_dropped",
                "Ended sessions that were dropped early, because there were too many",
                Counter::default(),
            ),
        }
    }
}

async fn next_message(stream: &mut Streaming<Message>) -> Result<Message, Status> {
    let ended = || Status::unavailable("the stream has ended");
    stream.message().await?.ok_or_else(ended)
}

async fn in_time<T>(work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let timed_out = |_| Err(Status::deadline_exceeded("no message arrived in time"));
    timeout(MESSAGE_TIMEOUT, work).await.unwrap_or_else(timed_out)
}
