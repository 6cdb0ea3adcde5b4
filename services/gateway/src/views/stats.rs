//! Figures of a shop.

use proto::catalog;
use proto::order::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::money::Money;
use super::product::Product;

/// How the shop does, and what wants looking after.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stats {
    /// What the paid orders came to.
    revenue: Money,
    /// Orders that were paid.
    #[schema(example = 12, minimum = 0)]
    orders: i64,
    /// What one came to on average.
    average_order: Money,
    /// What was given back.
    refunded: Money,
    /// Products of which at most 10 can be bought now, the scarcest first; 100 of them at most.
    low_stock: Vec<Product>,
    /// Checkouts that do not come to an end by themselves.
    #[schema(example = 0, minimum = 0)]
    stuck_checkouts: i64,
    /// Mails that could not be delivered.
    #[schema(example = 0, minimum = 0)]
    failed_notifications: i64,
}

impl Stats {
    /// Put together.
    pub(crate) fn new(
        figures: v1::GetStatsResponse,
        low_stock: Vec<catalog::v1::Product>,
        failed_notifications: i64,
    ) -> Self {
        Self {
            revenue: figures.revenue.unwrap_or_default().into(),
            orders: figures.orders,
            average_order: figures.average_order.unwrap_or_default().into(),
            refunded: figures.refunded.unwrap_or_default().into(),
            low_stock: low_stock.into_iter().map(Product::from).collect(),
            stuck_checkouts: figures.stuck_checkouts,
            failed_notifications,
        }
    }
}
