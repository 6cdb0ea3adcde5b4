//! Parsing of requests.

use proto::notification::v1 as pb;
use tonic::Status;
use uuid::Uuid;
use wire::{Email, Fields, Page};

use super::fields::NotificationFields as _;
use crate::domain::content::{
    Content, EmailChanged, EmailVerification, LineItem, OrderCancelled, OrderConfirmation,
    OrderReference, PasswordReset, RefundIssued, ShippingUpdate, SignInThrottled, Welcome,
    address_lines,
};
use crate::domain::{NotificationId, delivery};

/// The maximum number of line items of an order, which is that of a cart.
const MAX_ITEMS: usize = 100;
/// The maximum quantity of a line item, far above that of a cart.
const MAX_QUANTITY: i32 = 1_000_000;
const MAX_PRODUCT_NAME_CHARS: usize = 200;
const MAX_REASON_CHARS: usize = 500;
/// The maximum length of a tracking number, carrier, status or location.
const MAX_SHIPPING_CHARS: usize = 100;
const MAX_TOKEN_CHARS: usize = 512;
/// The maximum length of an order number, with margin.
const MAX_ORDER_NUMBER_CHARS: usize = 40;

/// A request to send a mail.
pub(super) struct MailRequest {
    pub(super) recipient: Email,
    pub(super) idempotency_key: Option<String>,
    pub(super) content: Content,
}

/// The recipient and the idempotency key, which every mail has.
type Envelope = Option<(Email, Option<String>)>;

fn envelope(fields: &mut Fields, email: &str, key: &str) -> Envelope {
    let recipient = fields.recipient("email", email);
    let idempotency_key = fields.key("idempotency_key", key);
    Some((recipient?, idempotency_key?))
}

/// Combines the fields that every mail has with the content.
fn mail_request(
    fields: Fields,
    envelope: Envelope,
    content: Option<Content>,
) -> Result<MailRequest, Status> {
    let parsed = || {
        let (recipient, idempotency_key) = envelope?;
        Some(MailRequest { recipient, idempotency_key, content: content? })
    };
    fields.finish(parsed())
}

pub(super) fn welcome(request: &pb::SendWelcomeEmailRequest) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let first_name = fields.first_name("first_name", &request.first_name);
    let content = first_name.map(|first_name| Content::Welcome(Welcome { first_name }));
    mail_request(fields, envelope, content)
}

pub(super) fn password_reset(
    request: &pb::SendPasswordResetRequest,
) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let token = fields.line("reset_token", &request.reset_token, MAX_TOKEN_CHARS);
    let content = token.map(|token| Content::PasswordReset(PasswordReset { token }));
    mail_request(fields, envelope, content)
}

pub(super) fn sign_in_throttled(
    request: &pb::SendSignInThrottledRequest,
) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    mail_request(fields, envelope, Some(Content::SignInThrottled(SignInThrottled {})))
}

pub(super) fn email_verification(
    request: &pb::SendEmailVerificationRequest,
) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let token = fields.line("verification_token", &request.verification_token, MAX_TOKEN_CHARS);
    let content = token.map(|token| Content::EmailVerification(EmailVerification { token }));
    mail_request(fields, envelope, content)
}

pub(super) fn email_changed(request: &pb::SendEmailChangedRequest) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    mail_request(fields, envelope, Some(Content::EmailChanged(EmailChanged {})))
}

pub(super) fn order_confirmation(
    request: &pb::SendOrderConfirmationRequest,
) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let envelope = envelope(f, &request.email, &request.idempotency_key);
    let first_name = f.first_name("first_name", &request.first_name);
    let order = order(f, &request.order_id, &request.order_number);
    let items = items(f, &request.items);
    let subtotal = f.amount("subtotal", request.subtotal.as_ref());
    let shipping = f.amount("shipping", request.shipping.as_ref());
    let tax = match &request.tax {
        Some(tax) => f.amount("tax", Some(tax)).map(Some),
        None => Some(None),
    };
    let total = f.amount("total", request.total.as_ref());
    let address = match &request.shipping_address {
        Some(address) => f.order_address("shipping_address", Some(address)).map(Some),
        None => Some(None),
    };
    let tracking_number =
        f.line_or_empty("tracking_number", &request.tracking_number, MAX_SHIPPING_CHARS);
    let parsed = || {
        let first_name = first_name?;
        Some(Content::OrderConfirmation(OrderConfirmation {
            order: order?,
            items: items?,
            subtotal: subtotal?,
            shipping: shipping?,
            tax: tax?,
            total: total?,
            address: address?.map_or_else(Vec::new, |a| address_lines(a, &first_name)),
            first_name,
            tracking_number: tracking_number?,
        }))
    };
    mail_request(fields, envelope, parsed())
}

