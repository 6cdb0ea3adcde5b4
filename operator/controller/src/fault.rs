//! Classification of failed API requests, and the backoff of their retries.

use std::time::Duration;

use kube::Error;
use kube::core::Status;

use crate::backoff::Backoff;

/// A failed request to the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The class of the failure. It decides when the request is retried.
    pub kind: FaultKind,
    /// The message of the API server or the client.
    pub message: String,
}

/// The classes of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The API server did not respond, or asked the client to retry later.
    Unavailable,
    /// Another client wrote the object at the same time.
    Conflict,
    /// The namespace is terminating. No object can be created in it, and none is needed.
    NamespaceGone,
    /// The API server rejects the object. A retry succeeds only after a change by a user.
    Refused,
}

impl FaultKind {
    /// Returns the delay before retry number `attempts + 1`, an exponential backoff by kind.
    #[must_use]
    pub fn delay(self, attempts: u32) -> Duration {
        self.backoff().delay(attempts)
    }

    /// The longest delay bounds the time until a corrected cause is detected, and the rate of
    /// failing requests for one child.
    const fn backoff(self) -> Backoff {
        let (first, longest) = match self {
            Self::Unavailable => (Duration::from_millis(200), Duration::from_secs(30)),
            Self::Conflict => (Duration::from_millis(50), Duration::from_secs(5)),
            Self::NamespaceGone => (Duration::from_secs(30), Duration::from_secs(30)),
            Self::Refused => (Duration::from_secs(2), Duration::from_secs(120)),
        };
        Backoff::new(first, longest)
    }
}

impl Fault {
    /// Creates the fault of a request that reached its timeout.
    #[must_use]
    pub fn timeout() -> Self {
        Self {
            kind: FaultKind::Unavailable,
            message: "the API server did not respond in time".to_owned(),
        }
    }
}

impl From<&Error> for Fault {
    fn from(error: &Error) -> Self {
        match error {
            Error::Api(status) => Self { kind: kind_of(status), message: status.message.clone() },
            // A manifest that cannot be serialized or sent fails the same way at the next attempt.
            Error::SerdeError(_) | Error::BuildRequest(_) => {
                Self { kind: FaultKind::Refused, message: error.to_string() }
            }
            _ => Self { kind: FaultKind::Unavailable, message: error.to_string() },
        }
    }
}

fn kind_of(status: &Status) -> FaultKind {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    let concerns_namespace = status.details.as_ref().is_some_and(|d| d.kind == "namespaces");
    match status.code {
        403 if causes.any(|cause| cause.reason == "NamespaceTerminating") => {
            FaultKind::NamespaceGone
        }
        404 if concerns_namespace => FaultKind::NamespaceGone,
        409 => FaultKind::Conflict,
        408 | 429 | 500.. => FaultKind::Unavailable,
        _ => FaultKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use kube::core::response::{StatusCause, StatusDetails};

    use super::*;

    fn fault_of(code: u16, kind: &str, cause: &str) -> Fault {
        let cause =
            StatusCause { reason: cause.into(), message: String::new(), field: String::new() };
        let mut status = Status::failure("no", "Reason").with_code(code);
        status.details = Some(StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: kind.into(),
            uid: String::new(),
            causes: vec![cause],
            retry_after_seconds: 0,
        });
        Fault::from(&Error::Api(Box::new(status)))
    }

    #[test]
    fn api_status_decides_the_fault_kind() {
        let cases = [
            (403, "services", "NamespaceTerminating", FaultKind::NamespaceGone),
            (403, "services", "", FaultKind::Refused),
            (404, "namespaces", "", FaultKind::NamespaceGone),
            (404, "", "", FaultKind::Refused),
            (409, "services", "", FaultKind::Conflict),
            (422, "jobs", "FieldValueInvalid", FaultKind::Refused),
            (429, "", "", FaultKind::Unavailable),
            (500, "", "", FaultKind::Unavailable),
            (503, "", "", FaultKind::Unavailable),
        ];
        for (code, resource, cause, kind) in cases {
            assert_eq!(fault_of(code, resource, cause).kind, kind, "{code} {resource} {cause}");
        }
    }

    #[test]
    fn refused_delay_doubles_up_to_two_minutes() {
        let delays: Vec<_> = (0..9).map(|n| FaultKind::Refused.delay(n).as_secs()).collect();
        assert_eq!(delays, [2, 4, 8, 16, 32, 64, 120, 120, 120]);
        assert_eq!(FaultKind::Unavailable.delay(u32::MAX), Duration::from_secs(30));
    }
}
