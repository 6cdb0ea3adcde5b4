//! What went wrong, as the client is told: a [`Code`] of the table, a sentence, the fields at fault.

mod codes;
mod grpc;

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kit::problem::{FieldError, RETRY_SHORTLY};

pub(crate) use codes::{Code, TABLE};

/// Why a request was not done. Boxed, because it is large and most answers are none.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<kit::problem::Problem>);

impl Code {
    /// The problem, in the words of the table.
    pub(crate) fn problem(self) -> Problem {
        self.says(self.row().detail)
    }

    /// The problem, in words of its own.
    pub(crate) fn says(self, detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
        let row = self.row();
        let problem = kit::problem::Problem::new(row.status, row.word, detail);
        Problem(Box::new(match self {
            Self::Unauthenticated | Self::InvalidCredentials | Self::InvalidRefreshToken => {
                problem.header(header::WWW_AUTHENTICATE, bearer(""))
            }
            Self::InvalidToken => {
                problem.header(header::WWW_AUTHENTICATE, bearer(", error=\"invalid_token\""))
            }
            Self::TokenExpired => {
                let why = ", error=\"invalid_token\", error_description=\"expired\"";
                problem.header(header::WWW_AUTHENTICATE, bearer(why))
            }
            Self::Overloaded
            | Self::Unavailable
            | Self::DeadlineExceeded
            | Self::TooManyAttempts => problem.retry_after(RETRY_SHORTLY),
            _ => problem,
        }))
    }
}

/// RFC 6750: how to authenticate, and what is wrong with the token that came.
fn bearer(why: &'static str) -> HeaderValue {
    // Only fixed text comes in, and all of it may stand in a header.
    HeaderValue::try_from(format!("Bearer realm=\"storefront\"{why}"))
        .unwrap_or(HeaderValue::from_static("Bearer"))
}

impl Problem {
    /// With the fields at fault.
    pub(crate) fn errors(self, errors: Vec<FieldError>) -> Self {
        Self(Box::new(self.0.errors(errors)))
    }

    /// That these products are at fault.
    pub(crate) fn of_products<'a>(code: Code, ids: impl Iterator<Item = &'a str>) -> Self {
        let errors = ids.map(|id| FieldError {
            field: "items".to_owned(),
            code: code.word().to_owned(),
            detail: code.of_product().to_owned(),
            product_id: Some(id.to_owned()),
        });
        code.problem().errors(errors.collect())
    }

    /// With a member of its own beside those that every problem has.
    pub(crate) fn member(self, name: &'static str, value: impl Into<String>) -> Self {
        Self(Box::new(self.0.member(name, value)))
    }

    /// With the time after which to try again.
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
    fn what_went_wrong_is_said_alike_inside_and_around_the_handlers() {
        let ours = [Code::Internal, Code::DeadlineExceeded].map(Code::problem);
        let of_kit =
            [kit::problem::Problem::internal(), kit::problem::Problem::deadline_exceeded()];
        for (ours, of_kit) in ours.iter().zip(&of_kit) {
            assert_eq!(format!("{:?}", ours.0), format!("{of_kit:?}"));
        }
    }
}
