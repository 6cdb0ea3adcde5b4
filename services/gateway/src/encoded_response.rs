//! Encoded responses: JSON, its entity tag, and its gzip form, which is compressed on first use.

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

use crate::entity_tag;
use crate::problem::{Code, Problem};

/// Length of the truncated hash: enough to make collisions of tags negligible.
const TAG_BYTES: usize = 16;

/// JSON text with its entity tag and its gzip form. Cheap to clone; clones share the gzip form.
#[derive(Debug, Clone)]
pub(crate) struct EncodedResponse(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    body: Bytes,
    tag: HeaderValue,
    /// None: the compression failed.
    gzip: OnceLock<Option<Bytes>>,
}

impl EncodedResponse {
    /// Encodes `view` as JSON, with a weak tag.
    pub(crate) fn encode(view: &impl Serialize) -> Result<Self, Problem> {
        Self::encode_revision(view, 0)
    }

    /// Encodes `view` as JSON, with the strong tag of its revision; 0 means that it has none.
    pub(crate) fn encode_revision(view: &impl Serialize, revision: i64) -> Result<Self, Problem> {
        let body = serde_json::to_vec(view).map_err(|error| encoding_failed(&error))?;
        let tag = match entity_tag::from_revision(revision) {
            Some(tag) => tag,
            None => weak_tag(&body).map_err(|error| encoding_failed(&error))?,
        };
        Ok(Self(Arc::new(Encoded { body: body.into(), tag, gzip: OnceLock::new() })))
    }

    /// Returns the JSON text.
    pub(crate) fn body(&self) -> Bytes {
        self.0.body.clone()
    }

    /// Returns the entity tag. A weak one is a hash of the text, and therefore the same on every
    /// replica.
    pub(crate) fn tag(&self) -> &HeaderValue {
        &self.0.tag
    }

    /// Returns the text compressed with gzip.
    pub(crate) fn gzip(&self) -> Option<Bytes> {
        self.0.gzip.get_or_init(|| compress(&self.0.body)).clone()
    }
}

impl IntoResponse for EncodedResponse {
    /// Responds with the uncompressed text. `layers::caching` finds the encoded response in the
    /// extensions and may replace it with 304 or with the gzip form.
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        let headers = [(header::CONTENT_TYPE, json), (header::ETAG, self.tag().clone())];
        let mut response = (headers, Body::from(self.body())).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

fn weak_tag(body: &[u8]) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let hash = Sha256::digest(body);
    HeaderValue::try_from(format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..TAG_BYTES])))
}

fn compress(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory cannot fail.
    encoder.write_all(body).and_then(|()| encoder.finish()).ok().map(Bytes::from)
}

fn encoding_failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "response encoding failed");
    Code::Internal.problem()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::EncodedResponse;

    #[test]
    fn tag_of_a_revision_replaces_the_weak_tag() {
        let tag = |revision| {
            let response = EncodedResponse::encode_revision(&"a", revision).expect("JSON");
            response.tag().to_str().expect("text").to_owned()
        };
        assert_eq!(tag(7), "\"r7\"");
        assert!(tag(0).starts_with("W/\""));
    }

    #[test]
    fn tag_depends_on_text_and_gzip_decodes_to_text() {
        let [one, same, other] =
            ["a", "a", "b"].map(|text| EncodedResponse::encode(&text.repeat(5000)).expect("JSON"));
        assert_eq!(one.tag(), same.tag());
        assert_ne!(one.tag(), other.tag());
        let (plain, compressed) = (one.body(), one.gzip().expect("gzip"));
        assert!(compressed.len() * 10 < plain.len());
        let mut decoded = Vec::new();
        GzDecoder::new(&*compressed).read_to_end(&mut decoded).expect("gzip");
        assert_eq!(decoded, plain);
    }
}
