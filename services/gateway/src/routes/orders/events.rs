//! `/orders/{id}/events`: the states of an order as server-sent events.

use axum::extract::{Extension, State};
use axum::response::Response;
use axum::response::sse::Event;
use futures::{Stream, StreamExt as _, stream};
use kit::http::{Sender, StreamRefusal};
use proto::order::v1::{self as pb, WatchOrderRequest};
use tonic::Streaming;

use crate::app::App;
use crate::auth::SignedIn;
use crate::problem::{Code, Problem};
use crate::routes::PathId;
use crate::views::order::Order;

/// Name of the events.
const EVENT: &str = "order";

/// Watch an order of mine
///
/// Server-sent events: an event `order` with the current state at once, and another one after each
/// change; states in between may be skipped. The data of an event is the order, as `getOrder`
/// returns it, in one line. A comment is sent after 15 seconds without an event. The stream ends
/// after ten minutes, when the session ends, and when the gateway or the order service restarts;
/// open another one then. A client can have four open streams.
#[utoipa::path(
    get, path = "/orders/{id}/events", operation_id = "watchOrder", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order.")),
    responses((status = 200, description = "The states of the order.", body = String,
        content_type = "text/event-stream",
        headers(("X-Accel-Buffering" = String, description = "`no`: proxies forward each event \
            at once.")))),
    security(("bearer" = []))
)]
pub(super) async fn watch(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Extension(sender): Extension<Sender>,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let place = app.event_streams().try_open(sender.client).map_err(refusal)?;
    let request = WatchOrderRequest { id: id.to_string(), user_id: caller.user_id.to_string() };
    let orders = app.order_streams().watch_order(request).await;
    let orders = orders.map_err(Problem::not_found_as(Code::OrderNotFound))?.into_inner();
    let session_end = app.auth().ended_sessions().clone().wait_for_end(caller.session_id);
    Ok(place.respond(events(orders).take_until(session_end)))
}

fn refusal(refusal: StreamRefusal) -> Problem {
    match refusal {
        StreamRefusal::Client => Code::TooManyStreams.problem(),
        StreamRefusal::Server => Code::Overloaded.problem(),
    }
}

/// Returns an event for each state, until the stream of the order service ends.
fn events(orders: Streaming<pb::Order>) -> impl Stream<Item = Event> + Send {
    stream::unfold(orders, |mut orders| async move {
        match orders.message().await {
            Ok(order) => Some((event(order?)?, orders)),
            Err(status) => {
                tracing::debug!(code = ?status.code(), "order stream closed");
                None
            }
        }
    })
}

/// Returns the event of a state; `None` if it cannot be written as JSON, which never happens.
fn event(order: pb::Order) -> Option<Event> {
    Event::default().event(EVENT).json_data(Order::from(order)).ok()
}
