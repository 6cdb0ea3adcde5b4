//! Client of the gateway's REST API: one file per resource, only the fields that pages show.
//!
//! [`HttpClient`] makes calls; [`GatewayClient`] makes them for one request, with the session and
//! the address of its visitor.

mod account;
mod addresses;
mod auth;
mod cart;
mod catalog;
mod categories;
mod category_cache;
mod checkout;
#[cfg(test)]
mod contract;
mod delivery_estimates;
mod orders;
mod payment_methods;
mod sessions;
mod wishlist;

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::api::{AccessToken, Call, Credential, EventReader, HttpClient, Reply};
use crate::session::Session;

pub(crate) use crate::api::{CallError, FieldProblem, Problem};
pub(crate) use account::ProfileChanges;
pub(crate) use addresses::{Address, AddressEntry, SavedAddress};
pub(crate) use auth::{Credentials, Registration};
pub(crate) use cart::{Cart, CartItem};
pub(crate) use catalog::{Product, ProductList, ProductQuery};
pub(crate) use categories::Category;
pub(crate) use category_cache::CategoryCache;
pub(crate) use checkout::{NewOrder, Preview, Quote, ShippingOption};
pub(crate) use delivery_estimates::DeliveryEstimates;
pub(crate) use orders::{
    Order, OrderItem, OrderStates, OrderStatus, Shipment, ShipmentStatus, Tracking, TrackingEvent,
};
pub(crate) use payment_methods::{NewCard, PaymentMethod};
pub(crate) use sessions::SessionInfo;

/// Longest time that a page waits for something that it can do without.
const OPTIONAL_TIMEOUT: Duration = Duration::from_millis(300);

/// Returns the result of a call that the page can do without, or `None` when it fails or takes too
/// long.
pub(crate) async fn none_if_slow<T>(call: impl Future<Output = Result<T, CallError>>) -> Option<T> {
    match tokio::time::timeout(OPTIONAL_TIMEOUT, call).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(CallError::SignedOut)) => None,
        Ok(Err(error)) => {
            tracing::info!(%error, "optional part of a page omitted");
            None
        }
        Err(_elapsed) => {
            tracing::info!("optional part of a page omitted after its timeout");
            None
        }
    }
}

/// Returns the result of a call that is the content of a part of the page, or `None` when it fails.
/// The page says that the part is unavailable.
pub(crate) async fn none_if_failed<T>(
    call: impl Future<Output = Result<T, CallError>>,
) -> Option<T> {
    call.await.inspect_err(|error| tracing::info!(%error, "part of a page is unavailable")).ok()
}

/// The gateway, as one visitor reaches it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct GatewayClient {
    http: HttpClient,
    session: Session,
}

impl GatewayClient {
    /// Creates the client of a request.
    pub(crate) fn new(http: HttpClient, session: Session) -> Self {
        Self { http, session }
    }

    /// Makes a call without a token.
    async fn public<T: DeserializeOwned>(&self, call: Call) -> Result<T, CallError> {
        self.http.send(&call, Credential::None, self.session.visitor()).await?.json()
    }

    /// Makes a call without a token, and ignores the body of the response.
    async fn public_unit(&self, call: Call) -> Result<(), CallError> {
        self.http.send(&call, Credential::None, self.session.visitor()).await.map(drop)
    }

    /// Makes a call with the token of the session.
    async fn signed_in<T: DeserializeOwned>(&self, call: Call) -> Result<T, CallError> {
        self.signed_in_reply(&call).await?.json()
    }

    /// Makes a call with the token of the session, and ignores the body of the response.
    async fn signed_in_unit(&self, call: Call) -> Result<(), CallError> {
        self.signed_in_reply(&call).await.map(drop)
    }

    /// Makes a call with the token of the session, and returns its response.
    async fn signed_in_reply(&self, call: &Call) -> Result<Reply, CallError> {
        let visitor = self.session.visitor();
        let send =
            |token| async move { self.http.send(call, Credential::Access(&token), visitor).await };
        self.with_token(send).await
    }

    /// Opens a stream of events with the token of the session.
    async fn signed_in_events(&self, call: &Call) -> Result<EventReader, CallError> {
        let visitor = self.session.visitor();
        let open = |token| async move {
            self.http.open_events(call, Credential::Access(&token), visitor).await
        };
        self.with_token(open).await
    }

    /// Sends something with the token of the session. A token that the gateway rejects is refreshed
    /// once, and the refresh decides whether the session has ended: a token may be invalid because
    /// its key was rotated, or because a replica of the gateway does not know the new key yet. A
    /// session that has ended is removed from the browser.
    async fn with_token<T, F>(&self, send: impl Fn(AccessToken) -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let token = self.session.access_token().await?.ok_or(CallError::SignedOut)?;
        let result = match send(token.clone()).await {
            Err(CallError::Problem(problem)) if problem.rejects_token() => {
                let token = self.session.renew(&token).await?.ok_or(CallError::SignedOut)?;
                send(token).await
            }
            result => result,
        };
        match result {
            Err(CallError::Problem(problem)) if problem.ends_session() => {
                self.session.forget();
                Err(CallError::SignedOut)
            }
            result => result,
        }
    }
}
