//! Style sheets, scripts, icons and images, and the service worker.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::app::App;
use crate::assets::{self, Asset};
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::shop;

/// For URLs with the current hash: the content never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For the service worker, and for URLs with the hash of another release, whose pages are still
/// open somewhere.
const UNCACHED: HeaderValue = HeaderValue::from_static("no-cache");
/// For images of demo products.
const ONE_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// The page that the service worker shows without a network.
const OFFLINE_PAGE: &str = "/offline";

/// The files that the page needs, besides the style sheet with the hue.
const OFFLINE_ASSETS: [&str; 4] = ["shop.css", "shop.js", "icons.svg", "favicon.svg"];

const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");

/// Header that lets pages of other origins show a response.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const CROSS_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");

/// `GET /assets/{file}`.
pub(crate) async fn asset(
    State(app): State<App>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let found = assets::find(&file, app.shop().accent_hue).ok_or(PageError::NotFound)?;
    let cache_control = if found.is_current { IMMUTABLE } else { UNCACHED };
    Ok(respond(&found.asset, &headers, cache_control))
}

/// `GET /images/products/{file}`: the images of demo products.
pub(crate) async fn product_image(
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let asset = assets::product_image(&file).ok_or(PageError::NotFound)?;
    let tag = HeaderValue::try_from(format!("W/\"{}\"", asset.hash));
    // A hash is valid in a header, so the default is never used.
    let tag = tag.unwrap_or(HeaderValue::from_static("W/\"\""));
    let known = headers.get_all(header::IF_NONE_MATCH);
    let mut response = match kit::http::matches_etag(known, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => respond(&asset, &headers, ONE_DAY),
    };
    response.headers_mut().insert(header::ETAG, tag);
    response.headers_mut().insert(RESOURCE_POLICY, CROSS_ORIGIN);
    Ok(response)
}

/// `GET /sw.js`: the service worker, after the constant that names what it stores. It must not be
/// cached: browsers compare it with the one that they run, and install a new version.
pub(crate) async fn service_worker(State(app): State<App>) -> Result<Response, PageError> {
    let page = shop::help::offline(Page::anonymous(&app, OFFLINE_PAGE)).await?;
    // The tag of the page changes with its text and with the files that it needs.
    let version = page.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let mut urls = vec![OFFLINE_PAGE.to_owned(), app.shop().theme_url.clone()];
    urls.extend(OFFLINE_ASSETS.map(assets::url));
    let constant = json!({"version": version, "urls": urls});
    let mut script = BytesMut::from(format!("const OFFLINE = {constant};\n").as_bytes());
    script.extend(assets::content("sw.js"));
    let headers = [(header::CONTENT_TYPE, JAVASCRIPT), (header::CACHE_CONTROL, UNCACHED)];
    Ok((headers, Bytes::from(script)).into_response())
}

/// Responds with the file, compressed if the client accepts gzip. `Accept-Encoding` has been
/// normalized by [`kit::http::normalize_accept_encoding`].
fn respond(asset: &Asset, request: &HeaderMap, cache_control: HeaderValue) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, cache_control),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    match &asset.gzip {
        Some(gzip) if request.contains_key(header::ACCEPT_ENCODING) => {
            let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
            (headers, encoding, gzip.clone()).into_response()
        }
        _ => (headers, asset.body.clone()).into_response(),
    }
}
