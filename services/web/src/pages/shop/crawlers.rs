//! Files for search engines and browsers: `robots.txt`, the sitemap, the web app manifest.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use serde_json::json;

use crate::assets;
use crate::gateway_client::ProductQuery;
use crate::page::Page;
use crate::page_error::PageError;

/// Maximum number of products in the sitemap. A sitemap may list 50,000 URLs; each page of the API
/// has 100 products.
const MAX_PRODUCT_PAGES: u32 = 100;

const PAGE_SIZE: u32 = 100;

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
            shop.url.join("/sitemap.xml")
        ),
        false => "User-agent: *\nDisallow: /\n".to_owned(),
    };
    file("text/plain; charset=utf-8", text)
}

/// `GET /sitemap.xml`.
pub(crate) async fn sitemap(page: Page) -> Result<Response, PageError> {
    let shop = page.shop();
    let mut paths: Vec<String> = PAGES.map(str::to_owned).to_vec();
    let categories = page.app().categories().get(page.gateway()).await?;
    paths.extend(categories.iter().map(|category| format!("/categories/{}", category.slug)));
    let mut number = 1;
    loop {
        let query = ProductQuery {
            sort: Some("newest"),
            page: number,
            page_size: PAGE_SIZE,
            ..ProductQuery::default()
        };
        let list = page.gateway().products(&query).await?;
        paths.extend(list.products.iter().map(|product| format!("/products/{}", product.slug)));
        if number >= list.pagination.total_pages.min(MAX_PRODUCT_PAGES) {
            break;
        }
        number += 1;
    }
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for path in paths {
        // Slugs have only letters, digits and hyphens. Writing to a string cannot fail.
        let _written = writeln!(xml, "<url><loc>{}</loc></url>", shop.url.join(&path));
    }
    xml.push_str("</urlset>\n");
    Ok(file("application/xml; charset=utf-8", xml))
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
