//! Watch of catalog changes: one stream from the catalog, reopened with exponential backoff.

use std::time::Duration;

use kit::grpc::client::Channel;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::catalog::v1::{CatalogChange, WatchChangesRequest};
use tokio::time::{sleep, timeout};
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::CatalogCache;
use super::freshness::Change;

/// Maximum time until the stream is open and has its first message, which a catalog sends at once.
/// Later silence is not an error, because a shop may have no changes for hours. HTTP/2 pings detect
/// a lost connection within seconds.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// First delay between attempts to open the stream; it doubles with each failed attempt.
const MIN_BACKOFF: Duration = Duration::from_millis(100);

/// Longest delay between attempts to open the stream.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Keeps `cache` connected to the changes of the catalog. Never returns.
pub(super) async fn run(channel: Channel, cache: CatalogCache) {
    let mut client = CatalogServiceClient::new(channel);
    let mut backoff = MIN_BACKOFF;
    loop {
        match open(&mut client).await {
            Ok((first, stream)) => {
                tracing::info!("catalog change stream opened");
                backoff = MIN_BACKOFF;
                let reason = receive(&cache, first, stream).await;
                tracing::info!(code = ?reason.code(), "catalog change stream closed");
            }
            Err(status) => {
                tracing::debug!(code = ?status.code(), "catalog change stream not opened");
            }
        }
        sleep(backoff).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

/// Opens a stream and receives its first message.
async fn open(
    client: &mut CatalogServiceClient<Channel>,
) -> Result<(CatalogChange, Streaming<CatalogChange>), Status> {
    let opening = async {
        let mut stream = client.watch_changes(WatchChangesRequest {}).await?.into_inner();
        let first = stream.message().await?.ok_or_else(stream_ended)?;
        Ok((first, stream))
    };
    let timed_out = |_| Err(Status::deadline_exceeded("the stream did not open in time"));
    timeout(OPEN_TIMEOUT, opening).await.unwrap_or_else(timed_out)
}

/// Records the changes of the stream until it ends, and returns the reason.
async fn receive(
    cache: &CatalogCache,
    first: CatalogChange,
    mut stream: Streaming<CatalogChange>,
) -> Status {
    let _connection = ConnectionGuard::new(cache);
    let mut message = first;
    loop {
        cache.record_changes(changes(&message));
        message = match stream.message().await {
            Ok(Some(message)) => message,
            Ok(None) => return stream_ended(),
            Err(status) => return status,
        };
    }
}

/// Guard of a connected stream. Disconnects the cache when dropped, also when the task is dropped.
struct ConnectionGuard<'a>(&'a CatalogCache);

impl<'a> ConnectionGuard<'a> {
    fn new(cache: &'a CatalogCache) -> Self {
        cache.0.metrics.watching.set(1);
        Self(cache)
    }
}

impl Drop for ConnectionGuard<'_> {
    fn drop(&mut self) {
        self.0.disconnect();
        self.0.0.metrics.watching.set(0);
    }
}

/// Parses the changes of a message. An empty message, which a newer catalog may send, and an
/// invalid id count as [`Change::All`].
fn changes(message: &CatalogChange) -> Vec<Change> {
    let product = |id: &String| Uuid::try_parse(id).map_or(Change::All, Change::Product);
    let categories = message.categories.then_some(Change::Categories);
    let all = message.all.then_some(Change::All);
    let changes: Vec<_> =
        message.product_ids.iter().map(product).chain(categories).chain(all).collect();
    match changes.is_empty() {
        true => vec![Change::All],
        false => changes,
    }
}

fn stream_ended() -> Status {
    Status::unavailable("the stream has ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_message_and_invalid_id_change_everything() {
        let id = Uuid::from_u128(7);
        let message = CatalogChange {
            product_ids: vec![id.to_string(), "7".into()],
            categories: true,
            all: false,
        };
        assert_eq!(changes(&message), [Change::Product(id), Change::All, Change::Categories]);
        let all = CatalogChange { all: true, ..CatalogChange::default() };
        assert_eq!(changes(&all), [Change::All]);
        assert_eq!(changes(&CatalogChange::default()), [Change::All]);
    }
}
