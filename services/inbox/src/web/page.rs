//! Web pages. The templates escape the content of mails; the HTML of a mail is displayed only in a
//! sandboxed frame.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{Html, IntoResponse};
use jiff::Timestamp;
use wire::Page;

use super::RequestError;
use super::json::{ListQuery, find};
use crate::mail::Mail;
use crate::mailbox::Mailbox;

/// Content security policy of the HTML of a mail, in a frame or not: it runs no script, loads
/// nothing and has an opaque origin. Links open in new windows, because the links of mails are
/// there to be tried.
const MAIL_HTML_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; \
    default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'";

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    mails: Vec<Arc<Mail>>,
    total: i64,
    newer: Option<i32>,
    older: Option<i32>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage {
    mail: Arc<Mail>,
}

pub(super) async fn list(
    State(mailbox): State<Mailbox>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Html<String>, RequestError> {
    let Query(query) = query.map_err(|_| RequestError::InvalidPage)?;
    let page: Page = query.page()?;
    let (mails, total) = mailbox.list(query.recipient(), page);
    let number = page.number();
    let newer = (number > 1).then(|| number - 1);
    let older = (number < page.pages(total)).then(|| number + 1);
    render(&ListPage { mails, total, newer, older })
}

pub(super) async fn mail(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<Html<String>, RequestError> {
    let mail = find(&mailbox, &id)?;
    render(&MailPage { mail })
}

pub(super) async fn html(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, RequestError> {
    let mail = find(&mailbox, &id)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, MAIL_HTML_POLICY)], Html(mail.html.clone())))
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("../../templates/style.css"))
}

fn render(page: &impl Template) -> Result<Html<String>, RequestError> {
    page.render().map(Html).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "rendering a page failed");
        RequestError::RenderFailed
    })
}

/// Formats a time for people.
fn format_time(time: &Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
