//! Hearing of changes: one stream from the catalog, opened again and again.

use std::time::Duration;

use kit::grpc::client::Channel;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::catalog::v1::{CatalogChange, WatchChangesRequest};
use tokio::time::{sleep, timeout};
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::CatalogCache;
use super::freshness::Change;

/// Longest wait for the stream and the first message, which a catalog sends at once. Later silence says
/// nothing: shops have quiet hours. A lost connection is noticed by HTTP/2 pings within seconds.
const OPENING: Duration = Duration::from_secs(5);

/// Pauses between attempts: doubled from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Keeps `cache` informed, for ever.
pub(super) async fn follow(channel: Channel, cache: CatalogCache) {
    let mut client = CatalogServiceClient::new(channel);
    let mut pause = PAUSES.0;
    loop {
        match open(&mut client).await {
            Ok((first, stream)) => {
                tracing::info!("the catalog tells its changes");
                pause = PAUSES.0;
                let why = hear(&cache, first, stream).await;
                tracing::info!(code = ?why.code(), "the catalog tells no changes any more");
            }
            Err(status) => tracing::debug!(code = ?status.code(), "no stream of changes"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// A stream and its first message.
async fn open(
    client: &mut CatalogServiceClient<Channel>,
) -> Result<(CatalogChange, Streaming<CatalogChange>), Status> {
    let opening = async {
        let mut stream = client.watch_changes(WatchChangesRequest {}).await?.into_inner();
        let first = stream.message().await?.ok_or_else(ended)?;
        Ok((first, stream))
    };
    let late = |_| Err(Status::deadline_exceeded("the stream did not begin in time"));
    timeout(OPENING, opening).await.unwrap_or_else(late)
}

/// Takes in what the stream says until it breaks: why it did.
async fn hear(
    cache: &CatalogCache,
    first: CatalogChange,
    mut stream: Streaming<CatalogChange>,
) -> Status {
    let _sight = Sight::gain(cache);
    let mut change = first;
    loop {
        cache.hear(changes(&change));
        change = match stream.message().await {
            Ok(Some(change)) => change,
            Ok(None) => return ended(),
            Err(status) => return status,
        };
    }
}

/// Changes are heard of; however that ends, also when the task is dropped, the cache learns of it.
struct Sight<'a>(&'a CatalogCache);

impl<'a> Sight<'a> {
    fn gain(cache: &'a CatalogCache) -> Self {
        cache.0.metrics.watching.set(1);
        Self(cache)
    }
}

impl Drop for Sight<'_> {
    fn drop(&mut self) {
        self.0.lose_sight();
        self.0.0.metrics.watching.set(0);
    }
}

/// What a message says. One that says nothing comes from a newer catalog and may concern anything, as may
/// an id that cannot be read.
fn changes(message: &CatalogChange) -> Vec<Change> {
    let product = |id: &String| Uuid::try_parse(id).map_or(Change::All, Change::Product);
    let categories = message.categories.then_some(Change::Categories);
    let all = message.all.then_some(Change::All);
    let told: Vec<_> =
        message.product_ids.iter().map(product).chain(categories).chain(all).collect();
    match told.is_empty() {
        true => vec![Change::All],
        false => told,
    }
}

fn ended() -> Status {
    Status::unavailable("the stream has ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_and_the_unreadable_means_everything() {
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
