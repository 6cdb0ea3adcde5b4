//! The JSON API.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use kit::problem::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::Page;

use super::not_found;
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
    pub(super) fn page(&self) -> Result<Page, Problem> {
        match (self.page, self.page_size) {
            (Some(0), _) | (_, Some(0)) => Err(not_a_page()),
            (page, size) => {
                Page::new(page.unwrap_or(0), size.unwrap_or(0)).map_err(|_| not_a_page())
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
) -> Result<Json<Mails>, Problem> {
    let Query(wanted) = wanted.map_err(|_| not_a_page())?;
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
) -> Result<Json<Arc<Mail>>, Problem> {
    find(&mailbox, &id).map(Json)
}

pub(super) async fn clear(State(mailbox): State<Mailbox>) -> StatusCode {
    mailbox.clear();
    StatusCode::NO_CONTENT
}

/// The mail with this id.
pub(super) fn find(mailbox: &Mailbox, id: &str) -> Result<Arc<Mail>, Problem> {
    let id = Uuid::try_parse(id).map_err(|_| not_found())?;
    mailbox.get(id).ok_or_else(not_found)
}

pub(super) fn not_a_page() -> Problem {
    let detail = "page counts from 1, page_size is 1 to 100.";
    Problem::new(StatusCode::BAD_REQUEST, "validation_failed", detail)
}
