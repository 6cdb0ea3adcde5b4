//! Which encoding an answer may have.
//!
//! The compression layer answers 406 where a request rules out everything that it could send, and
//! does so after the handler has done its work. A server may send what was not asked for just as
//! well (RFC 9110, section 12.5.3), so what is passed on asks for gzip or for nothing.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// Passes a request on that asks for gzip if the client takes it, and for no encoding otherwise.
pub(crate) async fn settle(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let gzip = prefers_gzip(headers);
    headers.remove(ACCEPT_ENCODING);
    if gzip {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    next.run(request).await
}

fn prefers_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let wishes: Vec<_> = lines.flat_map(|line| line.split(',')).map(wish).collect();
    let weight_of = |names: &[&str]| {
        let found = |(name, _): &&(&str, f32)| names.iter().any(|n| name.eq_ignore_ascii_case(n));
        wishes.iter().find(found).map(|(_, weight)| *weight)
    };
    let gzip = weight_of(&["gzip", "x-gzip"]).or_else(|| weight_of(&["*"])).unwrap_or(0.0);
    gzip > 0.0 && gzip >= weight_of(&["identity"]).unwrap_or(0.0)
}

/// An encoding and how much it is wanted, 1 if the client does not say; nonsense is not wanted.
fn wish(text: &str) -> (&str, f32) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = match parameters.trim().split_once('=') {
        Some((q, value)) if q.trim().eq_ignore_ascii_case("q") => {
            value.trim().parse().unwrap_or(0.0)
        }
        _ => 1.0,
    };
    (name.trim(), weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_take_it_and_nobody_is_refused() {
        for (asked, gzip) in [
            ("gzip", true),
            ("br, x-gzip;q=0.5", true),
            ("*", true),
            ("GZIP ; Q=1.0, identity;q=0.5", true),
            ("identity;q=0, gzip", true),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=0, *", false),
            ("identity;q=0", false),
            ("*;q=0", false),
            ("br, *;q=0", false),
            ("gzip;q=much", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(asked);
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, value)]);
            assert_eq!(prefers_gzip(&headers), gzip, "{asked}");
        }
        assert!(!prefers_gzip(&HeaderMap::new()));
    }
}
