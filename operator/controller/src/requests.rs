//! A tower layer that counts the client's requests by verb and resource.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Method, Request};
use tower::{Layer, Service};

use crate::metrics;
use crate::state::State;

/// The layer that counts requests.
#[derive(Clone, Debug)]
pub struct CountRequests {
    state: Arc<State>,
}

impl CountRequests {
    /// Creates a layer that counts in the metrics of this state.
    #[must_use]
    pub fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

impl<S> Layer<S> for CountRequests {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, state: self.state.clone() }
    }
}

/// A service whose requests are counted.
#[derive(Clone, Debug)]
pub struct Counted<S> {
    inner: S,
    state: Arc<State>,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        self.state.metrics.count_request(&classify(request.method(), request.uri()));
        self.inner.call(request)
    }
}

/// Returns verb and resource of a request. `/api/v1/namespaces/shop/services/demo-gateway` is a get
/// (or patch, …) of `services`;
/// `/apis/apps/v1/deployments?watch=true` is a watch of `deployments`.
fn classify(method: &Method, uri: &http::Uri) -> metrics::Request {
    let mut path = uri.path().trim_matches('/').split('/');
    // The segments of group and version: `api/v1` or `apis/<group>/<version>`.
    let skipped = if path.next() == Some("apis") { 2 } else { 1 };
    let mut rest: Vec<&str> = path.skip(skipped).collect();
    if rest.len() > 2 && rest[0] == "namespaces" {
        rest.drain(..2);
    }
    let resource = match rest.as_slice() {
        [resource, _, sub, ..] => format!("{resource}/{sub}"),
        [resource, ..] => (*resource).to_owned(),
        [] => "discovery".to_owned(),
    };
    let query = uri.query().unwrap_or_default();
    let watch = query.split('&').any(|part| matches!(part, "watch=true" | "watch=1"));
    let verb = match *method {
        Method::GET if watch => "watch",
        Method::GET if rest.len() == 1 => "list",
        Method::GET => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    };
    metrics::Request { verb, resource }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_classified_by_rbac_verb_and_resource() {
        let cases = [
            (Method::GET, "/api/v1/services?limit=500", "list services"),
            (Method::GET, "/api/v1/services?watch=true", "watch services"),
            (Method::GET, "/api/v1/namespaces/a/pods?watch=1&x=y", "watch pods"),
            (Method::GET, "/api/v1/namespaces/a/secrets/b", "get secrets"),
            (Method::POST, "/api/v1/namespaces/a/secrets?", "create secrets"),
            (
                Method::PATCH,
                "/apis/apps/v1/namespaces/a/deployments/b?force=true",
                "patch deployments",
            ),
            (Method::DELETE, "/apis/batch/v1/namespaces/a/jobs/b", "delete jobs"),
            (
                Method::PATCH,
                "/apis/storefront.dev/v1alpha1/namespaces/a/storefronts/b/status",
                "patch storefronts/status",
            ),
            (Method::PUT, "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", "update leases"),
        ];
        for (method, uri, name) in cases {
            let request = classify(&method, &uri.parse().unwrap());
            assert_eq!(format!("{} {}", request.verb, request.resource), name, "{uri}");
        }
    }
}
