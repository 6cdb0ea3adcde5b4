//! Who writes: the shop, as its settings name it.

use http::Uri;
use kit::Error;
use lettre::message::Mailbox;

use crate::Args;

/// The shop that the mails come from.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    /// The sender.
    pub(crate) from: Mailbox,
    /// What it is called: the sender's name, or else its domain.
    pub(crate) name: String,
    /// Where people find it; no slash at the end.
    pub(crate) web_url: String,
}

impl Shop {
    /// # Errors
    /// When MAIL_FROM or WEB_URL cannot be used.
    pub(crate) fn new(args: &Args) -> Result<Self, Error> {
        let from = sender(&args.mail_from)?;
        let name = from.name.clone().unwrap_or_else(|| from.email.domain().to_owned());
        Ok(Self { from, name, web_url: web_url(&args.web_url)? })
    }

    /// The page on which a new password is set.
    pub(crate) fn reset_link(&self, token: &str) -> String {
        let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        format!("{}/reset-password?token={token}", self.web_url)
    }
}

fn sender(text: &str) -> Result<Mailbox, Error> {
    let wrong = || Error::Setting {
        name: "MAIL_FROM",
        reason: "expected a sender, as in Storefront <shop@example.com>".to_owned(),
    };
    if text.contains(char::is_control) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

fn web_url(text: &str) -> Result<String, Error> {
    let wrong = || Error::Setting {
        name: "WEB_URL",
        reason: "expected the address of the web shop, as in https://shop.example.com".to_owned(),
    };
    let url: Uri = text.parse().map_err(|_| wrong())?;
    let is_web = matches!(url.scheme_str(), Some("http" | "https"));
    if !is_web || url.authority().is_none() || url.query().is_some() {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_have_an_address_and_may_have_a_name() {
        for (text, name, address) in [
            ("Storefront <shop@localhost>", Some("Storefront"), "shop@localhost"),
            ("\"Ada's, Ltd\" <shop@example.com>", Some("Ada's, Ltd"), "shop@example.com"),
            ("Bücher <shop@example.com>", Some("Bücher"), "shop@example.com"),
            ("shop@example.com", None, "shop@example.com"),
        ] {
            let sender = sender(text).unwrap();
            assert_eq!(sender.name.as_deref(), name);
            assert_eq!(sender.email.to_string(), address);
        }
        for text in ["", "Storefront", "a <b>", "shop@example.com\r\nBcc: x@example.com"] {
            let refusal = sender(text).unwrap_err().to_string();
            assert!(refusal.starts_with("MAIL_FROM: expected"), "{refusal}");
        }
    }

    #[test]
    fn links_begin_with_an_address_of_the_web() {
        assert_eq!(web_url("https://shop.example.com/en/").unwrap(), "https://shop.example.com/en");
        for text in
            ["", "shop.example.com", "/x", "ftp://x", "javascript:alert(1)", "http://x/?a=b"]
        {
            assert!(web_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tokens_are_encoded_in_links() {
        let shop = Shop {
            from: "shop@example.com".parse().unwrap(),
            name: String::new(),
            web_url: "http://localhost:3000".into(),
        };
        let link = shop.reset_link("a+b/c=&d e");
        assert_eq!(link, "http://localhost:3000/reset-password?token=a%2Bb%2Fc%3D%26d+e");
    }
}
