//! The lines and amounts of an order beside the steps.

use super::preview::PricedOrder;
use crate::format::Format;
use crate::gateway_client::Cart;
use crate::messages::Messages;
use crate::pages::SummaryLine;
use crate::pages::shop::ProductImage;

/// Lines and amounts. `templates/components/checkout_summary.html` renders them.
pub(super) struct Summary {
    pub(super) lines: Vec<SummaryLine>,
    /// Amounts before the total: label and amount.
    pub(super) amounts: Vec<(&'static str, String)>,
    pub(super) total_label: &'static str,
    pub(super) total: String,
    /// Whether the lines are shown on phones before the customer asks for them.
    pub(super) is_open: bool,
}

impl Summary {
    /// Creates the summary of a cart whose destination is not known yet.
    pub(super) fn of_cart(cart: &Cart, format: &Format, m: &Messages) -> Self {
        let lines = cart.items.iter().filter(|item| item.available).map(|item| {
            SummaryLine::new(item.product_id, &item.product_name, format.money(item.total_price))
                .quantity(quantity(item.quantity))
                .image(Some(ProductImage::in_cart(&item.product_name, &item.image_url)))
        });
        Self {
            lines: lines.collect(),
            amounts: Vec::new(),
            total_label: m.cart.subtotal,
            total: format.money(cart.total),
            is_open: false,
        }
    }

    /// Creates the summary of an order as it will be charged.
    pub(super) fn of_preview(
        PricedOrder { preview, image_urls }: &PricedOrder,
        format: &Format,
        m: &Messages,
    ) -> Self {
        let lines = preview.items.iter().map(|item| {
            let url = image_urls.get(&item.product_id);
            SummaryLine::new(item.product_id, &item.product_name, format.money(item.total_price))
                .quantity(quantity(item.quantity))
                .image(url.map(|url| ProductImage::in_cart(&item.product_name, url)))
        });
        let amounts = [
            (m.cart.subtotal, preview.subtotal),
            (m.checkout.shipping, preview.shipping),
            (m.checkout.tax, preview.tax),
        ];
        Self {
            lines: lines.collect(),
            amounts: amounts.map(|(label, amount)| (label, format.money(amount))).to_vec(),
            total_label: m.checkout.total,
            total: format.money(preview.total),
            is_open: false,
        }
    }

    /// Shows the lines on phones, too.
    pub(super) fn opened(self) -> Self {
        Self { is_open: true, ..self }
    }
}

/// Writes a quantity; nothing if it is one.
fn quantity(units: u32) -> String {
    match units {
        1 => String::new(),
        units => format!("× {units}"),
    }
}
