//! Headers of HTTP calls that are made for a request.

use http::{HeaderMap, HeaderName};
use tracing::Span;

use crate::context::{self, REQUEST_ID_HEADER};
use crate::telemetry::propagation;

/// Returns the headers that connect a call with the request that the current task works for: its
/// request id and its trace. The callee logs both.
#[must_use]
pub fn call_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(id) = context::request_id() {
        headers.insert(HeaderName::from_static(REQUEST_ID_HEADER), id.header());
    }
    propagation::inject(&Span::current(), &mut headers);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Context, RequestId};
    use crate::origin::Origin;

    #[tokio::test]
    async fn call_has_the_id_of_its_request() {
        let request_id = RequestId::parse("r-1").expect("an id");
        let context = Context { request_id, deadline: None, origin: Origin::default() };
        let headers = context::scope(context, async { call_headers() }).await;
        assert_eq!(headers[REQUEST_ID_HEADER], "r-1");
        assert!(call_headers().get(REQUEST_ID_HEADER).is_none());
    }
}
