//! The identity of the shop in mails: sender, name, URL.

use http::Uri;
use kit::Error;
use lettre::message::Mailbox;

use crate::Args;
use crate::domain::content::OrderReference;

/// The identity of the shop that sends the mails.
#[derive(Clone, Debug)]
pub(crate) struct ShopIdentity {
    /// Sender of every mail.
    pub(crate) from: Mailbox,
    /// Name of the shop: SHOP_NAME, otherwise the sender's name or the domain of its address.
    pub(crate) name: String,
    /// URL of the web shop, without a trailing slash.
    pub(crate) web_url: String,
    /// Whether WEB_URL is set, so that the web shop has pages for addresses and orders.
    pub(crate) has_web_shop: bool,
}

/// URL of a web shop on this machine, for development.
const DEFAULT_WEB_URL: &str = "http://localhost:3000";

impl ShopIdentity {
    /// Reads the identity from the settings.
    ///
    /// # Errors
    /// Returns an error if MAIL_FROM, SHOP_NAME or WEB_URL is invalid.
    pub(crate) fn new(args: &Args) -> Result<Self, Error> {
        let from = parse_sender(&args.mail_from)?;
        let name = parse_shop_name(args.shop_name.as_deref())?
            .or_else(|| from.name.clone())
            .unwrap_or_else(|| from.email.domain().to_owned());
        let web_url = parse_web_url(args.web_url.as_deref().unwrap_or(DEFAULT_WEB_URL))?;
        Ok(Self { from, name, web_url, has_web_shop: args.web_url.is_some() })
    }

    /// Returns the URL of the page that verifies an e-mail address; `None` without a web shop.
    pub(crate) fn verification_link(&self, token: &str) -> Option<String> {
        let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        self.has_web_shop.then(|| format!("{}/verify-email?token={token}", self.web_url))
    }

    /// Returns the URL of the page of an order; `None` without a web shop.
    pub(crate) fn order_link(&self, order: &OrderReference) -> Option<String> {
        self.has_web_shop.then(|| format!("{}/orders/{}", self.web_url, order.id))
    }

    /// Returns the URL of the page that sets a new password.
    pub(crate) fn reset_link(&self, token: &str) -> String {
        let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        format!("{}/reset-password?token={token}", self.web_url)
    }
}

fn parse_sender(text: &str) -> Result<Mailbox, Error> {
    let invalid = || Error::Setting {
        name: "MAIL_FROM",
        reason: "expected a sender, as in Storefront <shop@example.com>".to_owned(),
    };
    if text.contains(char::is_control) {
        return Err(invalid());
    }
    text.parse().map_err(|_| invalid())
}

/// The name is part of subjects, which are one line.
fn parse_shop_name(text: Option<&str>) -> Result<Option<String>, Error> {
    let Some(name) = text.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    match name.contains(char::is_control) {
        true => Err(Error::Setting { name: "SHOP_NAME", reason: "must be one line".to_owned() }),
        false => Ok(Some(name.to_owned())),
    }
}

fn parse_web_url(text: &str) -> Result<String, Error> {
    let invalid = || Error::Setting {
        name: "WEB_URL",
        reason: "expected the address of the web shop, as in https://shop.example.com".to_owned(),
    };
    let url: Uri = text.parse().map_err(|_| invalid())?;
    let is_web = matches!(url.scheme_str(), Some("http" | "https"));
    if !is_web || url.authority().is_none() || url.query().is_some() {
        return Err(invalid());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn sender_is_an_address_with_an_optional_name() {
        for (text, name, address) in [
            ("Storefront <shop@localhost>", Some("Storefront"), "shop@localhost"),
            ("\"Ada's, Ltd\" <shop@example.com>", Some("Ada's, Ltd"), "shop@example.com"),
            ("Bücher <shop@example.com>", Some("Bücher"), "shop@example.com"),
            ("shop@example.com", None, "shop@example.com"),
        ] {
            let sender = parse_sender(text).unwrap();
            assert_eq!(sender.name.as_deref(), name);
            assert_eq!(sender.email.to_string(), address);
        }
        for text in ["", "Storefront", "a <b>", "shop@example.com\r\nBcc: x@example.com"] {
            let refusal = parse_sender(text).unwrap_err().to_string();
            assert!(refusal.starts_with("MAIL_FROM: expected"), "{refusal}");
        }
    }

    #[test]
    fn shop_name_is_one_line() {
        assert_eq!(parse_shop_name(Some(" Ada's ")).unwrap().as_deref(), Some("Ada's"));
        assert_eq!(parse_shop_name(Some("")).unwrap(), None);
        assert_eq!(parse_shop_name(None).unwrap(), None);
        assert!(parse_shop_name(Some("Ada's\r\nBcc: x@example.com")).is_err());
    }

    #[test]
    fn web_url_must_be_http_or_https() {
        assert_eq!(
            parse_web_url("https://shop.example.com/en/").unwrap(),
            "https://shop.example.com/en"
        );
        for text in
            ["", "shop.example.com", "/x", "ftp://x", "javascript:alert(1)", "http://x/?a=b"]
        {
            assert!(parse_web_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reset_link_encodes_the_token() {
        let shop = ShopIdentity {
            from: "shop@example.com".parse().unwrap(),
            name: String::new(),
            web_url: "http://localhost:3000".into(),
            has_web_shop: true,
        };
        let link = shop.reset_link("a+b/c=&d e");
        assert_eq!(link, "http://localhost:3000/reset-password?token=a%2Bb%2Fc%3D%26d+e");
    }

    #[test]
    fn links_to_pages_exist_only_with_web_shop() {
        let shop = |has_web_shop| ShopIdentity {
            from: "shop@example.com".parse().unwrap(),
            name: String::new(),
            web_url: "https://shop.example.com".into(),
            has_web_shop,
        };
        let link = shop(true).verification_link("a+b").unwrap();
        assert_eq!(link, "https://shop.example.com/verify-email?token=a%2Bb");
        assert_eq!(shop(false).verification_link("a+b"), None);
        let order = OrderReference { id: Uuid::nil(), number: "K7Q2-M9XD-4T".into() };
        let link = shop(true).order_link(&order).unwrap();
        assert_eq!(link, "https://shop.example.com/orders/00000000-0000-0000-0000-000000000000");
        assert_eq!(shop(false).order_link(&order), None);
    }
}
