//! Why a page cannot be shown. [`crate::middleware::error_pages`] renders the error page.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kit::http::StreamRefusal;

use crate::gateway_client::CallError;

/// Seconds after which a visitor without an event stream may try again: a stream ends within
/// minutes.
const STREAM_RETRY_SECS: u64 = 30;

/// Reason why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// There is no such page, product, category or order.
    #[error("there is no such page")]
    NotFound,
    /// The form or the query cannot be read. Pages of the shop send no such request.
    #[error("the request cannot be read")]
    InvalidRequest,
    /// The visitor, or all visitors, have too many event streams.
    #[error("there are too many event streams")]
    TooManyStreams(StreamRefusal),
    /// A call of the gateway failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The template cannot be rendered.
    #[error("the page cannot be rendered")]
    Render(#[from] askama::Error),
}

/// What the error page says, in the extensions of a response without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorPage {
    /// The page needs a session: the browser goes to the sign-in page.
    SignIn,
    /// The page of a status, with the seconds after which a repeat may succeed.
    Status { retry_after_secs: Option<u64> },
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::TooManyStreams(StreamRefusal::Client) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooManyStreams(StreamRefusal::Server) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Call(error) => status_of(error),
            Self::Render(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Returns the status of the page for a failed call. Statuses that the visitor cannot act on are
/// errors of the shop.
fn status_of(error: &CallError) -> StatusCode {
    match error {
        CallError::SignedOut => StatusCode::UNAUTHORIZED,
        CallError::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
        CallError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        CallError::InvalidResponse(_) => StatusCode::INTERNAL_SERVER_ERROR,
        CallError::Problem(problem) => match problem.status {
            // The gateway rejects a token that has just been refreshed: it lacks the new key.
            401 => StatusCode::SERVICE_UNAVAILABLE,
            400 | 403 | 404 | 413 | 429 | 503 | 504 => {
                StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            let cause = std::error::Error::source(&self).map(ToString::to_string);
            tracing::warn!(error = %self, cause, status = status.as_u16(), "page failed");
        }
        let page = match &self {
            Self::Call(CallError::SignedOut) => ErrorPage::SignIn,
            Self::Call(CallError::Problem(problem)) => {
                ErrorPage::Status { retry_after_secs: problem.retry_after_secs }
            }
            Self::TooManyStreams(_) => {
                ErrorPage::Status { retry_after_secs: Some(STREAM_RETRY_SECS) }
            }
            _ => ErrorPage::Status { retry_after_secs: None },
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(page);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway_client::Problem;

    #[test]
    fn statuses_without_a_next_step_are_errors_of_the_shop() {
        let problem = |status| {
            PageError::Call(CallError::Problem(Box::new(Problem { status, ..Problem::default() })))
        };
        for (status, page) in
            [(404, 404), (401, 503), (429, 429), (503, 503), (409, 500), (418, 500), (0, 500)]
        {
            assert_eq!(problem(status).status().as_u16(), page);
        }
        assert_eq!(PageError::Call(CallError::TimedOut).status().as_u16(), 504);
    }

    #[test]
    fn refused_event_stream_has_a_retry_delay() {
        for (refusal, status) in [(StreamRefusal::Client, 429), (StreamRefusal::Server, 503)] {
            let response = PageError::TooManyStreams(refusal).into_response();
            assert_eq!(response.status(), status);
            let page = response.extensions().get::<ErrorPage>().copied();
            assert_eq!(page, Some(ErrorPage::Status { retry_after_secs: Some(30) }));
        }
    }
}
