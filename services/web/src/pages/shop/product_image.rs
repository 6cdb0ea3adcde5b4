//! The image of a product, or what stands for it.

use uuid::Uuid;

use super::category_tree::CategoryTree;
use crate::assets;

/// Number of background tints in the style sheet.
const TINTS: usize = 6;

/// The tint of products without a category.
const FIRST_TINT: usize = 1;

/// Folder of the images of demo products.
const DEMO_IMAGES: &str = "/images/products/";

/// The image of a product. A product without one shows an initial on the tint of its category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProductImage {
    pub(crate) src: Option<String>,
    pub(crate) initial: String,
    /// Number of the background tint, from 1.
    pub(crate) tint: usize,
}

impl ProductImage {
    /// Chooses the image from the URLs of a product.
    pub(crate) fn new(name: &str, urls: &[String], tint: usize) -> Self {
        let src = available_images(urls).next().cloned();
        let initial = name.chars().find(|letter| letter.is_alphanumeric()).unwrap_or('·');
        Self { src, initial: initial.to_uppercase().collect(), tint }
    }

    /// Shows the initial of a product whose image and category are unknown.
    pub(crate) fn unknown(name: &str) -> Self {
        Self::new(name, &[], FIRST_TINT)
    }

    /// Chooses the image from the URL in a cart, which does not know the category of a product.
    pub(crate) fn in_cart(name: &str, url: &str) -> Self {
        Self::new(name, &[url.to_owned()], FIRST_TINT)
    }
}

/// Returns the images of a product that exist.
pub(super) fn available_images(urls: &[String]) -> impl Iterator<Item = &String> {
    urls.iter().filter(|url| is_available(url))
}

/// Whether there is an image at the URL. Demo products name images that a release may not have.
fn is_available(url: &str) -> bool {
    !url.is_empty() && (!url.starts_with(DEMO_IMAGES) || assets::is_product_image(url))
}

/// Returns the tint of a category: that of its top-level category.
pub(crate) fn tint_of(categories: &CategoryTree, category: Option<Uuid>) -> usize {
    let position = category.and_then(|id| categories.top_level_position(id)).unwrap_or_default();
    position % TINTS + FIRST_TINT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_image_is_replaced_by_the_initial() {
        let urls = |url: &str| vec![url.to_owned()];
        let image = ProductImage::new("éclair", &urls("/images/products/no-such.svg"), 2);
        assert_eq!((image.src, image.initial.as_str()), (None, "É"));
        let image = ProductImage::new("1984", &urls("https://cdn.example.com/a.jpg"), 1);
        assert_eq!(image.src.as_deref(), Some("https://cdn.example.com/a.jpg"));
        assert_eq!(ProductImage::new("…", &[], 1).initial, "·");
    }
}
