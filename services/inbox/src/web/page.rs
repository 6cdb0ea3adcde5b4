//! The pages. What mails hold goes through the templates' escaping; their HTML is shown only within
//! a frame that may do nothing.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::{Html, IntoResponse},
};
use jiff::Timestamp;
use wire::Page;

use super::{
    Refusal,
    json::{Wanted, find},
};
use crate::{mail::Mail, mailbox::Mailbox};

/// For the HTML of a mail, in a frame or not: no script, nothing loaded, an origin of its own. Links
/// open windows of their own, for a mail with a link is there to be tried out.
const OF_A_MAIL: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
    style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

#[derive(Template)]
#[template(path = "list.html")]
struct List {
    mails: Vec<Arc<Mail>>,
    total: i64,
    newer: Option<i32>,
    older: Option<i32>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Shown {
    mail: Arc<Mail>,
}

pub(super) async fn list(
    State(mailbox): State<Mailbox>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Html<String>, Refusal> {
    let Query(wanted) = wanted.map_err(|_| Refusal::NotAPage)?;
    let page: Page = wanted.page()?;
    let (mails, total) = mailbox.list(wanted.to(), page);
    let number = page.number();
    let newer = (number > 1).then(|| number - 1);
    let older = (number < page.pages(total)).then(|| number + 1);
    render(&List { mails, total, newer, older })
}

pub(super) async fn mail(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<Html<String>, Refusal> {
    let mail = find(&mailbox, &id)?;
    render(&Shown { mail })
}

pub(super) async fn html(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let mail = find(&mailbox, &id)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, OF_A_MAIL)], Html(mail.html.clone())))
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("../../templates/style.css"))
}

fn render(page: &impl Template) -> Result<Html<String>, Refusal> {
    page.render().map(Html).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a page could not be written");
        Refusal::Unwritable
    })
}

/// A time as people read it.
fn minute(time: &Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
