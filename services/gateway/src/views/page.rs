//! Position of a page in its list.

use proto::common::v1::PaginationResponse;
use serde::Serialize;
use utoipa::ToSchema;

/// Position of a page in its list.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Pagination {
    /// Number of the page, from 1.
    #[schema(example = 1, minimum = 1)]
    page: i32,
    /// Items per page.
    #[schema(example = 20, minimum = 1, maximum = 100)]
    page_size: i32,
    /// Pages of the whole list; 0 if it is empty.
    #[schema(example = 3, minimum = 0)]
    total_pages: i32,
    /// Items of the whole list.
    #[schema(example = 42, minimum = 0)]
    total_count: i64,
}

impl From<Option<PaginationResponse>> for Pagination {
    fn from(message: Option<PaginationResponse>) -> Self {
        let PaginationResponse { page, page_size, total_pages, total_count } =
            message.unwrap_or_default();
        Self { page, page_size, total_pages, total_count }
    }
}
