//! What a service says against a request.

use std::fmt::Debug;

use tonic::{Code, Status};

use crate::grpc::status::{reason_of, violations_of};

/// The fields that a refusal names, whose code must be `INVALID_ARGUMENT`.
#[track_caller]
pub fn fields<T: Debug>(answer: Result<T, Status>) -> Vec<String> {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    violations_of(&status).into_iter().map(|(field, _)| field).collect()
}

/// The reason of a refusal, whose code must be `FAILED_PRECONDITION`.
#[track_caller]
pub fn refused<T: Debug>(answer: Result<T, Status>) -> String {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    reason_of(&status).unwrap()
}

/// The code of a refusal, and its reason; empty when it has none.
#[track_caller]
pub fn refusal<T: Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), reason_of(&status).unwrap_or_default())
}

/// The code of a refusal.
#[track_caller]
pub fn code<T: Debug>(answer: Result<T, Status>) -> Code {
    answer.unwrap_err().code()
}
