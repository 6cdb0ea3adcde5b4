//! A call of the API: its method, path, body and timeout.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::Serialize;

/// Default timeout of a call. A page has 8 seconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Prefix of the paths of the API.
const PREFIX: &str = "/api/v1";

/// A call of the API.
pub(crate) struct Call {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) body: Option<Bytes>,
    pub(super) idempotency_key: Option<String>,
    pub(super) timeout: Duration,
}

impl Call {
    fn new(method: Method, path: impl Display) -> Self {
        let path = format!("{PREFIX}{path}");
        Self { method, path, body: None, idempotency_key: None, timeout: TIMEOUT }
    }

    /// Reads a resource.
    pub(crate) fn get(path: impl Display) -> Self {
        Self::new(Method::GET, path)
    }

    /// Creates a resource, or starts an action.
    pub(crate) fn post(path: impl Display) -> Self {
        Self::new(Method::POST, path)
    }

    /// Replaces a resource.
    pub(crate) fn put(path: impl Display) -> Self {
        Self::new(Method::PUT, path)
    }

    /// Removes a resource.
    pub(crate) fn delete(path: impl Display) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Sets the query. Pairs without a value are left out.
    pub(crate) fn query<'a>(
        mut self,
        pairs: impl IntoIterator<Item = (&'a str, Option<String>)>,
    ) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        let query = query.finish();
        if !query.is_empty() {
            self.path = format!("{}?{query}", self.path);
        }
        self
    }

    /// Sets the JSON body.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        // The bodies are structs of strings and numbers, which are always valid JSON; an empty body
        // would be rejected by the gateway.
        self.body = Some(serde_json::to_vec(body).unwrap_or_default().into());
        self
    }

    /// Sets the idempotency key.
    pub(crate) fn idempotency_key(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }

    /// Sets the timeout.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_escapes_values_and_leaves_absent_ones_out() {
        let pairs =
            [("q", Some("a b&c".to_owned())), ("page", None), ("sort", Some("name".into()))];
        assert_eq!(
            Call::get("/products").query(pairs).path,
            "/api/v1/products?q=a+b%26c&sort=name"
        );
        assert_eq!(Call::get("/cart").query([("q", None)]).path, "/api/v1/cart");
    }
}
