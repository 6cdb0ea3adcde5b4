//! Traversal of the operations of the OpenAPI document.

use utoipa::openapi::path::{Operation, PathItem};

/// Returns the operations of all methods of a path.
pub(super) fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}
