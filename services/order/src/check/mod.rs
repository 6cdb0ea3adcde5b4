//! The consistency checker: compares orders with the records of the other services.
//!
//! For each order without recent changes it compares what was captured and refunded, whether a
//! shipment exists, and whether exactly the ordered units have left the stock.

mod stock;

use std::sync::Arc;

use jiff::SignedDuration;
use kit::Runtime;
use proto::catalog::v1 as catalog;
use proto::payment::v1 as payment;
use proto::shipping::v1 as shipping;
use tonic::Code;

use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::domain::status::Status;
use crate::error::Error;
use crate::saga::RemoteServices;
use crate::transactions::OrderRepository;
use crate::{Args, store};

/// Orders that changed within this period are not checked: other services may not have caught up
/// yet.
const QUIET_PERIOD: SignedDuration = SignedDuration::from_mins(1);

/// Orders that last changed before this period were compared by earlier checks.
const LOOKBACK: SignedDuration = SignedDuration::from_hours(24);

/// Maximum number of orders in one check; each needs three calls.
const MAX_ORDERS: i64 = 500;

/// A mismatch between an order and another service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The order.
    pub order: OrderId,
    /// Stable name of what mismatches: "captured", "refunded", "shipment" or "stock".
    pub mismatch: &'static str,
}

/// Result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of compared orders.
    pub checked: usize,
    /// Mismatches that the check found.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Number of orders with at least one mismatch.
    #[must_use]
    pub fn inconsistent(&self) -> usize {
        self.findings.chunk_by(|a, b| a.order == b.order).count()
    }
}

/// Compares the orders of the last day that have not changed for a minute, at most the latest 500,
/// with the other services.
///
/// # Errors
/// Returns an error if the database or another service fails.
pub async fn check(args: &Args, runtime: &Runtime) -> Result<Report, Error> {
    let runtime = runtime.component("order");
    let repository = OrderRepository {
        pool: kit::postgres::connect(&args.database, &runtime)?,
        env: runtime.env.clone(),
        step_deadline: SignedDuration::ZERO,
    };
    let checker = Checker {
        repository: Arc::new(repository),
        services: Arc::new(RemoteServices::connect(args, &runtime)),
    };
    checker.check().await
}

/// Compares orders with the other services.
#[derive(Clone, Debug)]
pub(crate) struct Checker {
    pub(crate) repository: Arc<OrderRepository>,
    pub(crate) services: Arc<RemoteServices>,
}

impl Checker {
    pub(crate) async fn check(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        for order in self.list_quiescent_orders().await? {
            let mut findings = self.compare(&order).await?;
            report.checked += 1;
            report.findings.append(&mut findings);
        }
        Ok(report)
    }

    async fn list_quiescent_orders(&self) -> Result<Vec<Order>, Error> {
        let now = self.repository.env.now();
        let mut conn = self.repository.pool.acquire().await?;
        let time_range = (now - LOOKBACK, now - QUIET_PERIOD);
        let ids = store::orders::list_quiescent(&mut conn, time_range, MAX_ORDERS).await?;
        store::orders::find_all(&mut conn, &ids).await
    }

    async fn compare(&self, order: &Order) -> Result<Vec<Finding>, Error> {
        let (captured, refunded) = self.captured_and_refunded(order).await?;
        let paid = if order.transaction.is_some() { order.sums.total.cents() } else { 0 };
        let expects_shipment = order.transaction.is_some() && order.status != Status::Cancelled;
        let checks = [
            (captured != paid, "captured"),
            (refunded != order.refunded.cents(), "refunded"),
            (self.has_shipment(order).await? != expects_shipment, "shipment"),
            (!stock::matches_order(order, self.reservation(order).await?.as_ref()), "stock"),
        ];
        let mismatches = checks.into_iter().filter(|(is_mismatch, _)| *is_mismatch);
        let finding = |(_, mismatch)| Finding { order: order.id, mismatch };
        Ok(mismatches.map(finding).collect())
    }

    /// Returns (captured, refunded) in cents.
    async fn captured_and_refunded(&self, order: &Order) -> Result<(i64, i64), Error> {
        let request = payment::ListTransactionsRequest { order_id: order.id.to_string() };
        let response = self.services.payment.clone().list_transactions(request).await;
        let transactions =
            response.map_err(Error::from_remote("payment"))?.into_inner().transactions;
        let (mut captured, mut refunded) = (0_i64, 0_i64);
        for transaction in transactions {
            let cents = transaction.amount.as_ref().map_or(0, |amount| amount.amount_cents);
            let (status, kind) = (transaction.status(), transaction.r#type());
            if !matches!(
                status,
                payment::TransactionStatus::Succeeded | payment::TransactionStatus::Refunded
            ) {
                continue;
            }
            match kind {
                payment::TransactionType::Capture | payment::TransactionType::Charge => {
                    captured = captured.saturating_add(cents);
                }
                payment::TransactionType::Refund => refunded = refunded.saturating_add(cents),
                payment::TransactionType::Unspecified
                | payment::TransactionType::Authorization
                | payment::TransactionType::Void => {}
            }
        }
        Ok((captured, refunded))
    }

    /// Whether a shipment exists that is not cancelled.
    async fn has_shipment(&self, order: &Order) -> Result<bool, Error> {
        let identifier =
            Some(shipping::get_shipment_request::Identifier::OrderId(order.id.to_string()));
        let request = shipping::GetShipmentRequest { identifier };
        match self.services.shipping.clone().get_shipment(request).await {
            Ok(response) => Ok(response.get_ref().status() != shipping::ShipmentStatus::Cancelled),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(Error::from_remote("shipping")(status)),
        }
    }

    /// Returns the catalog's reservation of the order.
    async fn reservation(&self, order: &Order) -> Result<Option<catalog::Reservation>, Error> {
        let request = catalog::GetReservationRequest { order_id: order.id.to_string() };
        match self.services.catalog.clone().get_reservation(request).await {
            Ok(response) => Ok(Some(response.into_inner())),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(Error::from_remote("catalog")(status)),
        }
    }
}
