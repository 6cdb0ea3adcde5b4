//! HTTP error responses: RFC 9457 problem details.

use crate::context;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The base URL of the documentation; a problem's `type` is this and its code.
const TYPES: &str = "https://storefront.dev/problems/";

/// The detail of 500 `internal`.
pub const INTERNAL: &str =
    "An internal error occurred and was logged. Report the request id to have it investigated.";

/// The detail of 504 `deadline_exceeded`.
pub const DEADLINE_EXCEEDED: &str = "The response was not ready in time. Try again shortly.";

/// The retry delay for transient failures.
pub const RETRY_SHORTLY: Duration = Duration::from_secs(1);

/// A problem: its stable `code` for programs, its `detail` for people, and the invalid fields. It
/// never contains the text of a driver or a library, which is logged instead.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    members: BTreeMap<&'static str, Value>,
    headers: HeaderMap,
}

/// An invalid field of the request, or a product that caused the problem.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The path of the field in the request, separated by dots: `address.zip_code`.
    pub field: String,
    /// The stable code for programs, in `snake_case`.
    pub code: String,
    /// The explanation for people.
    pub detail: String,
    /// The product, if it caused the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: String,
    errors: &'a [FieldError],
    #[serde(flatten)]
    members: &'a BTreeMap<&'static str, Value>,
}

impl Problem {
    /// Creates a problem without invalid fields.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            members: BTreeMap::new(),
            headers: HeaderMap::new(),
        }
    }

    /// Creates 500 `internal`, for a defect. The cause is in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", INTERNAL)
    }

    /// Creates 504 `deadline_exceeded`, which the client may retry.
    #[must_use]
    pub fn deadline_exceeded() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded", DEADLINE_EXCEEDED)
            .retry_after(RETRY_SHORTLY)
    }

    /// Adds invalid fields.
    #[must_use]
    pub fn errors(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.errors.extend(errors);
        self
    }

    /// Adds an extension member, such as `decline_code`.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.insert(name, value.into());
        self
    }

    /// Adds a response header, such as `WWW-Authenticate`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds `Retry-After` in whole seconds, rounded up, at least 1.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            kind: format!("{TYPES}{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: &self.code,
            request_id: context::request_id().map(|id| id.to_string()).unwrap_or_default(),
            errors: &self.errors,
            members: &self.members,
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.extend(self.headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Context, RequestId};
    use crate::origin::Origin;
    use serde_json::Value;

    async fn body(response: Response) -> Value {
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[tokio::test]
    async fn response_has_every_member_and_the_request_id() {
        let request_id = RequestId::parse("r-1").expect("an id");
        let problem = Problem::new(StatusCode::BAD_REQUEST, "validation_failed", "Invalid.")
            .errors([FieldError {
                field: "page".to_owned(),
                code: "out_of_range".to_owned(),
                detail: "page is at least 1".to_owned(),
                product_id: None,
            }])
            .member("decline_code", "card_declined");
        let context = Context { request_id, deadline: None, origin: Origin::default() };
        let response = context::scope(context, async { problem.into_response() }).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
        let expected = serde_json::json!({
            "type": "https://storefront.dev/problems/validation_failed",
            "title": "Bad Request",
            "status": 400,
            "detail": "Invalid.",
            "code": "validation_failed",
            "request_id": "r-1",
            "errors": [{"field": "page", "code": "out_of_range", "detail": "page is at least 1"}],
            "decline_code": "card_declined",
        });
        assert_eq!(body(response).await, expected);
    }

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (60_000, "60")] {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Later.");
            let response = problem.retry_after(Duration::from_millis(millis)).into_response();
            assert_eq!(response.headers()[header::RETRY_AFTER], seconds, "{millis} ms");
        }
    }
}
