//! Assertions on error responses of services.

use std::fmt::Debug;

use tonic::{Code, Status};

use kit::grpc::status::{reason_of, retry_after_of, violations_of};

/// Returns the invalid fields of an error, whose code must be `INVALID_ARGUMENT`.
#[track_caller]
pub fn fields<T: Debug>(response: Result<T, Status>) -> Vec<String> {
    let status = response.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    violations_of(&status).into_iter().map(|(field, _)| field).collect()
}

/// Returns the reason of an error, whose code must be `FAILED_PRECONDITION`.
#[track_caller]
pub fn reason<T: Debug>(response: Result<T, Status>) -> String {
    let status = response.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    reason_of(&status).unwrap()
}

/// Returns the code of an error, and its reason; empty when it has none.
#[track_caller]
pub fn code_and_reason<T: Debug>(response: Result<T, Status>) -> (Code, String) {
    let status = response.unwrap_err();
    (status.code(), reason_of(&status).unwrap_or_default())
}

/// Returns the code of an error.
#[track_caller]
pub fn code<T: Debug>(response: Result<T, Status>) -> Code {
    response.unwrap_err().code()
}

/// Asserts that a call failed with `UNAVAILABLE` and a retry delay, and that its message reveals no
/// internal address.
#[track_caller]
pub fn assert_unavailable<T: Debug>(response: Result<T, Status>) {
    let status = response.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(retry_after_of(&status).is_some(), "{status:?}");
    assert!(!status.message().contains("127.0.0.1"), "{status:?}");
}
