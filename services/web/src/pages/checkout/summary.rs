//! The lines and amounts of an order beside the steps.

use crate::format::Format;
use crate::gateway_client::{Cart, Preview};
use crate::messages::Messages;

/// Lines and amounts. `templates/components/checkout.html` renders them.
pub(super) struct Summary {
    pub(super) lines: Vec<SummaryLine>,
    /// Amounts before the total: label and amount.
    pub(super) amounts: Vec<(&'static str, String)>,
    pub(super) total_label: &'static str,
    pub(super) total: String,
    /// Whether the lines are shown on phones before the customer asks for them.
    pub(super) is_open: bool,
}

/// A line of the order.
pub(super) struct SummaryLine {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) quantity: u32,
    pub(super) total: String,
}

impl Summary {
    /// Creates the summary of a cart whose destination is not known yet.
    pub(super) fn of_cart(cart: &Cart, format: &Format, m: &Messages) -> Self {
        let lines = cart.items.iter().filter(|item| item.available).map(|item| SummaryLine {
            name: item.product_name.clone(),
            href: format!("/products/{}", item.product_id),
            quantity: item.quantity,
            total: format.money(item.total_price),
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
    pub(super) fn of_preview(preview: &Preview, format: &Format, m: &Messages) -> Self {
        let lines = preview.items.iter().map(|item| SummaryLine {
            name: item.product_name.clone(),
            href: format!("/products/{}", item.product_id),
            quantity: item.quantity,
            total: format.money(item.total_price),
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
