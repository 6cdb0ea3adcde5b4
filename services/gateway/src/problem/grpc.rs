//! The one place where the status of a service becomes a problem.
//!
//! The code of the status decides the HTTP status; a machine reason of the service decides the code
//! when the table knows it. Text of a service is told only where it is meant for the caller: for
//! what the caller did wrong, never for what failed inside.

use kit::grpc::status::{metadata_of, reason_of, retry_after_of, violations_of};
use kit::problem::{FieldError, RETRY_SHORTLY};
use tonic::Status;

use super::{Code, Problem};

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::of(&status, Code::NotFound)
    }
}

impl Problem {
    /// For calls about one thing: NOT_FOUND means that `missing` is the matter.
    pub(crate) fn where_missing_is(missing: Code) -> impl Fn(Status) -> Self {
        move |status| Self::of(&status, missing)
    }

    fn of(status: &Status, missing: Code) -> Self {
        let code = code_of(status, missing);
        if code.status().is_server_error() {
            tracing::debug!(code = ?status.code(), message = status.message(), "a call failed");
        }
        match code {
            Code::InvalidRequest => invalid(status),
            Code::Unavailable | Code::Overloaded | Code::RateLimited | Code::TooManyAttempts => {
                code.problem().retry_after(retry_after_of(status).unwrap_or(RETRY_SHORTLY))
            }
            Code::Conflict => explained(code, status),
            _ => about_something(code, status),
        }
    }
}

/// The row of the table for a status.
fn code_of(status: &Status, missing: Code) -> Code {
    use tonic::Code as Grpc;
    // Of what the caller did wrong, the service's own word for it; for the rest there are none.
    let known = || reason_of(status).and_then(|reason| Code::of_reason(&reason));
    let or = |general| known().unwrap_or(general);
    match status.code() {
        Grpc::InvalidArgument | Grpc::OutOfRange => or(Code::InvalidRequest),
        Grpc::Unauthenticated => or(Code::Unauthenticated),
        Grpc::PermissionDenied => or(Code::Forbidden),
        Grpc::NotFound => or(missing),
        Grpc::AlreadyExists | Grpc::Aborted | Grpc::FailedPrecondition => or(Code::Conflict),
        Grpc::ResourceExhausted => or(Code::RateLimited),
        Grpc::Unimplemented => Code::NotImplemented,
        Grpc::Unavailable => Code::Unavailable,
        Grpc::DeadlineExceeded => Code::DeadlineExceeded,
        _ => Code::Internal,
    }
}

/// A refusal with a code of its own that is about one field, or about products, names them.
fn about_something(code: Code, status: &Status) -> Problem {
    if let Some(ids) = metadata_of(status, "product_ids") {
        return Problem::of_products(code, ids.split(','));
    }
    let Some(field) = metadata_of(status, "field") else { return code.problem() };
    let error = FieldError {
        field: as_written(&field).to_owned(),
        code: code.word().to_owned(),
        detail: code.row().detail.to_owned(),
        product_id: metadata_of(status, "product_id"),
    };
    code.problem().errors(vec![error])
}

/// The message of a service about what the caller asked for, as a sentence.
fn explained(code: Code, status: &Status) -> Problem {
    let message = status.message().trim().trim_end_matches('.');
    let mut letters = message.chars();
    match letters.next() {
        None => code.problem(),
        Some(first) => code.says(format!("{}{}.", first.to_uppercase(), letters.as_str())),
    }
}

fn invalid(status: &Status) -> Problem {
    let violations = violations_of(status);
    if violations.is_empty() {
        return explained(Code::InvalidRequest, status);
    }
    let errors = violations.into_iter().map(|(field, detail)| FieldError {
        field: as_written(&field).to_owned(),
        code: "invalid".to_owned(),
        detail,
        product_id: None,
    });
    Code::InvalidRequest.problem().errors(errors.collect())
}

/// Names of fields that differ between REST and the messages: parts of a message that REST has at
/// the top, and the few that are called otherwise.
fn as_written(field: &str) -> &str {
    let field =
        ["profile.", "to."].iter().find_map(|part| field.strip_prefix(part)).unwrap_or(field);
    match field {
        "idempotency_key" => "Idempotency-Key",
        "pagination.page" => "page",
        "pagination.page_size" => "page_size",
        "min_price_cents" => "min_price",
        "max_price_cents" => "max_price",
        "query" => "q",
        "status_filter" => "status",
        "created_from" => "from",
        "created_to" => "to",
        _ => field,
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::header::RETRY_AFTER;
    use tonic::{Code as Grpc, Status};

    use super::super::{Code, Problem};
    use super::code_of;

    #[test]
    fn every_status_of_a_service_has_its_place() {
        let table = [
            (Grpc::InvalidArgument, Code::InvalidRequest),
            (Grpc::OutOfRange, Code::InvalidRequest),
            (Grpc::Unauthenticated, Code::Unauthenticated),
            (Grpc::PermissionDenied, Code::Forbidden),
            (Grpc::NotFound, Code::ProductNotFound),
            (Grpc::AlreadyExists, Code::Conflict),
            (Grpc::Aborted, Code::Conflict),
            (Grpc::FailedPrecondition, Code::Conflict),
            (Grpc::ResourceExhausted, Code::RateLimited),
            (Grpc::Unimplemented, Code::NotImplemented),
            (Grpc::Unavailable, Code::Unavailable),
            (Grpc::DeadlineExceeded, Code::DeadlineExceeded),
            (Grpc::Internal, Code::Internal),
            (Grpc::Unknown, Code::Internal),
            (Grpc::DataLoss, Code::Internal),
            (Grpc::Cancelled, Code::Internal),
        ];
        for (grpc, code) in table {
            assert_eq!(code_of(&Status::new(grpc, ""), Code::ProductNotFound), code, "{grpc:?}");
        }
    }

    #[test]
    fn a_service_with_too_many_passwords_to_hash_is_busy_and_not_away() {
        let status = Status::from(user::Error::Busy);
        assert_eq!(code_of(&status, Code::NotFound), Code::Overloaded);
        assert_eq!(Problem::from(status).into_response().headers()[RETRY_AFTER], "2");
    }
}
