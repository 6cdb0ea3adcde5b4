//! The two parts of a mail. The templates `templates/mail.html` and `templates/mail.txt` contain
//! what all mails share; the folders next to them contain one template for each kind.

use askama::Template;

use super::ShopIdentity;
use crate::domain::content::Content;

/// The HTML part, with all values escaped.
#[derive(Template)]
#[template(path = "mail.html")]
pub(super) struct Html<'a> {
    pub(super) shop: &'a ShopIdentity,
    pub(super) subject: &'a str,
    pub(super) content: &'a Content,
}

/// The plain text part.
#[derive(Template)]
#[template(path = "mail.txt")]
pub(super) struct Text<'a> {
    pub(super) shop: &'a ShopIdentity,
    pub(super) content: &'a Content,
}

#[cfg(test)]
mod tests {
    use money::{Currency, Money};
    use uuid::Uuid;

    use super::*;
    use crate::domain::content::{
        OrderCancelled, OrderConfirmation, OrderReference, RefundIssued, ShippingUpdate,
    };

    const LINK: &str = "https://shop.example.com/orders/00000000-0000-0000-0000-000000000000";

    /// Returns one mail of each kind that is about an order.
    fn order_mails() -> [Content; 4] {
        let order = || OrderReference { id: Uuid::nil(), number: "K7Q2-M9XD-4T".into() };
        let (none, zero) = (String::new, Money::zero(Currency::USD));
        [
            Content::OrderConfirmation(OrderConfirmation {
                first_name: none(),
                order: order(),
                items: Vec::new(),
                subtotal: zero,
                shipping: zero,
                tax: None,
                total: zero,
                address: Vec::new(),
                tracking_number: none(),
            }),
            Content::ShippingUpdate(ShippingUpdate {
                first_name: none(),
                order: order(),
                tracking_number: none(),
                carrier: none(),
                status: "shipped".into(),
                location: none(),
            }),
            Content::OrderCancelled(OrderCancelled {
                first_name: none(),
                order: order(),
                reason: none(),
            }),
            Content::RefundIssued(RefundIssued {
                first_name: none(),
                order: order(),
                amount: zero,
            }),
        ]
    }

    #[test]
    fn order_mails_have_number_and_with_web_shop_a_link() {
        for has_web_shop in [true, false] {
            let shop = ShopIdentity {
                from: "shop@example.com".parse().unwrap(),
                name: "Shop".into(),
                web_url: "https://shop.example.com".into(),
                has_web_shop,
            };
            for content in &order_mails() {
                let subject = content.subject(&shop.name);
                assert!(subject.contains("K7Q2-M9XD-4T"), "{subject}");
                let html = Html { shop: &shop, subject: &subject, content }.render().unwrap();
                let text = Text { shop: &shop, content }.render().unwrap();
                for part in [html, text] {
                    assert!(part.contains("K7Q2-M9XD-4T"), "{part}");
                    assert_eq!(part.contains(LINK), has_web_shop, "{part}");
                }
            }
        }
    }
}
