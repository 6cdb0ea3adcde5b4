//! A line of an order, in the summary of the checkout and on the page of the order.

use uuid::Uuid;

use super::shop::ProductImage;

/// A line of an order. `templates/components/summary_line.html` renders it.
pub(crate) struct SummaryLine {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) image: ProductImage,
    /// The quantity, as the page writes it.
    pub(crate) quantity: String,
    pub(crate) total: String,
}

impl SummaryLine {
    /// Creates the line of a product. It shows the initial while the image is unknown.
    pub(crate) fn new(product: Uuid, name: &str, total: String) -> Self {
        Self {
            name: name.to_owned(),
            href: format!("/products/{product}"),
            image: ProductImage::unknown(name),
            quantity: String::new(),
            total,
        }
    }

    /// Sets the quantity.
    pub(crate) fn quantity(self, quantity: String) -> Self {
        Self { quantity, ..self }
    }

    /// Sets the image, if it is known.
    pub(crate) fn image(self, image: Option<ProductImage>) -> Self {
        Self { image: image.unwrap_or(self.image), ..self }
    }
}