/// Reads the id of an order and its number, which an earlier release of the caller does not send.
fn order(fields: &mut Fields, id: &str, number: &str) -> Option<OrderReference> {
    let id = fields.id::<Uuid>("order_id", id);
    let number = fields.line_or_empty("order_number", number, MAX_ORDER_NUMBER_CHARS);
    Some(OrderReference { id: id?, number: number? })
}

fn items(fields: &mut Fields, items: &[pb::OrderItem]) -> Option<Vec<LineItem>> {
    match items.len() {
        0 => return fields.reject("items", "is required"),
        1..=MAX_ITEMS => {}
        _ => return fields.reject("items", format!("must have at most {MAX_ITEMS} entries")),
    }
    // Validates every item, also after an invalid one.
    let parsed: Vec<_> = items.iter().enumerate().map(|(n, one)| item(fields, n, one)).collect();
    parsed.into_iter().collect()
}

fn item(fields: &mut Fields, n: usize, item: &pb::OrderItem) -> Option<LineItem> {
    let part = |name: &str| format!("items[{n}].{name}");
    let product_name =
        fields.line(&part("product_name"), &item.product_name, MAX_PRODUCT_NAME_CHARS);
    let quantity = fields.number(&part("quantity"), item.quantity, 1, MAX_QUANTITY);
    let unit_price = fields.amount(&part("unit_price"), item.unit_price.as_ref());
    let total_price = fields.amount(&part("total_price"), item.total_price.as_ref());
    Some(LineItem {
        product_name: product_name?,
        quantity: quantity?,
        unit_price: unit_price?,
        total_price: total_price?,
    })
}

pub(super) fn shipping_update(
    request: &pb::SendShippingUpdateRequest,
) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let envelope = envelope(f, &request.email, &request.idempotency_key);
    let first_name = f.first_name("first_name", &request.first_name);
    let order = order(f, &request.order_id, &request.order_number);
    let tracking_number =
        f.line_or_empty("tracking_number", &request.tracking_number, MAX_SHIPPING_CHARS);
    let carrier = f.line_or_empty("carrier", &request.carrier, MAX_SHIPPING_CHARS);
    let status = f.line("status", &request.status, MAX_SHIPPING_CHARS);
    let location = f.line_or_empty("location", &request.location, MAX_SHIPPING_CHARS);
    let parsed = || {
        Some(Content::ShippingUpdate(ShippingUpdate {
            first_name: first_name?,
            order: order?,
            tracking_number: tracking_number?,
            carrier: carrier?,
            status: status?,
            location: location?,
        }))
    };
    mail_request(fields, envelope, parsed())
}

pub(super) fn order_cancelled(
    request: &pb::SendOrderCancelledRequest,
) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let first_name = fields.first_name("first_name", &request.first_name);
    let order = order(&mut fields, &request.order_id, &request.order_number);
    let reason = fields.text("reason", &request.reason, MAX_REASON_CHARS);
    let parsed = || {
        Some(Content::OrderCancelled(OrderCancelled {
            first_name: first_name?,
            order: order?,
            reason: plain_lines(reason?.trim()),
        }))
    };
    mail_request(fields, envelope, parsed())
}

/// Normalizes line endings to LF: some mail servers treat a lone carriage return as a line ending
/// and others do not, and all of them must see the same lines.
fn plain_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

pub(super) fn refund_issued(request: &pb::SendRefundIssuedRequest) -> Result<MailRequest, Status> {
    let mut fields = Fields::default();
    let envelope = envelope(&mut fields, &request.email, &request.idempotency_key);
    let first_name = fields.first_name("first_name", &request.first_name);
    let order = order(&mut fields, &request.order_id, &request.order_number);
    let amount = fields.amount("amount", request.amount.as_ref());
    let parsed = || {
        Some(Content::RefundIssued(RefundIssued {
            first_name: first_name?,
            order: order?,
            amount: amount?,
        }))
    };
    mail_request(fields, envelope, parsed())
}

pub(super) fn list(
    request: &pb::ListNotificationsRequest,
) -> Result<(Option<delivery::Status>, Page), Status> {
    let mut fields = Fields::default();
    let status = fields.status_or_none("status", &request.status);
    let page = fields.page(request.pagination.as_ref());
    let parsed = || Some((status?, page?));
    fields.finish(parsed())
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
    fn line_endings_are_normalized() {
        let request = pb::SendOrderCancelledRequest {
            email: "ada@example.com".into(),
            order_id: Uuid::nil().to_string(),
            reason: "one\r.\r\ntwo\n.\nthree\r\r".into(),
            ..Default::default()
        };
        let Ok(MailRequest { content: Content::OrderCancelled(mail), .. }) =
            order_cancelled(&request)
        else {
            panic!("rejected or another kind of mail");
        };
        assert_eq!(mail.reason, "one\n.\ntwo\n.\nthree");
    }
}
