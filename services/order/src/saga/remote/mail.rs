//! Mails about orders. The customer's email address and name are read when a mail is sent, and are
//! not stored here.
//!
//! An address that is not verified may belong to a stranger. It gets mails about paid orders only,
//! without any text that the customer wrote: no name and no address.

use proto::notification::v1 as pb;
use proto::user::v1::{GetUserRequest, User};
use tonic::Status;
use wire::render;

use super::{RemoteServices, done, outcome_of};
use crate::domain::line::Line;
use crate::domain::order::Order;
use crate::domain::outbox::Topic;
use crate::domain::outcome::{Outcome, Receipt};
use crate::domain::status::Status as OrderStatus;

/// Recipient of a mail.
struct Customer {
    email: String,
    /// Empty for an address that is not verified.
    first_name: String,
    email_verified: bool,
}

impl RemoteServices {
    pub(super) async fn send_mail(&self, order: &Order, topic: &Topic) -> Outcome {
        let customer = match self.customer(order).await {
            Ok(customer) => customer,
            Err(status) => return outcome_of(&status),
        };
        if !customer.email_verified && order.transaction.is_none() {
            return Outcome::Done(Receipt::default());
        }
        let mut client = self.notification.clone();
        match topic {
            Topic::ConfirmationMail => {
                done(client.send_order_confirmation(confirmation(order, customer)).await)
            }
            Topic::CancelledMail => {
                done(client.send_order_cancelled(cancelled(order, customer)).await)
            }
            Topic::ShippedMail => done(client.send_shipping_update(shipped(order, customer)).await),
            Topic::RefundMail { amount, .. } => {
                let request = pb::SendRefundIssuedRequest {
                    email: customer.email,
                    first_name: customer.first_name,
                    order_id: order.id.to_string(),
                    order_number: order.number.to_string(),
                    amount: Some(render::money(*amount)),
                    idempotency_key: topic.key(order.id),
                };
                done(client.send_refund_issued(request).await)
            }
            Topic::TakeFromCart => Outcome::Unknown("not a mail".into()),
        }
    }

    async fn customer(&self, order: &Order) -> Result<Customer, Status> {
        let request = GetUserRequest { id: order.user.to_string() };
        let user = self.user.clone().get_user(request).await?.into_inner();
        let User { email, email_verified, profile, .. } = user;
        // Absent: an earlier release of `user`, whose accounts all count as verified.
        let email_verified = email_verified.unwrap_or(true);
        let profile = profile.filter(|_| email_verified);
        let first_name = profile.and_then(|profile| profile.first_name).unwrap_or_default();
        Ok(Customer { email, first_name, email_verified })
    }
}

fn confirmation(order: &Order, customer: Customer) -> pb::SendOrderConfirmationRequest {
    let money = |money| Some(render::money(money));
    let item = |line: &Line| pb::OrderItem {
        product_name: line.name.clone(),
        quantity: line.quantity,
        unit_price: money(line.unit_price),
        total_price: line.total().ok().map(render::money),
    };
    pb::SendOrderConfirmationRequest {
        email: customer.email,
        first_name: customer.first_name,
        order_id: order.id.to_string(),
        order_number: order.number.to_string(),
        items: order.lines.iter().map(item).collect(),
        subtotal: money(order.sums.subtotal),
        shipping: money(order.sums.shipping),
        total: money(order.sums.total),
        shipping_address: customer.email_verified.then(|| render::address(order.address.clone())),
        tracking_number: order.tracking_number.clone().unwrap_or_default(),
        tax: money(order.sums.tax),
        idempotency_key: Topic::ConfirmationMail.key(order.id),
    }
}

fn cancelled(order: &Order, customer: Customer) -> pb::SendOrderCancelledRequest {
    let reason = match &order.failure {
        Some(failure) => failure.code.sentence(),
        None => "It was cancelled on request.",
    };
    pb::SendOrderCancelledRequest {
        email: customer.email,
        first_name: customer.first_name,
        order_id: order.id.to_string(),
        order_number: order.number.to_string(),
        reason: reason.into(),
        idempotency_key: Topic::CancelledMail.key(order.id),
    }
}

fn shipped(order: &Order, customer: Customer) -> pb::SendShippingUpdateRequest {
    pb::SendShippingUpdateRequest {
        email: customer.email,
        first_name: customer.first_name,
        order_id: order.id.to_string(),
        order_number: order.number.to_string(),
        tracking_number: order.tracking_number.clone().unwrap_or_default(),
        carrier: order.shipping_option.carrier.clone(),
        status: OrderStatus::Shipped.as_str().into(),
        location: String::new(),
        idempotency_key: Topic::ShippedMail.key(order.id),
    }
}
