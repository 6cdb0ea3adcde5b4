//! The context of the request that the current task works for: its id, its
//! deadline and its origin.
//!
//! Servers set a context for each request; clients, logs and problem details read it. A spawned
//! task does not inherit the context; pass it explicitly ([`current`], then [`scope`]).

use crate::Env;
use crate::origin::Origin;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use tokio::time::Instant;

/// The header and the gRPC metadata key that carry a request id.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// Maximum length of a caller's request id.
const MAX_REQUEST_ID_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT: Context;
}

/// The request that a task works for.
#[derive(Clone, Debug)]
pub struct Context {
    /// The request id, set by the caller or generated.
    pub request_id: RequestId,
    /// When the caller stops waiting. Calls that are made for the request end no later.
    pub deadline: Option<Instant>,
    /// Who makes the request. Calls that are made for it send it on.
    pub origin: Origin,
}

/// The id of a request: 1 to 128 of `A-Z a-z 0-9 . _ -`, so that it is safe in any log or header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Parses a caller's id; `None` when it is invalid.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=MAX_REQUEST_ID_BYTES).contains(&text.len());
        (fits && text.bytes().all(allowed)).then(|| Self(text.into()))
    }

    /// Generates an id.
    #[must_use]
    pub fn new(env: &Env) -> Self {
        Self(env.uuid().to_string().into())
    }

    /// Returns the id in the headers, or generates one when it is missing or invalid.
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
        // Every character of a request id is valid in a header, so the default is never used.
        http::HeaderValue::from_str(&self.0).unwrap_or(http::HeaderValue::from_static("-"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the context of the current task, if it works for a request.
#[must_use]
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Returns the id of the request that the current task works for.
#[must_use]
pub fn request_id() -> Option<RequestId> {
    CURRENT.try_with(|context| context.request_id.clone()).ok()
}

/// Returns the deadline of the request that the current task works for.
#[must_use]
pub fn deadline() -> Option<Instant> {
    CURRENT.try_with(|context| context.deadline).ok().flatten()
}

/// Returns the origin of the request that the current task works for; an empty one for background
/// work.
#[must_use]
pub fn origin() -> Origin {
    CURRENT.try_with(|context| context.origin.clone()).unwrap_or_default()
}

/// Runs `future` in `context`.
pub async fn scope<F: Future>(context: Context, future: F) -> F::Output {
    CURRENT.scope(context, future).await
}

/// Returns `future` in the context of the current task, without its deadline: for work that goes on
/// when the request has ended, such as a spawned task.
pub fn without_deadline<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let context = current().map(|context| Context { deadline: None, ..context });
    async move {
        match context {
            Some(context) => scope(context, future).await,
            None => future.await,
        }
    }
}

/// Runs `f` in `context`, for code that polls futures itself.
pub fn sync_scope<R>(context: Context, f: impl FnOnce() -> R) -> R {
    CURRENT.sync_scope(context, f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_request_ids_are_rejected() {
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
    async fn work_without_deadline_keeps_the_request() {
        let id = RequestId::new(&Env::system());
        let origin = Origin::default();
        let context = Context { request_id: id.clone(), deadline: Some(Instant::now()), origin };
        let read = || without_deadline(async { (request_id(), deadline()) });
        let task = sync_scope(context, || tokio::spawn(read()));
        assert_eq!(task.await.unwrap(), (Some(id), None));
        assert_eq!(read().await, (None, None));
    }

    #[tokio::test]
    async fn context_ends_with_its_scope_and_is_not_inherited() {
        let id = RequestId::new(&Env::system());
        let context = Context { request_id: id.clone(), deadline: None, origin: Origin::default() };
        scope(context, async {
            assert_eq!(request_id(), Some(id.clone()));
            let spawned = tokio::spawn(async { request_id() });
            assert_eq!(spawned.await.expect("no panic"), None);
        })
        .await;
        assert_eq!(request_id(), None);
    }
}
