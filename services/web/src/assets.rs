//! Style sheet, icons and images, compiled into the program, under URLs with a hash of their
//! content.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

/// Bytes of the hash in a URL. A collision would only show an old file until its cache ends.
const HASH_BYTES: usize = 6;

/// Size below which compression saves nothing.
const MIN_COMPRESSED_BYTES: usize = 1024;

/// Folder of the images of demo products.
const PRODUCT_IMAGES: &str = "images/products/";

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// A file with its compressed form.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Hash of the content.
    pub(crate) hash: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    /// None: compression saves nothing.
    pub(crate) gzip: Option<Bytes>,
}

/// The file of a URL.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) asset: Arc<Asset>,
    /// Whether the URL has the hash of the content, which therefore never changes.
    pub(crate) is_current: bool,
}

static ASSETS: LazyLock<BTreeMap<String, Arc<Asset>>> = LazyLock::new(|| {
    let read = |name: &str| {
        let file = Files::get(name)?;
        Some((name.to_owned(), Arc::new(Asset::new(name, &file.data))))
    };
    Files::iter().filter_map(|name| read(&name)).collect()
});

/// Returns the URL of a file, such as `/assets/shop-1f2e3d4c5b6a.css` for `shop.css`.
pub(crate) fn url(name: &str) -> String {
    match (ASSETS.get(name), name.rsplit_once('.')) {
        (Some(asset), Some((stem, extension))) => {
            format!("/assets/{stem}-{}.{extension}", asset.hash)
        }
        _ => format!("/assets/{name}"),
    }
}

/// Returns the URL of an icon of the sprite.
pub(crate) fn icon(name: &str) -> String {
    format!("{}#{name}", url("icons.svg"))
}

/// Returns the URL of the style sheet with the shop's hue.
pub(crate) fn theme_url(hue: u16) -> String {
    format!("/assets/theme-{}.css", hash(theme_css(hue).as_bytes()))
}

/// Finds the file of a URL such as `/assets/shop-1f2e3d4c5b6a.css`. With another hash, such as that
/// of another release, it is the current file. `hue` is that of the shop.
pub(crate) fn find(file: &str, hue: u16) -> Option<Found> {
    let (name, hash) = split_hash(file)?;
    let asset = match name.as_str() {
        "theme.css" => Arc::new(Asset::new(&name, theme_css(hue).as_bytes())),
        name => Arc::clone(ASSETS.get(name)?),
    };
    Some(Found { is_current: asset.hash == hash, asset })
}

/// Returns the content of a file.
pub(crate) fn content(name: &str) -> Option<Bytes> {
    ASSETS.get(name).map(|asset| asset.body.clone())
}

/// Finds the image of a demo product.
pub(crate) fn product_image(file: &str) -> Option<Arc<Asset>> {
    ASSETS.get(&format!("{PRODUCT_IMAGES}{file}")).cloned()
}

/// Whether there is an image of a demo product at this path.
pub(crate) fn is_product_image(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|name| ASSETS.contains_key(name))
}

fn theme_css(hue: u16) -> String {
    format!(":root{{--hue:{hue}}}")
}

/// Splits `shop-1f2e3d4c5b6a.css` into `shop.css` and the hash.
fn split_hash(file: &str) -> Option<(String, String)> {
    let (stem, extension) = file.rsplit_once('.')?;
    let (stem, hash) = stem.rsplit_once('-')?;
    Some((format!("{stem}.{extension}"), hash.to_owned()))
}

fn hash(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

fn compress(body: &[u8]) -> Option<Bytes> {
    if body.len() < MIN_COMPRESSED_BYTES {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory cannot fail.
    encoder.write_all(body).and_then(|()| encoder.finish()).ok().map(Bytes::from)
}

impl Asset {
    fn new(name: &str, content: &[u8]) -> Self {
        let content_type = content_type(name);
        let gzip = if content_type == "image/png" { None } else { compress(content) };
        Self { hash: hash(content), content_type, body: Bytes::copy_from_slice(content), gzip }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_contains_the_hash_of_the_content() {
        let url = url("shop.css");
        let (name, hash) = split_hash(url.strip_prefix("/assets/").unwrap()).unwrap();
        assert_eq!((name.as_str(), hash.len()), ("shop.css", 2 * HASH_BYTES));
        assert!(find(&format!("shop-{hash}.css"), 0).unwrap().is_current);
        assert!(!find("shop-0123.css", 0).unwrap().is_current);
        assert!(find("shop.css", 0).is_none());
        assert_ne!(theme_url(1), theme_url(2));
    }

    #[test]
    fn style_sheet_and_icons_are_small() {
        for (name, max_bytes) in [
            ("shop.css", 12 * 1024),
            ("shop.js", 6 * 1024),
            ("icons.svg", 4 * 1024),
            ("sw.js", 1024),
        ] {
            let gzip = ASSETS[name].gzip.as_ref().unwrap();
            assert!(gzip.len() <= max_bytes, "{name} has {} bytes", gzip.len());
        }
    }

    #[test]
    fn product_images_are_below_two_kilobytes_and_without_scripts() {
        for (name, asset) in ASSETS.iter().filter(|(name, _)| name.starts_with(PRODUCT_IMAGES)) {
            let text = std::str::from_utf8(&asset.body).unwrap();
            assert!(asset.body.len() <= 2048, "{name} has {} bytes", asset.body.len());
            assert!(!text.contains("<script") && !text.contains("style="), "{name}");
        }
    }
}
