//! The checker: do the other services see the same as our orders?
//!
//! For orders that are quiet it compares with what the order says: the money that was taken and given
//! back, whether a parcel is made, and whether exactly what was ordered has left the stock.

mod stock;

use std::sync::Arc;

use jiff::SignedDuration;
use kit::Runtime;
use proto::{catalog::v1 as catalog, payment::v1 as payment, shipping::v1 as shipping};
use tonic::Code;

use crate::{
    Args,
    domain::{ids::OrderId, order::Order, status::Status},
    driver::Remotes,
    error::Error,
    store,
    transactions::Records,
};

/// An order is quiet when nothing happened to it for so long: other services may be a moment behind.
const QUIET: SignedDuration = SignedDuration::from_mins(1);

/// Orders that changed earlier than that were looked at by earlier checks.
const REACH: SignedDuration = SignedDuration::from_hours(24);

/// The most orders of one check, three calls each.
const MAX_ORDERS: i64 = 500;

/// What is wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub order: OrderId,
    /// What disagrees, in a word that stays: "captured", "refunded", "shipment",
    /// "stock".
    pub what: &'static str,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Orders that were compared.
    pub checked: usize,
    /// What disagrees.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Orders that disagree, each once however much of it does.
    pub fn inconsistent(&self) -> usize {
        self.findings.chunk_by(|one, other| one.order == other.order).count()
    }
}

/// Compares the orders of the last day that are quiet, the latest 500 of them, with what the other
/// services say.
///
/// # Errors
/// The database or another service did not answer.
pub async fn check(args: &Args, runtime: &Runtime) -> Result<Report, Error> {
    let runtime = runtime.component("order");
    let records = Records {
        pool: kit::postgres::connect(&args.database, &runtime)?,
        env: runtime.env.clone(),
        step_deadline: SignedDuration::ZERO,
    };
    let checker =
        Checker { records: Arc::new(records), remotes: Arc::new(Remotes::connect(args, &runtime)) };
    checker.check().await
}

/// Compares orders with the other services.
#[derive(Clone, Debug)]
pub(crate) struct Checker {
    pub(crate) records: Arc<Records>,
    pub(crate) remotes: Arc<Remotes>,
}

impl Checker {
    pub(crate) async fn check(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        for order in self.quiet().await? {
            let mut findings = self.compare(&order).await?;
            report.checked += 1;
            report.findings.append(&mut findings);
        }
        Ok(report)
    }

    async fn quiet(&self) -> Result<Vec<Order>, Error> {
        let now = self.records.env.now();
        let mut conn = self.records.pool.acquire().await?;
        let span = (now - REACH, now - QUIET);
        let ids = store::orders::settled(&mut conn, span, MAX_ORDERS).await?;
        store::orders::find_all(&mut conn, &ids).await
    }

    async fn compare(&self, order: &Order) -> Result<Vec<Finding>, Error> {
        let (captured, refunded) = self.moved(order).await?;
        let paid = if order.transaction.is_some() { order.sums.total.cents() } else { 0 };
        let parcel = order.transaction.is_some() && order.status != Status::Cancelled;
        let wrong = [
            (captured != paid, "captured"),
            (refunded != order.refunded.cents(), "refunded"),
            (self.has_parcel(order).await? != parcel, "shipment"),
            (!stock::agrees(order, self.reservation(order).await?.as_ref()), "stock"),
        ];
        let finding = |what| Finding { order: order.id, what };
        Ok(wrong.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, w)| finding(w)).collect())
    }

    /// (taken, given back) in cents.
    async fn moved(&self, order: &Order) -> Result<(i64, i64), Error> {
        let request = payment::ListTransactionsRequest { order_id: order.id.to_string() };
        let answer = self.remotes.payment.clone().list_transactions(request).await;
        let transactions = answer.map_err(Error::of_callee("payment"))?.into_inner().transactions;
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

    /// Whether there is a shipment that was not called off.
    async fn has_parcel(&self, order: &Order) -> Result<bool, Error> {
        let identifier =
            Some(shipping::get_shipment_request::Identifier::OrderId(order.id.to_string()));
        let request = shipping::GetShipmentRequest { identifier };
        match self.remotes.shipping.clone().get_shipment(request).await {
            Ok(answer) => Ok(answer.get_ref().status() != shipping::ShipmentStatus::Cancelled),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(Error::of_callee("shipping")(status)),
        }
    }

    /// What the catalog remembers of the order's stock.
    async fn reservation(&self, order: &Order) -> Result<Option<catalog::Reservation>, Error> {
        let request = catalog::GetReservationRequest { order_id: order.id.to_string() };
        match self.remotes.catalog.clone().get_reservation(request).await {
            Ok(answer) => Ok(Some(answer.into_inner())),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(Error::of_callee("catalog")(status)),
        }
    }
}
