//! The JSON API.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::Page;

use super::Refusal;
use crate::{mail::Mail, mailbox::Mailbox};

/// Which mails are asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    to: Option<String>,
    page: Option<i32>,
    page_size: Option<i32>,
}

impl Wanted {
    /// The page, from 1, and its size, 1 to 100; by default the first one of 20.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        match (self.page, self.page_size) {
            (Some(0), _) | (_, Some(0)) => Err(Refusal::NotAPage),
            (page, size) => {
                Page::new(page.unwrap_or(0), size.unwrap_or(0)).map_err(|_| Refusal::NotAPage)
            }
        }
    }

    /// The address asked for.
    pub(super) fn to(&self) -> Option<&str> {
        self.to.as_deref().map(str::trim).filter(|to| !to.is_empty())
    }
}

/// A page of mails, in the form that the shop's own lists have.
#[derive(Debug, Serialize)]
pub(super) struct Mails {
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
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Mails>, Refusal> {
    let Query(wanted) = wanted.map_err(|_| Refusal::NotAPage)?;
    let page = wanted.page()?;
    let (mails, total) = mailbox.list(wanted.to(), page);
    let pagination = Pagination {
        page: page.number(),
        page_size: page.size(),
        total_pages: page.pages(total),
        total_count: total,
    };
    Ok(Json(Mails { mails, pagination }))
}

pub(super) async fn mail(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<Json<Arc<Mail>>, Refusal> {
    find(&mailbox, &id).map(Json)
}

pub(super) async fn clear(State(mailbox): State<Mailbox>) -> StatusCode {
    mailbox.clear();
    StatusCode::NO_CONTENT
}

/// The mail with this id.
pub(super) fn find(mailbox: &Mailbox, id: &str) -> Result<Arc<Mail>, Refusal> {
    let id = Uuid::try_parse(id).map_err(|_| Refusal::NotFound)?;
    mailbox.get(id).ok_or(Refusal::NotFound)
}
