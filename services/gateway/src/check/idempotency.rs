//! The header `Idempotency-Key`.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use utoipa::IntoParams;

use super::Check;

/// What the header is called, in the document and in what is said of it.
const NAME: &str = "Idempotency-Key";
/// A name that its client chose; longer ones are none.
const BYTES: RangeInclusive<usize> = 1..=255;

/// The client's name for what it wants done once, as it was sent.
pub(crate) struct IdempotencyKey(HeaderMap);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut own = HeaderMap::new();
        for value in parts.headers.get_all(NAME) {
            own.append(http::HeaderName::from_static("idempotency-key"), value.clone());
        }
        Ok(Self(own))
    }
}

impl IdempotencyKey {
    /// The key, if there is one; what is wrong with it is noted.
    pub(crate) fn read(self, check: &mut Check) -> Option<String> {
        let mut values = self.0.into_iter().map(|(_, value)| value);
        let value = values.next()?;
        let printable = value.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte));
        let key = value.to_str().ok().filter(|_| printable && BYTES.contains(&value.len()));
        if key.is_none() {
            check.fail(NAME, "invalid", "must be 1 to 255 printable characters of ASCII");
        } else if values.next().is_some() {
            check.fail(NAME, "repeated", "may be given once");
        }
        key.map(str::to_owned)
    }
}

/// The header, as documented.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by `IdempotencyKey`; here for the document")]
pub(crate) struct IdempotencyHeader {
    /// A name of your own for this request, 1 to 255 printable ASCII characters: sent again with it, the
    /// same body is answered with what it made the first time, and nothing is done twice.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, example = "checkout-1")]
    key: Option<String>,
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{Check, IdempotencyKey};

    fn read(values: &[&[u8]]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).expect("a header");
            headers.append("idempotency-key", value);
        }
        let mut check = Check::new();
        let key = IdempotencyKey(headers).read(&mut check);
        match check.errors.into_iter().next() {
            Some(error) => Err(error.code),
            None => Ok(key),
        }
    }

    #[test]
    fn a_key_is_one_to_255_printable_characters_given_once() {
        let longest = [b'~'; 255];
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[b"order 1"]), Ok(Some("order 1".to_owned())));
        assert_eq!(read(&[&longest]), Ok(Some("~".repeat(255))));
        for wrong in [&b""[..], b"a\tb", "é".as_bytes(), &[b'a'; 256]] {
            assert_eq!(read(&[wrong]), Err("invalid".to_owned()));
        }
        assert_eq!(read(&[b"a", b"b"]), Err("repeated".to_owned()));
    }
}
