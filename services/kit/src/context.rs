//! The request that the current task works for: its id, and when its answer is due.
//!
//! Servers open a context around each request; clients, logs and problem details read it. A task
//! that a request spawns has none unless it is given one ([`current`], then [`scope`]).

use crate::Env;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use tokio::time::Instant;

/// The header and the gRPC metadata key that carry a request id.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// Longest request id that is taken from a caller.
const MAX_REQUEST_ID_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT: Context;
}

/// What is known of the request that a task works for.
#[derive(Clone, Debug)]
pub struct Context {
    /// Its id, the caller's or ours.
    pub request_id: RequestId,
    /// When the caller stops waiting; calls made on its behalf end no later.
    pub deadline: Option<Instant>,
}

/// The id of a request: 1 to 128 of `A-Z a-z 0-9 . _ -`, so that it can stand in any log or header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The caller's id, or `None` when it may not be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=MAX_REQUEST_ID_BYTES).contains(&text.len());
        (fits && text.bytes().all(allowed)).then(|| Self(text.into()))
    }

    /// A new id.
    #[must_use]
    pub fn new(env: &Env) -> Self {
        Self(env.uuid().to_string().into())
    }

    /// The id that the headers carry, or a new one when they carry none that can be taken.
    #[must_use]
    pub fn from_headers(headers: &http::HeaderMap, env: &Env) -> Self {
        headers
            .get(REQUEST_ID_HEADER)
            .and_then(|value| value.to_str().ok())
            .and_then(Self::parse)
            .unwrap_or_else(|| Self::new(env))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header value.
    #[must_use]
    pub fn header(&self) -> http::HeaderValue {
        // Every character of a request id may stand in a header; an empty value would be a defect.
        http::HeaderValue::from_str(&self.0).unwrap_or(http::HeaderValue::from_static("-"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The context of the current task, if it works for a request.
#[must_use]
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// The id of the request that the current task works for.
#[must_use]
pub fn request_id() -> Option<RequestId> {
    CURRENT.try_with(|context| context.request_id.clone()).ok()
}

/// When the caller of the current request stops waiting.
#[must_use]
pub fn deadline() -> Option<Instant> {
    CURRENT.try_with(|context| context.deadline).ok().flatten()
}

/// Runs `future` within `context`.
pub async fn scope<F: Future>(context: Context, future: F) -> F::Output {
    CURRENT.scope(context, future).await
}

/// Runs `work` within `context`, for code that polls by hand.
pub fn sync_scope<R>(context: Context, work: impl FnOnce() -> R) -> R {
    CURRENT.sync_scope(context, work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_of_callers_are_taken_only_when_harmless() {
        let longest = "x".repeat(128);
        for good in ["a", "0", "A-b_c.9", longest.as_str()] {
            assert_eq!(RequestId::parse(good).map(|id| id.to_string()).as_deref(), Some(good));
        }
        let too_long = "x".repeat(129);
        for bad in ["", " ", "a b", "a\n", "ä", "a/b", "\"", too_long.as_str()] {
            assert_eq!(RequestId::parse(bad), None, "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_context_ends_with_its_scope_and_is_not_inherited_by_spawned_tasks() {
        let id = RequestId::new(&Env::system());
        let context = Context { request_id: id.clone(), deadline: None };
        scope(context, async {
            assert_eq!(request_id(), Some(id.clone()));
            let spawned = tokio::spawn(async { request_id() });
            assert_eq!(spawned.await.expect("the task ends"), None);
        })
        .await;
        assert_eq!(request_id(), None);
    }
}
