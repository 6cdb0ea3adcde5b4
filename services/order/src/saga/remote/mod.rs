//! The participants over gRPC: one call for each step, and one mapping of responses to outcomes.

mod mail;
mod payment;

use std::time::Duration;

use kit::Runtime;
use kit::grpc::client::{Channel, ClientTarget, TargetUrl};
use kit::grpc::status::reason_of;
use proto::cart::v1 as cart;
use proto::cart::v1::cart_service_client::CartServiceClient;
use proto::catalog::v1 as catalog;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::shipping::v1 as shipping;
use proto::shipping::v1::shipping_service_client::ShippingServiceClient;
use proto::user::v1::user_service_client::UserServiceClient;
use tokio::time::timeout;
use tonic::{Code, Status};
use wire::render;

use super::Participants;
use crate::Args;
use crate::domain::call::{Call, refund_key};
use crate::domain::line::Line;
use crate::domain::order::Order;
use crate::domain::outbox::Topic;
use crate::domain::outcome::{Outcome, Reason, Receipt};

/// Clients of the other services. They are cheap to clone, once for each call.
#[derive(Clone, Debug)]
pub(crate) struct RemoteServices {
    pub(crate) cart: CartServiceClient<Channel>,
    pub(crate) catalog: CatalogServiceClient<Channel>,
    pub(crate) payment: PaymentServiceClient<Channel>,
    pub(crate) shipping: ShippingServiceClient<Channel>,
    notification: NotificationServiceClient<Channel>,
    user: UserServiceClient<Channel>,
    call_timeout: Duration,
}

impl RemoteServices {
    /// Connects to the services lazily.
    pub(crate) fn connect(args: &Args, runtime: &Runtime) -> Self {
        let deadline = args.checkout_call_timeout;
        let channel = |name, url: &TargetUrl, reads| {
            let target = ClientTarget::new(name, url.clone()).reads(reads).deadline(deadline);
            Channel::connect(&target, runtime)
        };
        let user = channel("user", &args.user_url, &["GetUser"]);
        let cart = channel("cart", &args.cart_url, &["GetCart"]);
        let catalog =
            channel("catalog", &args.catalog_url, &["BatchGetProducts", "GetReservation"]);
        let payment =
            channel("payment", &args.payment_url, &["ListPaymentMethods", "ListTransactions"]);
        let shipping = channel("shipping", &args.shipping_url, &["GetQuote", "GetShipment"]);
        let notification = channel("notification", &args.notification_url, &[]);
        Self {
            cart: CartServiceClient::new(cart),
            catalog: CatalogServiceClient::new(catalog),
            payment: PaymentServiceClient::new(payment),
            shipping: ShippingServiceClient::new(shipping),
            notification: NotificationServiceClient::new(notification),
            user: UserServiceClient::new(user),
            call_timeout: deadline,
        }
    }

    async fn send(&self, order: &Order, call: &Call) -> Outcome {
        match call {
            Call::Reserve => self.reserve(order).await,
            Call::Authorize => self.authorize(order).await,
            Call::CommitStock => {
                let request = catalog::CommitReservationRequest { order_id: order.id.to_string() };
                done(self.catalog.clone().commit_reservation(request).await)
            }
            Call::Capture { authorization } => self.capture(order, authorization).await,
            Call::Ship => self.ship(order).await,
            Call::Void { authorization } => self.void(order, authorization.as_deref()).await,
            Call::Release => {
                let request = catalog::ReleaseReservationRequest { order_id: order.id.to_string() };
                done(self.catalog.clone().release_reservation(request).await)
            }
            Call::Restock => {
                let request = catalog::RestockOrderRequest { order_id: order.id.to_string() };
                done(self.catalog.clone().restock_order(request).await)
            }
            Call::CancelShipment => {
                let request = shipping::CancelShipmentRequest { order_id: order.id.to_string() };
                done(self.shipping.clone().cancel_shipment(request).await)
            }
            Call::Refund { refund, refusals, amount, reason } => {
                let key = refund_key(order.id, *refund, *refusals);
                self.refund(order, key, *amount, reason).await
            }
            Call::Deliver(Topic::TakeFromCart) => self.remove_from_cart(order).await,
            Call::Deliver(
                topic @ (Topic::ConfirmationMail
                | Topic::CancelledMail
                | Topic::ShippedMail
                | Topic::RefundMail { .. }),
            ) => self.send_mail(order, topic).await,
        }
    }

