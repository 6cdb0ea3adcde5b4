//! The two parts of a mail, by the templates: `templates/mail.html` and `templates/mail.txt` are what
//! all mails have in common, the folders beside them hold what is a kind's own.

use askama::Template;

use super::Shop;
use crate::domain::content::Content;

/// A mail as HTML, everything in it escaped.
#[derive(Template)]
#[template(path = "mail.html")]
pub(super) struct Html<'a> {
    pub(super) shop: &'a Shop,
    pub(super) subject: &'a str,
    pub(super) content: &'a Content,
}

/// The same as plain text.
#[derive(Template)]
#[template(path = "mail.txt")]
pub(super) struct Text<'a> {
    pub(super) shop: &'a Shop,
    pub(super) content: &'a Content,
}
