//! Requests, read.

use proto::notification::v1 as pb;
use tonic::Status;
use uuid::Uuid;
use wire::{Email, Fields, Page};

use super::fields::NotificationFields as _;
use crate::domain::{
    NotificationId,
    content::{
        Content, Item, OrderCancelled, OrderConfirmation, PasswordReset, RefundIssued,
        ShippingUpdate, Welcome, lines,
    },
    delivery,
};

/// Lines of one order: as many as a cart may have.
const MAX_ITEMS: usize = 100;
/// Units on a line; far above what a cart takes.
const MAX_QUANTITY: i32 = 1_000_000;
const MAX_PRODUCT_NAME_CHARS: usize = 200;
const MAX_REASON_CHARS: usize = 500;
/// The longest word or number of a carrier.
const MAX_SHIPPING_CHARS: usize = 100;
const MAX_TOKEN_CHARS: usize = 512;

/// A mail that is asked for.
pub(super) struct Draft {
    pub(super) recipient: Email,
    pub(super) idempotency_key: Option<String>,
    pub(super) content: Content,
}

/// What every mail has.
type Envelope = Option<(Email, Option<String>)>;

fn envelope(fields: &mut Fields, email: &str, key: &str) -> Envelope {
    let recipient = fields.recipient("email", email);
    let idempotency_key = fields.key("idempotency_key", key);
    Some((recipient?, idempotency_key?))
}

/// Puts it together with what the mail says.
fn draft(fields: Fields, envelope: Envelope, content: Option<Content>) -> Result<Draft, Status> {
    let read = || {
        let (recipient, idempotency_key) = envelope?;
        Some(Draft { recipient, idempotency_key, content: content? })
    };
    fields.finish(read())
}

pub(super) fn welcome(request: &pb::SendWelcomeEmailRequest) -> Result<Draft, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let first_name = fields.first_name("first_name", &request.first_name);
    let content = first_name.map(|first_name| Content::Welcome(Welcome { first_name }));
    draft(fields, envelope, content)
}

pub(super) fn password_reset(request: &pb::SendPasswordResetRequest) -> Result<Draft, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let token = fields.line("reset_token", &request.reset_token, MAX_TOKEN_CHARS);
    let content = token.map(|token| Content::PasswordReset(PasswordReset { token }));
    draft(fields, envelope, content)
}

pub(super) fn order_confirmation(
    request: &pb::SendOrderConfirmationRequest,
) -> Result<Draft, Status> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let envelope = envelope(f, &request.email, &request.idempotency_key);
    let first_name = f.first_name("first_name", &request.first_name);
    let order = f.id::<Uuid>("order_id", &request.order_id);
    let items = items(f, &request.items);
    let subtotal = f.amount("subtotal", request.subtotal.as_ref());
    let shipping = f.amount("shipping", request.shipping.as_ref());
    let tax = match &request.tax {
        Some(tax) => f.amount("tax", Some(tax)).map(Some),
        None => Some(None),
    };
    let total = f.amount("total", request.total.as_ref());
    let address = f.address("shipping_address", request.shipping_address.as_ref());
    let tracking_number =
        f.line_or_empty("tracking_number", &request.tracking_number, MAX_SHIPPING_CHARS);
    let read = || {
        let first_name = first_name?;
        Some(Content::OrderConfirmation(OrderConfirmation {
            order: order?,
            items: items?,
            subtotal: subtotal?,
            shipping: shipping?,
            tax: tax?,
            total: total?,
            address: lines(address?, &first_name),
            first_name,
            tracking_number: tracking_number?,
        }))
    };
    draft(fields, envelope, read())
}

fn items(fields: &mut Fields, items: &[pb::OrderItem]) -> Option<Vec<Item>> {
    match items.len() {
        0 => return fields.reject("items", "is required"),
        1..=MAX_ITEMS => {}
        _ => return fields.reject("items", format!("must have at most {MAX_ITEMS} entries")),
    }
    // Each one is looked at, also after one that is wrong.
    let read: Vec<_> = items.iter().enumerate().map(|(n, one)| item(fields, n, one)).collect();
    read.into_iter().collect()
}