    async fn reserve(&self, order: &Order) -> Outcome {
        let item = |line: &Line| catalog::InventoryItem {
            product_id: line.product.to_string(),
            quantity: line.quantity,
        };
        let request = catalog::ReserveInventoryRequest {
            order_id: order.id.to_string(),
            items: order.lines.iter().map(item).collect(),
            expiration_minutes: 0,
        };
        match self.catalog.clone().reserve_inventory(request).await {
            Ok(response) if response.get_ref().success => Outcome::Done(Receipt::default()),
            Ok(response) => {
                let ids = response.into_inner().unavailable_product_ids;
                let missing = |line: &&Line| ids.contains(&line.product.to_string());
                let products = order.lines.iter().filter(missing).map(|line| line.product);
                Outcome::Rejected(Reason {
                    text: "insufficient stock".into(),
                    products: products.collect(),
                    ..Reason::default()
                })
            }
            Err(status) => outcome_of(&status),
        }
    }

    async fn ship(&self, order: &Order) -> Outcome {
        let request = shipping::CreateShipmentRequest {
            order_id: order.id.to_string(),
            from: None, // the shop's own address
            to: Some(render::address(order.address.clone())),
            weight_grams: order.weight_grams,
            carrier: order.shipping_option.carrier.clone(),
            service: order.shipping_option.service.clone(),
        };
        match self.shipping.clone().create_shipment(request).await {
            Ok(response) => done_with_id(response.into_inner().tracking_number),
            Err(status) => outcome_of(&status),
        }
    }

    async fn remove_from_cart(&self, order: &Order) -> Outcome {
        let line = |line: &Line| cart::OrderedLine {
            product_id: line.product.to_string(),
            quantity: line.quantity,
        };
        let request = cart::ClearCartRequest {
            user_id: order.user.to_string(),
            order_id: order.id.to_string(),
            ordered: order.lines.iter().map(line).collect(),
            cart_version: order.cart_version,
        };
        done(self.cart.clone().clear_cart(request).await)
    }
}

impl Participants for RemoteServices {
    async fn perform(&self, order: &Order, call: &Call) -> Outcome {
        let response = timeout(self.call_timeout, self.send(order, call)).await;
        response.unwrap_or_else(|_| Outcome::Unknown("call timed out".into()))
    }
}

/// Maps an error of another service to an outcome. Only definite codes are rejections. After any
/// other code it is unknown whether the call acted, so it is retried with the same idempotency key.
fn outcome_of(status: &Status) -> Outcome {
    let code = status.code();
    let text = match reason_of(status) {
        Some(reason) => format!("{code:?}: {reason}"),
        None => format!("{code:?}"),
    };
    match code {
        Code::FailedPrecondition
        | Code::InvalidArgument
        | Code::NotFound
        | Code::PermissionDenied => Outcome::Rejected(Reason { text, ..Reason::default() }),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => Outcome::Unknown(text),
    }
}

/// Maps the response of a call that returns no id.
fn done<T>(response: Result<tonic::Response<T>, Status>) -> Outcome {
    match response {
        Ok(_) => Outcome::Done(Receipt::default()),
        Err(status) => outcome_of(&status),
    }
}

/// Returns `Done` with the id. Without an id the step could not be compensated or reported; such a
/// response is treated as unknown.
fn done_with_id(id: String) -> Outcome {
    match id.is_empty() {
        true => Outcome::Unknown("response has no id".into()),
        false => Outcome::Done(Receipt(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definite_codes_are_rejections() {
        let definite = [
            Code::FailedPrecondition,
            Code::InvalidArgument,
            Code::NotFound,
            Code::PermissionDenied,
        ];
        for code in (0..=16).map(Code::from_i32) {
            let outcome = outcome_of(&Status::new(code, "free text of the service"));
            assert_eq!(
                matches!(outcome, Outcome::Rejected(_)),
                definite.contains(&code),
                "{code:?}"
            );
            assert!(!outcome.error().contains("text"), "{outcome:?}");
            assert!(!matches!(outcome, Outcome::Done(_)));
        }
    }
}
