//! JSON request bodies: media type, encoding, size, memory, time and syntax. The routes validate
//! the fields.

use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use http::{Extensions, HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kit::http::Sender;
use kit::problem::FieldError;
use serde::de::DeserializeOwned;

use super::json::{self, JsonError};
use crate::body_budget::BodyMemory;
use crate::layers::RequestResources;
use crate::problem::{Code, Problem};

/// Maximum size of a body, unless its route has another one.
const DEFAULT_MAX_BYTES: usize = 16 * 1024;

/// Maximum size of a body with a product, which has long texts and many images.
pub(crate) const MAX_PRODUCT_BYTES: usize = 256 * 1024;

/// Maximum time to receive a body: enough for the largest body on a slow connection. It bounds the
/// time that a client can occupy a connection (slowloris).
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Extractor of a body that is one JSON object of at most `MAX_BYTES`.
pub(crate) struct Body<T, const MAX_BYTES: usize = DEFAULT_MAX_BYTES>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned, const MAX_BYTES: usize> FromRequest<S> for Body<T, MAX_BYTES> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        object(request, MAX_BYTES).await?.map(Self).ok_or_else(|| Code::InvalidJson.problem())
    }
}

/// Extractor of an optional body.
impl<S: Sync, T: DeserializeOwned, const MAX_BYTES: usize> OptionalFromRequest<S>
    for Body<T, MAX_BYTES>
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Problem> {
        Ok(object(request, MAX_BYTES).await?.map(Self))
    }
}

/// Reads the object in a body, or none when the body is empty or `null`.
async fn object<T: DeserializeOwned>(
    request: Request,
    max_bytes: usize,
) -> Result<Option<T>, Problem> {
    let (parts, body) = request.into_parts();
    let length = declared_length(&parts.headers);
    if length.is_some_and(|length| length > max_bytes) {
        return Err(too_large(max_bytes));
    }
    if is_encoded(&parts.headers) {
        return Err(encoded_body());
    }
    if body.is_end_stream() {
        return Ok(None);
    }
    let length = length.unwrap_or(max_bytes);
    // Kept until the body is parsed.
    let mut memory = take_memory(&parts.extensions, length)?;
    let read = read_bytes(body, length, max_bytes);
    let bytes = match parts.extensions.get::<RequestResources>() {
        Some(resources) => resources.without_place(read).await??,
        None => read.await?,
    };
    if bytes.is_empty() {
        return Ok(None);
    }
    if !is_json(&parts.headers) {
        return Err(Code::UnsupportedMediaType.problem());
    }
    // An explicit absence.
    if bytes.trim_ascii() == b"null" {
        return Ok(None);
    }
    if memory.as_mut().is_some_and(|memory| !memory.try_take_parsing(bytes.len())) {
        return Err(no_memory());
    }
    parse(&bytes).map(Some)
}

/// Takes the memory of a body of `length` bytes.
fn take_memory(extensions: &Extensions, length: usize) -> Result<Option<BodyMemory>, Problem> {
    let resources = extensions.get::<RequestResources>();
    let (Some(resources), Some(sender)) = (resources, extensions.get::<Sender>()) else {
        return Ok(None);
    };
    resources.bodies().try_take(sender.client, length).map(Some).ok_or_else(no_memory)
}

fn no_memory() -> Problem {
    Code::Overloaded.with_detail(
        "Too many request bodies arrive at the same time; try again shortly, with fewer.",
    )
}

fn too_large(max_bytes: usize) -> Problem {
    let detail = format!("The body must not exceed {} KiB.", max_bytes / 1024);
    Code::PayloadTooLarge.with_detail(detail)
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the body has a content coding other than `identity`.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().any(|line| {
        let mut codings = line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        codings.any(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
    })
}

/// The problem of an encoded body, with the header that names what the API accepts (RFC 7694).
fn encoded_body() -> Problem {
    Code::UnsupportedMediaType
        .with_detail("Send the body without `Content-Encoding`.")
        .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

/// Whether the media type is `application/json` or has its suffix (`application/merge-patch+json`).
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads a body of about `length` bytes into one buffer: a list of its frames would need much more
/// memory if each has one byte.
async fn read_bytes(
    body: axum::body::Body,
    length: usize,
    max_bytes: usize,
) -> Result<Vec<u8>, Problem> {
    let mut limited = Limited::new(body, max_bytes);
    let mut bytes = Vec::with_capacity(length);
    let read = async {
        while let Some(frame) = limited.frame().await {
            if let Ok(data) = frame?.into_data() {
                bytes.extend_from_slice(&data);
            }
        }
        Ok::<_, axum::BoxError>(())
    };
    match tokio::time::timeout(READ_TIMEOUT, read).await {
        Err(_) => Err(Code::RequestTimeout.problem()),
        Ok(Ok(())) => Ok(bytes),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(max_bytes)),
        // The client disconnected or sent invalid framing; it will hardly read the response.
        Ok(Err(_)) => Err(Code::InvalidJson.with_detail("The body is incomplete.")),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = json::parse(bytes).map_err(json_problem)?;
    if !value.is_object() {
        return Err(Code::InvalidJson.problem());
    }
    // Cannot fail: a `Field` accepts any value, and the object has no duplicate keys.
    serde_json::from_value(value).map_err(|_| Code::InvalidJson.problem())
}

fn json_problem(error: JsonError) -> Problem {
    match error {
        JsonError::Syntax { line, column } => {
            let detail = format!("The body is not JSON at line {line}, column {column}.");
            Code::InvalidJson.with_detail(detail)
        }
        JsonError::Duplicates(paths) => {
            let detail = format!("The body has keys more than once: {}.", paths.join(", "));
            let errors = paths.into_iter().map(|path| FieldError {
                field: path,
                code: "repeated".to_owned(),
                detail: "must be given at most once".to_owned(),
                product_id: None,
            });
            Code::InvalidJson.with_detail(detail).errors(errors.collect())
        }
        JsonError::TooDeep => {
            let detail = format!("The body must have at most {} levels.", json::MAX_DEPTH);
            Code::InvalidJson.with_detail(detail)
        }
        JsonError::TooManyValues => {
            let max = json::MAX_VALUES;
            let detail = format!("The body must have at most {max} keys and list items.");
            Code::InvalidJson.with_detail(detail)
        }
    }
}
