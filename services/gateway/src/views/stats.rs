//! Statistics of the shop.

use proto::catalog;
use proto::order::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::money::Money;
use super::product::Product;

/// Sales, and conditions that need attention.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Total of the paid orders.
    revenue: Money,
    /// Number of paid orders.
    #[schema(example = 12, minimum = 0)]
    orders: i64,
    /// Average total of a paid order.
    average_order: Money,
    /// Total of the refunds.
    refunded: Money,
    /// Products with at most 10 units available, lowest first; at most 100 products.
    low_stock: Vec<Product>,
    /// Checkouts that do not finish without intervention.
    #[schema(example = 0, minimum = 0)]
    stuck_checkouts: i64,
    /// Mails whose delivery failed.
    #[schema(example = 0, minimum = 0)]
    failed_notifications: i64,
}

impl Stats {
    /// Combines the results of the services.
    pub(crate) fn new(
        sales: v1::GetStatsResponse,
        low_stock: Vec<catalog::v1::Product>,
        failed_notifications: i64,
    ) -> Self {
        Self {
            revenue: sales.revenue.unwrap_or_default().into(),
            orders: sales.orders,
            average_order: sales.average_order.unwrap_or_default().into(),
            refunded: sales.refunded.unwrap_or_default().into(),
            low_stock: low_stock.into_iter().map(Product::from).collect(),
            stuck_checkouts: sales.stuck_checkouts,
            failed_notifications,
        }
    }
}
