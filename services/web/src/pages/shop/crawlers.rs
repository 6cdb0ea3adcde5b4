//! Files for search engines and browsers: `robots.txt`, the sitemap, the web app manifest.

use std::time::Duration;

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use crate::assets;
use crate::gateway_client::{CallError, ProductList, ProductQuery};
use crate::page::Page;
use crate::page_error::PageError;

/// Number of products in a part of the sitemap. A part takes 20 calls of the API, so that its page
/// ends in time.
const PRODUCTS_PER_PART: u32 = 2_000;

/// Maximum number of parts that the sitemap lists: two million products.
const MAX_PARTS: u32 = 1_000;

/// Number of products in a call of the API.
const PAGE_SIZE: u32 = 100;

/// Number of calls for a part.
const PAGES_PER_PART: u32 = PRODUCTS_PER_PART / PAGE_SIZE;

/// Longest pause after a call that exceeded the rate limit. A crawler that reads many parts makes
/// more calls than a shopper.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// The path of the sitemap.
const SITEMAP: &str = "/sitemap.xml";

/// Public pages, besides products and categories.
const PAGES: [&str; 6] =
    ["/", "/products", "/categories", "/help", "/shipping-returns", "/accessibility"];

/// Time that crawlers and browsers may keep the files.
const TEN_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=600");

/// `GET /robots.txt`.
pub(crate) async fn robots(page: Page) -> Response {
    let shop = page.shop();
    let text = match shop.is_indexed {
        true => format!(
            "User-agent: *\nDisallow: /cart\nDisallow: /checkout\nDisallow: /account\n\
             Disallow: /search\nSitemap: {}\n",
            shop.url.join(SITEMAP)
        ),
        false => "User-agent: *\nDisallow: /\n".to_owned(),
    };
    file("text/plain; charset=utf-8", text)
}

/// The query of the sitemap.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SitemapParams {
    /// Number of a part, from 1.
    part: String,
}

/// `GET /sitemap.xml`: all pages, or a list of parts if the shop has more than
/// [`PRODUCTS_PER_PART`] products. Each part is at `?part=N`; the first one has the pages that are
/// not of products.
///
/// The products are those of the moment, so a new one appears when the copies of crawlers and
/// proxies expire, after ten minutes.
pub(crate) async fn sitemap(
    page: Page,
    Query(params): Query<SitemapParams>,
) -> Result<Response, PageError> {
    let part = match params.part.as_str() {
        "" => None,
        text => Some(parse_part(text).ok_or(PageError::NotFound)?),
    };
    let first_page = (part.unwrap_or(1) - 1) * PAGES_PER_PART + 1;
    let list = products(&page, first_page).await?;
    let total_pages = list.pagination.total_pages;
    if part.is_none() && total_pages > PAGES_PER_PART {
        return Ok(index(&page, total_pages.div_ceil(PAGES_PER_PART)));
    }
    if part.is_some_and(|part| part > 1) && list.products.is_empty() {
        return Err(PageError::NotFound);
    }
    let mut paths = Vec::new();
    if first_page == 1 {
        let categories = page.app().categories().get(page.gateway()).await?;
        paths.extend(PAGES.map(str::to_owned));
        paths.extend(categories.iter().map(|category| format!("/categories/{}", category.slug)));
    }
    paths.extend(product_paths(&list));
    let last_page = total_pages.min(first_page + PAGES_PER_PART - 1);
    for number in first_page + 1..=last_page {
        paths.extend(product_paths(&products(&page, number).await?));
    }
    Ok(urls(&page, &paths))
}

fn parse_part(text: &str) -> Option<u32> {
    text.parse().ok().filter(|part| (1..=MAX_PARTS).contains(part))
}

/// Reads a page of products, and once more if the rate limit was exceeded.
async fn products(page: &Page, number: u32) -> Result<ProductList, CallError> {
    let query = ProductQuery {
        sort: Some("newest"),
        page: number,
        page_size: PAGE_SIZE,
        ..ProductQuery::default()
    };
    match page.gateway().products(&query).await {
        Err(CallError::Problem(problem))
            if problem.status == StatusCode::TOO_MANY_REQUESTS.as_u16() =>
        {
            let pause = Duration::from_secs(problem.retry_after_secs.unwrap_or(1));
            tokio::time::sleep(pause.min(MAX_PAUSE)).await;
            page.gateway().products(&query).await
        }
        result => result,
    }
}

fn product_paths(list: &ProductList) -> impl Iterator<Item = String> {
    list.products.iter().map(|product| format!("/products/{}", product.slug))
}

fn index(page: &Page, parts: u32) -> Response {
    if parts > MAX_PARTS {
        tracing::warn!(parts, max = MAX_PARTS, "sitemap omits the oldest products");
    }
    let part =
        |number| format!("<sitemap><loc>{}?part={number}</loc></sitemap>", url(page, SITEMAP));
    sitemap_file("sitemapindex", (1..=parts.min(MAX_PARTS)).map(part))
}

fn urls(page: &Page, paths: &[String]) -> Response {
    sitemap_file(
        "urlset",
        paths.iter().map(|path| format!("<url><loc>{}</loc></url>", url(page, path))),
    )
}

/// Returns the URL of a path. Slugs have only letters, digits and hyphens, so it needs no escaping.
fn url(page: &Page, path: &str) -> String {
    page.shop().url.join(path)
}

fn sitemap_file(element: &str, entries: impl Iterator<Item = String>) -> Response {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{element} xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
    );
    for entry in entries {
        xml.push_str(&entry);
        xml.push('\n');
    }
    xml.push_str("</");
    xml.push_str(element);
    xml.push_str(">\n");
    file("application/xml; charset=utf-8", xml)
}

/// `GET /site.webmanifest`.
pub(crate) async fn manifest(page: Page) -> Response {
    let shop = page.shop();
    let icon = json!({"src": assets::url("favicon.svg"), "sizes": "any", "type": "image/svg+xml"});
    let manifest = json!({
        "name": shop.name, "short_name": shop.name, "lang": shop.locale.tag(), "start_url": "/",
        "display": "browser", "background_color": "#faf9f6", "theme_color": "#faf9f6",
        "icons": [icon],
    });
    file("application/manifest+json", manifest.to_string())
}

fn file(content_type: &'static str, text: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, TEN_MINUTES),
    ];
    (headers, text).into_response()
}
