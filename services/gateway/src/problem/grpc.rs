//! Mapping of gRPC statuses to problems. No other module maps them.
//!
//! The gRPC code determines the HTTP status. The reason in the status details determines the
//! problem code, if the table contains it. The message of a service is only exposed for errors that
//! the caller made, never for internal failures.

use kit::grpc::status::{metadata_of, reason_of, retry_after_of, violations_of};
use kit::problem::{FieldError, RETRY_SHORTLY};
use serde_json::json;
use tonic::Status;

use super::{Code, Problem};

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::from_status(&status, Code::NotFound)
    }
}

impl Problem {
    /// Returns a mapping for calls about one resource: NOT_FOUND becomes `not_found`.
    pub(crate) fn not_found_as(not_found: Code) -> impl Fn(Status) -> Self {
        move |status| Self::from_status(&status, not_found)
    }

    fn from_status(status: &Status, not_found: Code) -> Self {
        let code = code_of(status, not_found);
        if code.status().is_server_error() {
            let (code, message) = (status.code(), status.message());
            tracing::debug!(?code, message, "service call failed");
        }
        match code {
            Code::InvalidRequest => invalid(status),
            Code::Unavailable | Code::Overloaded | Code::RateLimited | Code::TooManyAttempts => {
                code.problem().retry_after(retry_after_of(status).unwrap_or(RETRY_SHORTLY))
            }
            Code::Conflict => with_message(code, status),
            Code::TotalChanged => with_amounts(code, status),
            _ => with_subject(code, status),
        }
    }
}

/// Returns the problem code for a status.
fn code_of(status: &Status, not_found: Code) -> Code {
    use tonic::Code as Grpc;
    // Only errors of the caller have a reason.
    let from_reason = || reason_of(status).and_then(|reason| Code::from_reason(&reason));
    let or = |general| from_reason().unwrap_or(general);
    match status.code() {
        Grpc::InvalidArgument | Grpc::OutOfRange => or(Code::InvalidRequest),
        Grpc::Unauthenticated => or(Code::Unauthenticated),
        Grpc::PermissionDenied => or(Code::Forbidden),
        Grpc::NotFound => or(not_found),
        Grpc::AlreadyExists | Grpc::Aborted | Grpc::FailedPrecondition => or(Code::Conflict),
        Grpc::ResourceExhausted => or(Code::RateLimited),
        Grpc::Unimplemented => Code::NotImplemented,
        Grpc::Unavailable => Code::Unavailable,
        Grpc::DeadlineExceeded => Code::DeadlineExceeded,
        _ => Code::Internal,
    }
}

/// Creates a problem that names the field or the products of the status details.
fn with_subject(code: Code, status: &Status) -> Problem {
    if let Some(ids) = metadata_of(status, "product_ids") {
        return Problem::about_products(code, ids.split(','));
    }
    let Some(field) = metadata_of(status, "field") else { return code.problem() };
    let error = FieldError {
        field: rest_field_name(&field).to_owned(),
        code: code.as_str().to_owned(),
        detail: code.info().detail.to_owned(),
        product_id: metadata_of(status, "product_id"),
    };
    code.problem().errors(vec![error])
}

/// Creates a problem with the field and the amounts of the status details.
fn with_amounts(code: Code, status: &Status) -> Problem {
    let currency = metadata_of(status, "currency").unwrap_or_default();
    let amounts = [
        ("subtotal", "subtotal_cents"),
        ("shipping", "shipping_cents"),
        ("tax", "tax_cents"),
        ("total", "total_cents"),
    ];
    amounts.into_iter().fold(with_subject(code, status), |problem, (name, detail)| {
        let cents = metadata_of(status, detail).and_then(|cents| cents.parse::<i64>().ok());
        match cents {
            Some(cents) => {
                let amount = json!({ "amount_cents": cents, "currency": currency });
                problem.member(name, amount)
            }
            None => problem,
        }
    })
}

/// Creates a problem with the message of the service, as a sentence, as its detail.
fn with_message(code: Code, status: &Status) -> Problem {
    let message = status.message().trim().trim_end_matches('.');
    let mut letters = message.chars();
    match letters.next() {
        None => code.problem(),
        Some(first) => code.with_detail(format!("{}{}.", first.to_uppercase(), letters.as_str())),
    }
}

fn invalid(status: &Status) -> Problem {
    let violations = violations_of(status);
    if violations.is_empty() {
        return with_message(Code::InvalidRequest, status);
    }
    let errors = violations.into_iter().map(|(field, detail)| FieldError {
        field: rest_field_name(&field).to_owned(),
        code: "invalid".to_owned(),
        detail,
        product_id: None,
    });
    Code::InvalidRequest.problem().errors(errors.collect())
}

/// Translates a field name of a message to its REST name: nested fields that are at the top level
/// in REST, and the few with a different name.
fn rest_field_name(field: &str) -> &str {
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
    fn grpc_codes_map_to_problem_codes() {
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
    fn busy_user_service_is_overloaded_not_unavailable() {
        let status = Status::from(user::Error::Busy);
        assert_eq!(code_of(&status, Code::NotFound), Code::Overloaded);
        assert_eq!(Problem::from(status).into_response().headers()[RETRY_AFTER], "2");
    }

    #[test]
    fn full_queue_of_unknown_callers_is_too_many_requests() {
        let status = Status::from(user::Error::Crowded);
        assert_eq!(code_of(&status, Code::NotFound), Code::RateLimited);
        let response = Problem::from(status).into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[RETRY_AFTER]),
            (429, &"2".parse().expect("a value"))
        );
    }
}
