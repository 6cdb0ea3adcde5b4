//! Extractor of the header `Idempotency-Key`.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use utoipa::IntoParams;

use super::Validator;

/// Name of the header in the OpenAPI document and in errors.
const NAME: &str = "Idempotency-Key";
/// Length of a key.
const BYTES: RangeInclusive<usize> = 1..=255;

/// Idempotency key of a request, before validation.
pub(crate) struct IdempotencyKey(HeaderMap);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut keys = HeaderMap::new();
        for value in parts.headers.get_all(NAME) {
            keys.append(http::HeaderName::from_static("idempotency-key"), value.clone());
        }
        Ok(Self(keys))
    }
}

impl IdempotencyKey {
    /// Validates the key, if there is one.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<String> {
        let mut values = self.0.into_iter().map(|(_, value)| value);
        let value = values.next()?;
        let printable = value.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte));
        let key = value.to_str().ok().filter(|_| printable && BYTES.contains(&value.len()));
        if key.is_none() {
            validator.fail(NAME, "invalid", "must be 1 to 255 printable ASCII characters");
        } else if values.next().is_some() {
            validator.fail(NAME, "repeated", "must be given at most once");
        }
        key.map(str::to_owned)
    }
}

/// Documentation of the header.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by `IdempotencyKey`; documents the header")]
pub(crate) struct IdempotencyHeader {
    /// Idempotency key: a unique name for this request, 1 to 255 printable ASCII characters. A
    /// repeated request with the same key and body returns the result of the first one, and nothing
    /// is executed twice.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, example = "checkout-1")]
    key: Option<String>,
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{IdempotencyKey, Validator};

    fn validate(values: &[&[u8]]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).expect("a header");
            headers.append("idempotency-key", value);
        }
        let mut validator = Validator::new();
        let key = IdempotencyKey(headers).validate(&mut validator);
        match validator.errors.into_iter().next() {
            Some(error) => Err(error.code),
            None => Ok(key),
        }
    }

    #[test]
    fn key_is_1_to_255_printable_characters_given_once() {
        let longest = [b'~'; 255];
        assert_eq!(validate(&[]), Ok(None));
        assert_eq!(validate(&[b"order 1"]), Ok(Some("order 1".to_owned())));
        assert_eq!(validate(&[&longest]), Ok(Some("~".repeat(255))));
        for wrong in [&b""[..], b"a\tb", "é".as_bytes(), &[b'a'; 256]] {
            assert_eq!(validate(&[wrong]), Err("invalid".to_owned()));
        }
        assert_eq!(validate(&[b"a", b"b"]), Err("repeated".to_owned()));
    }
}
