//! Problem details (RFC 9457): a [`Code`] of the table, a detail for people, the invalid fields.

mod codes;
mod grpc;

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use kit::problem::{FieldError, RETRY_SHORTLY};
use serde_json::Value;

pub(crate) use codes::{Code, TABLE};

/// Error response. Boxed, because it is large and most responses are no errors.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<kit::problem::Problem>);

impl Code {
    /// Creates a problem with the default detail of the code.
    pub(crate) fn problem(self) -> Problem {
        self.with_detail(self.info().detail)
    }

    /// Creates a problem with a specific detail.
    pub(crate) fn with_detail(self, detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
        let info = self.info();
        let problem = kit::problem::Problem::new(info.status, info.name, detail);
        Problem(Box::new(match self {
            Self::Unauthenticated | Self::InvalidCredentials | Self::InvalidRefreshToken => {
                problem.header(header::WWW_AUTHENTICATE, bearer(""))
            }
            Self::InvalidToken | Self::SessionEnded => {
                problem.header(header::WWW_AUTHENTICATE, bearer(", error=\"invalid_token\""))
            }
            Self::TokenExpired => {
                let error = ", error=\"invalid_token\", error_description=\"expired\"";
                problem.header(header::WWW_AUTHENTICATE, bearer(error))
            }
            Self::Overloaded
            | Self::Unavailable
            | Self::DeadlineExceeded
            | Self::TooManyAttempts
            | Self::TooManyStreams => problem.retry_after(RETRY_SHORTLY),
            _ => problem,
        }))
    }
}

/// Creates a bearer challenge (RFC 6750) with the error of the token, if any.
fn bearer(error: &'static str) -> HeaderValue {
    // `error` is constant text that is valid in a header.
    HeaderValue::try_from(format!("Bearer realm=\"storefront\"{error}"))
        .unwrap_or(HeaderValue::from_static("Bearer"))
}

impl Problem {
    /// Adds the invalid fields.
    pub(crate) fn errors(self, errors: Vec<FieldError>) -> Self {
        Self(Box::new(self.0.errors(errors)))
    }

    /// Creates a problem with one error per product.
    pub(crate) fn about_products<'a>(code: Code, ids: impl Iterator<Item = &'a str>) -> Self {
        let errors = ids.map(|id| FieldError {
            field: "items".to_owned(),
            code: code.as_str().to_owned(),
            detail: code.product_detail().to_owned(),
            product_id: Some(id.to_owned()),
        });
        code.problem().errors(errors.collect())
    }

    /// Adds an extension member.
    pub(crate) fn member(self, name: &'static str, value: impl Into<Value>) -> Self {
        Self(Box::new(self.0.member(name, value)))
    }

    /// Adds a response header.
    pub(crate) fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self(Box::new(self.0.header(name, value)))
    }

    /// Sets the time after which the client may retry.
    pub(crate) fn retry_after(self, after: Duration) -> Self {
        Self(Box::new(self.0.retry_after(after)))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn internal_and_timeout_problems_equal_those_from_kit() {
        let from_table = [Code::Internal, Code::DeadlineExceeded].map(Code::problem);
        let from_kit =
            [kit::problem::Problem::internal(), kit::problem::Problem::deadline_exceeded()];
        for (problem, from_kit) in from_table.iter().zip(&from_kit) {
            assert_eq!(format!("{:?}", problem.0), format!("{from_kit:?}"));
        }
    }
}
