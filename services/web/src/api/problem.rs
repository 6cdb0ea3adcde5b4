//! Why a call failed.

use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

/// Problem details (RFC 9457), with the members that pages use.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Problem {
    #[serde(default)]
    pub(crate) status: u16,
    /// The stable code.
    #[serde(default)]
    pub(crate) code: String,
    /// The explanation in English.
    #[serde(default)]
    pub(crate) detail: String,
    /// The invalid fields, or the products that caused the problem.
    #[serde(default)]
    pub(crate) errors: Vec<FieldProblem>,
    /// The order of a failed checkout.
    #[serde(default)]
    pub(crate) order_id: Option<Uuid>,
    /// Why a payment was declined.
    #[serde(default)]
    pub(crate) decline_code: Option<String>,
    /// Seconds after which a repeat may succeed, from `Retry-After`.
    #[serde(skip)]
    pub(crate) retry_after_secs: Option<u64>,
}

/// An invalid field of a request, or a product.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct FieldProblem {
    /// The path of the field, such as `address.zip_code`.
    pub(crate) field: String,
    pub(crate) code: String,
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) product_id: Option<Uuid>,
}

impl Problem {
    /// Whether the gateway rejected the access token. Its session may be valid.
    pub(crate) fn rejects_token(&self) -> bool {
        self.is_unauthorized() && matches!(self.code.as_str(), "invalid_token" | "token_expired")
    }

    /// Whether the session of the call has ended.
    pub(crate) fn ends_session(&self) -> bool {
        self.is_unauthorized() && matches!(self.code.as_str(), "unauthenticated" | "session_ended")
    }

    fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED.as_u16()
    }

    /// Returns the products that caused the problem.
    pub(crate) fn product_ids(&self) -> impl Iterator<Item = Uuid> {
        self.errors.iter().filter_map(|error| error.product_id)
    }
}

/// Reason why a call of the gateway failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The call needs a session, and the visitor has none.
    #[error("the visitor is not signed in")]
    SignedOut,
    /// The gateway rejected the call.
    #[error("the gateway rejected the call with {} {}: {}", .0.status, .0.code, .0.detail)]
    Problem(Box<Problem>),
    /// The gateway could not be reached, or broke the connection.
    #[error("the gateway cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The gateway did not respond in time.
    #[error("the gateway did not respond in time")]
    TimedOut,
    /// The response is not what the contract promises.
    #[error("the response of the gateway cannot be read: {0}")]
    InvalidResponse(String),
}

impl CallError {
    /// Returns the code of the problem; `""` if the gateway did not report one.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Problem(problem) => &problem.code,
            _ => "",
        }
    }

    /// Whether the call may have had an effect that its caller does not know, or may succeed when
    /// it is repeated: the gateway or a service behind it is unavailable.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut => true,
            Self::Problem(problem) => matches!(problem.status, 502..=504),
            Self::SignedOut | Self::InvalidResponse(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_is_decoded_with_absent_members() {
        let body = r#"{"status": 409, "code": "out_of_stock", "detail": "Some.", "extra": 1,
            "errors": [{"field": "items", "code": "out_of_stock", "detail": "No.",
                "product_id": "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10"}]}"#;
        let problem: Problem = serde_json::from_str(body).unwrap();
        assert_eq!(problem.product_ids().count(), 1);
        assert_eq!((problem.order_id, problem.decline_code.as_deref()), (None, None));
        assert!(!problem.ends_session());
    }

    #[test]
    fn rejected_token_does_not_end_the_session() {
        for (status, code, rejects_token, ends_session) in [
            (401, "invalid_token", true, false),
            (401, "token_expired", true, false),
            (401, "session_ended", false, true),
            (401, "unauthenticated", false, true),
            (401, "invalid_credentials", false, false),
            (403, "session_ended", false, false),
        ] {
            let problem = Problem { status, code: code.to_owned(), ..Problem::default() };
            let actual = (problem.rejects_token(), problem.ends_session());
            assert_eq!(actual, (rejects_token, ends_session), "{status} {code}");
        }
    }

    #[test]
    fn outages_are_unavailability_and_timeouts() {
        let problem =
            |status| CallError::Problem(Box::new(Problem { status, ..Problem::default() }));
        for (error, is_outage) in [
            (CallError::TimedOut, true),
            (problem(503), true),
            (problem(504), true),
            (problem(500), false),
            (problem(429), false),
            (CallError::SignedOut, false),
        ] {
            assert_eq!(error.is_outage(), is_outage, "{error}");
        }
    }
}
