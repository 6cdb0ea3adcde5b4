//! Answers that are ready to be sent: JSON, its tag, and its gzip form once somebody wants it.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::problem::{Code, Problem};

/// Of the hash, as much as makes two answers with one tag unthinkable.
const TAG_BYTES: usize = 16;

/// A JSON text and what goes with it. Cheap to clone; what is made for one clone is there for all.
#[derive(Debug, Clone)]
pub(crate) struct Answer(Arc<Made>);

#[derive(Debug)]
struct Made {
    body: Bytes,
    tag: HeaderValue,
    /// None: it could not be made.
    gzip: OnceLock<Option<Bytes>>,
}

impl Answer {
    /// Encodes `view`.
    pub(crate) fn of(view: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(view).map_err(|error| no_json(&error))?;
        let tag = tag_of(&body).map_err(|error| no_json(&error))?;
        Ok(Self(Arc::new(Made { body: body.into(), tag, gzip: OnceLock::new() })))
    }

    /// The JSON text.
    pub(crate) fn body(&self) -> Bytes {
        self.0.body.clone()
    }

    /// The weak entity tag: a hash of the text, and so the same on every replica.
    pub(crate) fn tag(&self) -> &HeaderValue {
        &self.0.tag
    }

    /// The text in gzip.
    pub(crate) fn gzip(&self) -> Option<Bytes> {
        self.0.gzip.get_or_init(|| packed(&self.0.body)).clone()
    }
}

impl IntoResponse for Answer {
    /// All of it, in plain; `layers::caching` finds the answer in the extensions and may say it shorter.
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        let headers = [(header::CONTENT_TYPE, json), (header::ETAG, self.tag().clone())];
        let mut response = (headers, Body::from(self.body())).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

fn tag_of(body: &[u8]) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let hash = Sha256::digest(body);
    HeaderValue::try_from(format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..TAG_BYTES])))
}

fn packed(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Into memory, where nothing can fail.
    encoder.write_all(body).and_then(|()| encoder.finish()).ok().map(Bytes::from)
}

fn no_json(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "an answer could not be encoded");
    Code::Internal.problem()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::Answer;

    #[test]
    fn the_tag_follows_the_text_and_the_gzip_form_holds_it() {
        let [one, same, other] =
            ["a", "a", "b"].map(|text| Answer::of(&text.repeat(5000)).expect("JSON"));
        assert_eq!(one.tag(), same.tag());
        assert_ne!(one.tag(), other.tag());
        let (plain, packed) = (one.body(), one.gzip().expect("gzip"));
        assert!(packed.len() * 10 < plain.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&*packed).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, plain);
    }
}
