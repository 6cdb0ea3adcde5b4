//! The JSON API.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::Page;

use super::RequestError;
use crate::mail::Mail;
use crate::mailbox::Mailbox;

/// Query parameters of a list of mails.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    to: Option<String>,
    page: Option<i32>,
    page_size: Option<i32>,
}

impl ListQuery {
    /// Returns the page: its number, from 1, and its size, from 1 to 100. The default is the first
    /// page of 20.
    pub(super) fn page(&self) -> Result<Page, RequestError> {
        match (self.page, self.page_size) {
            (Some(0), _) | (_, Some(0)) => Err(RequestError::InvalidPage),
            (page, size) => Page::new(page.unwrap_or(0), size.unwrap_or(0))
                .map_err(|_| RequestError::InvalidPage),
        }
    }

    /// Returns the recipient that the list is filtered by.
    pub(super) fn recipient(&self) -> Option<&str> {
        self.to.as_deref().map(str::trim).filter(|to| !to.is_empty())
    }
}

/// A page of mails, in the format of the shop's own lists.
#[derive(Debug, Serialize)]
pub(super) struct MailList {
    mails: Vec<Arc<Mail>>,
    pagination: Pagination,
}

#[derive(Debug, Serialize)]
struct Pagination {
    page: i32,
    page_size: i32,
    total_pages: i32,
    total_count: i64,
}

pub(super) async fn list(
    State(mailbox): State<Mailbox>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<MailList>, RequestError> {
    let Query(query) = query.map_err(|_| RequestError::InvalidPage)?;
    let page = query.page()?;
    let (mails, total) = mailbox.list(query.recipient(), page);
    let pagination = Pagination {
        page: page.number(),
        page_size: page.size(),
        total_pages: page.pages(total),
        total_count: total,
    };
    Ok(Json(MailList { mails, pagination }))
}

pub(super) async fn mail(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<Json<Arc<Mail>>, RequestError> {
    find(&mailbox, &id).map(Json)
}

pub(super) async fn clear(State(mailbox): State<Mailbox>) -> StatusCode {
    mailbox.clear();
    StatusCode::NO_CONTENT
}

/// Returns the mail with this id.
pub(super) fn find(mailbox: &Mailbox, id: &str) -> Result<Arc<Mail>, RequestError> {
    let id = Uuid::try_parse(id).map_err(|_| RequestError::NotFound)?;
    mailbox.get(id).ok_or(RequestError::NotFound)
}
