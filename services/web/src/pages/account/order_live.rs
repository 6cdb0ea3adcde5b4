//! Live status of an order: the event stream of the script, and waiting for a change without it.

use std::time::Duration;

use axum::extract::Path;
use axum::response::Response;
use axum::response::sse::Event;
use futures::{Stream, stream};
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use crate::gateway_client::{CallError, OrderStates};
use crate::page::Page;
use crate::page_error::PageError;

/// Longest time that "Check the order status now" waits for a change.
const MAX_WAIT: Duration = Duration::from_secs(8);

/// `GET /orders/{id}/live`: relays the states of the order, without its contents. The script
/// requests the page when the version is not the one that it shows.
pub(crate) async fn show(page: Page, Path(id): Path<Uuid>) -> Result<Response, PageError> {
    let place = page.app().event_streams().try_open(page.session().visitor());
    let place = place.map_err(PageError::TooManyStreams)?;
    let states = page.gateway().watch_order(id).await?;
    Ok(place.respond(events(states)))
}

/// Returns an event for each state, until the stream of the gateway ends.
fn events(states: OrderStates) -> impl Stream<Item = Event> + Send {
    stream::unfold(states, |mut states| async move {
        match states.next().await {
            Ok(state) => {
                let state = state?;
                let data = json!({"status": state.status.name(), "version": state.version()});
                Some((Event::default().event("order").data(data.to_string()), states))
            }
            Err(error) => {
                tracing::debug!(%error, "event stream of the gateway closed");
                None
            }
        }
    })
}

/// Waits until the order is in another state than `version`, which the visitor sees; without it,
/// than the current one. Does not wait when too many requests do, when the order changes no more,
/// or when the gateway has no stream: the page shows the current state in any case.
pub(super) async fn wait_for_change(page: &Page, id: Uuid, version: &str) {
    let Some(_wait) = page.app().try_wait() else { return };
    let visitor = page.session().visitor();
    let Ok(_place) = page.app().event_streams().try_open(visitor) else { return };
    if let Ok(Err(error)) = timeout(MAX_WAIT, next_change(page, id, version)).await {
        tracing::info!(%error, "waiting for a change of an order failed");
    }
}

async fn next_change(page: &Page, id: Uuid, version: &str) -> Result<(), CallError> {
    let mut states = page.gateway().watch_order(id).await?;
    let mut known = (!version.is_empty()).then(|| version.to_owned());
    while let Some(state) = states.next().await? {
        let current = state.version();
        let is_new = known.as_ref().is_some_and(|known| *known != current);
        if is_new || state.status.is_final() {
            return Ok(());
        }
        known = Some(current);
    }
    Ok(())
}
