//! Statuses with machine-readable details (`google.rpc`), created by services and read by the
//! gateway.

use std::error::Error;
use std::time::Duration;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

/// The domain of the reasons in `ErrorInfo`.
pub const DOMAIN: &str = "storefront.dev";

/// Maximum number of violations in one status, which bounds its size.
const MAX_VIOLATIONS: usize = 100;

/// Collects the violations of a request, so that all of them are reported at once.
///
/// ```
/// # use kit::grpc::status::Violations;
/// let mut violations = Violations::default();
/// violations.add("page", "must be at least 1");
/// assert!(violations.check().is_err());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// Adds an invalid field: its path in the message, separated by dots, and a description of the
    /// violation.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        if self.0.len() < MAX_VIOLATIONS {
            self.0.push(FieldViolation::new(field, description));
        }
    }

    /// Whether there is no violation so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `Ok` when there is no violation.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with every violation as `BadRequest` detail.
    pub fn check(self) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        let fields: Vec<&str> = self.0.iter().map(|violation| violation.field.as_str()).collect();
        let message = format!("invalid: {}", fields.join(", "));
        let details = ErrorDetails::with_bad_request(self.0);
        Err(Status::with_error_details(Code::InvalidArgument, message, details))
    }
}

/// Creates INVALID_ARGUMENT for one field.
pub fn invalid_argument(field: impl Into<String>, description: impl Into<String>) -> Status {
    let mut details = ErrorDetails::new();
    let (field, description) = (field.into(), description.into());
    let message = format!("invalid: {field}");
    details.add_bad_request_violation(field, description);
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// Creates FAILED_PRECONDITION with a machine-readable reason (`snake_case`, stable) and a message
/// for people.
pub fn failed_precondition(reason: impl Into<String>, message: impl Into<String>) -> Status {
    with_reason(Code::FailedPrecondition, reason, message, [])
}

/// Creates FAILED_PRECONDITION because of the value of a request field: the state does not allow it
/// at present.
pub fn field_precondition(
    field: impl Into<String>,
    reason: impl Into<String>,
    message: impl Into<String>,
) -> Status {
    with_reason(Code::FailedPrecondition, reason, message, [("field".to_owned(), field.into())])
}

/// Creates a status with a machine-readable reason (`snake_case`, stable), a message for people,
/// and metadata (`product_id` → …) for the calling program.
pub fn with_reason(
    code: Code,
    reason: impl Into<String>,
    message: impl Into<String>,
    metadata: impl IntoIterator<Item = (String, String)>,
) -> Status {
    let metadata = metadata.into_iter().collect::<std::collections::HashMap<_, _>>();
    let details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    Status::with_error_details(code, message, details)
}

/// Creates NOT_FOUND for a resource of a kind, such as `product`.
#[must_use]
pub fn not_found(kind: &str) -> Status {
    Status::not_found(format!("{kind} not found"))
}

/// Creates ALREADY_EXISTS with a machine-readable reason, such as `slug_taken`, for the field whose
/// value is taken.
pub fn already_exists(
    field: impl Into<String>,
    reason: impl Into<String>,
    message: impl Into<String>,
) -> Status {
    with_reason(Code::AlreadyExists, reason, message, [("field".to_owned(), field.into())])
}

/// Creates UNAVAILABLE with a retry delay: nothing was done, and the caller may retry.
#[must_use]
pub fn unavailable(retry_after: Duration) -> Status {
    let details = ErrorDetails::with_retry_info(Some(retry_after));
    Status::with_error_details(Code::Unavailable, "try again later", details)
}

/// Metadata key of an UNAVAILABLE of a service that serves other calls, so that circuit breakers do
/// not count it.
pub const SERVES_OTHERS_KEY: &str = "x-serves-others";

/// Creates UNAVAILABLE for one kind of calls, such as writes, of a service that serves the others.
#[must_use]
pub fn unavailable_in_part(retry_after: Duration) -> Status {
    let mut status = unavailable(retry_after);
    status.metadata_mut().insert(SERVES_OTHERS_KEY, MetadataValue::from_static("true"));
    status
}

/// Creates INTERNAL, for a defect. The cause is logged with all its sources and not sent.
pub fn internal(cause: &(dyn Error + 'static)) -> Status {
    tracing::error!(error = cause, "internal error");
    Status::internal("internal error")
}

/// Returns the invalid fields of a status: path and description.
#[must_use]
pub fn violations_of(status: &Status) -> Vec<(String, String)> {
    let bad_request = status.get_details_bad_request();
    let violations = bad_request.map(|details| details.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

/// Returns the machine-readable reason of a status.
#[must_use]
pub fn reason_of(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// Returns the value of a key in the `ErrorInfo` metadata of a status.
#[must_use]
pub fn metadata_of(status: &Status, key: &str) -> Option<String> {
    status.get_details_error_info()?.metadata.remove(key)
}

/// Returns the retry delay of a status.
#[must_use]
pub fn retry_after_of(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_violations_are_reported_at_once() {
        let mut violations = Violations::default();
        assert!(violations.is_empty());
        violations.add("page", "must be at least 1");
        violations.add("address.zip_code", "is required");
        let status = violations.check().expect_err("two violations");
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "invalid: page, address.zip_code");
        let read = violations_of(&status);
        assert_eq!(read[1], ("address.zip_code".to_owned(), "is required".to_owned()));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn number_of_violations_is_limited() {
        let mut violations = Violations::default();
        (0..1000).for_each(|n| violations.add(format!("ids[{n}]"), "is no UUID"));
        let status = violations.check().expect_err("many violations");
        assert_eq!(violations_of(&status).len(), MAX_VIOLATIONS);
    }

    #[test]
    fn reason_metadata_and_retry_delay_are_read_back() {
        let metadata = [("product_id".to_owned(), "p-1".to_owned())];
        let status = with_reason(Code::FailedPrecondition, "out_of_stock", "Sold out.", metadata);
        assert_eq!(reason_of(&status).as_deref(), Some("out_of_stock"));
        assert_eq!(metadata_of(&status, "product_id").as_deref(), Some("p-1"));
        assert_eq!(metadata_of(&status, "other"), None);

        let status = unavailable(Duration::from_secs(2));
        assert_eq!(retry_after_of(&status), Some(Duration::from_secs(2)));
        assert_eq!(reason_of(&status), None);
        assert!(violations_of(&status).is_empty());
    }

    #[test]
    fn internal_status_does_not_contain_its_cause() {
        let cause = std::io::Error::other("password=hunter2");
        assert_eq!(internal(&cause).message(), "internal error");
    }
}