fn item(fields: &mut Fields, n: usize, item: &pb::OrderItem) -> Option<Item> {
    let part = |name: &str| format!("items[{n}].{name}");
    let product_name =
        fields.line(&part("product_name"), &item.product_name, MAX_PRODUCT_NAME_CHARS);
    let quantity = fields.number(&part("quantity"), item.quantity, 1, MAX_QUANTITY);
    let unit_price = fields.amount(&part("unit_price"), item.unit_price.as_ref());
    let total_price = fields.amount(&part("total_price"), item.total_price.as_ref());
    Some(Item {
        product_name: product_name?,
        quantity: quantity?,
        unit_price: unit_price?,
        total_price: total_price?,
    })
}

pub(super) fn shipping_update(request: &pb::SendShippingUpdateRequest) -> Result<Draft, Status> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let envelope = envelope(f, &request.email, &request.idempotency_key);
    let first_name = f.first_name("first_name", &request.first_name);
    let order = f.id::<Uuid>("order_id", &request.order_id);
    let tracking_number =
        f.line_or_empty("tracking_number", &request.tracking_number, MAX_SHIPPING_CHARS);
    let carrier = f.line_or_empty("carrier", &request.carrier, MAX_SHIPPING_CHARS);
    let status = f.line("status", &request.status, MAX_SHIPPING_CHARS);
    let location = f.line_or_empty("location", &request.location, MAX_SHIPPING_CHARS);
    let read = || {
        Some(Content::ShippingUpdate(ShippingUpdate {
            first_name: first_name?,
            order: order?,
            tracking_number: tracking_number?,
            carrier: carrier?,
            status: status?,
            location: location?,
        }))
    };
    draft(fields, envelope, read())
}

pub(super) fn order_cancelled(request: &pb::SendOrderCancelledRequest) -> Result<Draft, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let first_name = fields.first_name("first_name", &request.first_name);
    let order = fields.id::<Uuid>("order_id", &request.order_id);
    let reason = fields.text("reason", &request.reason, MAX_REASON_CHARS);
    let read = || {
        Some(Content::OrderCancelled(OrderCancelled {
            first_name: first_name?,
            order: order?,
            reason: plain_lines(reason?.trim()),
        }))
    };
    draft(fields, envelope, read())
}

/// With one sort of line ends: a lone carriage return ends a line for some mail servers and not for
/// others, and what follows must be the same to all of them.
fn plain_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

pub(super) fn refund_issued(request: &pb::SendRefundIssuedRequest) -> Result<Draft, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let first_name = fields.first_name("first_name", &request.first_name);
    let order = fields.id::<Uuid>("order_id", &request.order_id);
    let amount = fields.amount("amount", request.amount.as_ref());
    let read = || {
        Some(Content::RefundIssued(RefundIssued {
            first_name: first_name?,
            order: order?,
            amount: amount?,
        }))
    };
    draft(fields, envelope, read())
}

pub(super) fn list(
    request: &pb::ListNotificationsRequest,
) -> Result<(Option<delivery::Status>, Page), Status> {
    let mut fields = Fields::default();
    let status = fields.status_or_none("status", &request.status);
    let page = fields.page(request.pagination.as_ref());
    let read = || Some((status?, page?));
    fields.finish(read())
}

pub(super) fn retry(request: &pb::RetryNotificationRequest) -> Result<NotificationId, Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    fields.finish(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lone_carriage_return_comes_into_a_mail() {
        let request = pb::SendOrderCancelledRequest {
            email: "ada@example.com".into(),
            order_id: Uuid::nil().to_string(),
            reason: "one\r.\r\ntwo\n.\nthree\r\r".into(),
            ..Default::default()
        };
        let Ok(Draft { content: Content::OrderCancelled(mail), .. }) = order_cancelled(&request)
        else {
            panic!("it is refused or another mail");
        };
        assert_eq!(mail.reason, "one\n.\ntwo\n.\nthree");
    }
}
