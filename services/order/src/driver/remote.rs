//! The real participants, over gRPC: one call each, and one mapping of answers to outcomes.

mod mail;
mod money;

use std::time::Duration;

use kit::{
    Runtime,
    grpc::{
        client::{Channel, ClientTarget, TargetUrl},
        status::reason_of,
    },
};
use proto::{
    cart::v1::{self as cart, cart_service_client::CartServiceClient},
    catalog::v1::{self as catalog, catalog_service_client::CatalogServiceClient},
    notification::v1::notification_service_client::NotificationServiceClient,
    payment::v1::payment_service_client::PaymentServiceClient,
    shipping::v1::{self as shipping, shipping_service_client::ShippingServiceClient},
    user::v1::user_service_client::UserServiceClient,
};
use tokio::time::timeout;
use tonic::{Code, Status};
use wire::render;

use super::Participants;
use crate::{
    Args,
    domain::{
        call::{Call, Outcome, Reason, Receipt, refund_key},
        order::{Line, Order},
        outbox::Topic,
    },
};

/// The services that orders need. Clients are cheap to clone, one for each call.
#[derive(Clone, Debug)]
pub(crate) struct Remotes {
    pub(crate) cart: CartServiceClient<Channel>,
    pub(crate) catalog: CatalogServiceClient<Channel>,
    pub(crate) payment: PaymentServiceClient<Channel>,
    pub(crate) shipping: ShippingServiceClient<Channel>,
    notification: NotificationServiceClient<Channel>,
    user: UserServiceClient<Channel>,
    call_timeout: Duration,
}

impl Remotes {
    /// Begins to look for all of them.
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

    async fn ask(&self, order: &Order, call: &Call) -> Outcome {
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
            Call::CallOff => {
                let request = shipping::CancelShipmentRequest { order_id: order.id.to_string() };
                done(self.shipping.clone().cancel_shipment(request).await)
            }
            Call::GiveBack { refund, refusals, amount, reason } => {
                let key = refund_key(order.id, *refund, *refusals);
                self.give_back(order, key, *amount, reason).await
            }
            Call::Deliver(Topic::TakeFromCart) => self.take_from_cart(order).await,
            Call::Deliver(
                topic @ (Topic::ConfirmationMail
                | Topic::CancelledMail
                | Topic::ShippedMail
                | Topic::RefundMail { .. }),
            ) => self.mail(order, topic).await,
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
            Ok(answer) if answer.get_ref().success => Outcome::Done(Receipt::default()),
            Ok(answer) => {
                let ids = answer.into_inner().unavailable_product_ids;
                let missing = |line: &&Line| ids.contains(&line.product.to_string());
                let products = order.lines.iter().filter(missing).map(|line| line.product);
                Outcome::Rejected(Reason {
                    text: "stock is short".into(),
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
            from: None, // the shop itself
            to: Some(render::address(order.address.clone())),
            weight_grams: order.weight_grams,
            carrier: order.shipping_option.carrier.clone(),
            service: order.shipping_option.service.clone(),
        };
        match self.shipping.clone().create_shipment(request).await {
            Ok(answer) => named(answer.into_inner().tracking_number),
            Err(status) => outcome_of(&status),
        }
    }

    async fn take_from_cart(&self, order: &Order) -> Outcome {
        let line = |line: &Line| cart::OrderedLine {
            product_id: line.product.to_string(),
            quantity: line.quantity,
        };
        let request = cart::ClearCartRequest {
            user_id: order.user.to_string(),
            order_id: order.id.to_string(),
            ordered: order.lines.iter().map(line).collect(),
        };
        done(self.cart.clone().clear_cart(request).await)
    }
}

impl Participants for Remotes {
    async fn perform(&self, order: &Order, call: &Call) -> Outcome {
        let answer = timeout(self.call_timeout, self.ask(order, call)).await;
        answer.unwrap_or_else(|_| Outcome::Unknown("no answer in time".into()))
    }
}

/// What an error of another service means for a step. Only what is definite is a refusal: of all else
/// nobody knows whether it was done, so it is asked again with the same key.
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

/// The outcome of a call that names nothing.
fn done<T>(answer: Result<tonic::Response<T>, Status>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Done(Receipt::default()),
        Err(status) => outcome_of(&status),
    }
}

/// Done, under a name. Without one it could not be undone or told of: that is no answer.
fn named(name: String) -> Outcome {
    match name.is_empty() {
        true => Outcome::Unknown("the answer names nothing".into()),
        false => Outcome::Done(Receipt(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_definite_codes_are_refusals() {
        let definite = [
            Code::FailedPrecondition,
            Code::InvalidArgument,
            Code::NotFound,
            Code::PermissionDenied,
        ];
        for code in (0..=16).map(Code::from_i32) {
            let outcome = outcome_of(&Status::new(code, "a text that may say anything"));
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
