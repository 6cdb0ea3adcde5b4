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
