//! `/categories`.

use serde::Deserialize;
use uuid::Uuid;

use super::{Call, CallError, GatewayClient};

/// A category. Categories form a tree.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Category {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) description: String,
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) product_count: i64,
}

#[derive(Deserialize)]
struct CategoryList {
    categories: Vec<Category>,
}

impl GatewayClient {
    /// Returns all categories.
    pub(super) async fn categories(&self) -> Result<Vec<Category>, CallError> {
        let list: CategoryList = self.public(Call::get("/categories")).await?;
        Ok(list.categories)
    }
}
