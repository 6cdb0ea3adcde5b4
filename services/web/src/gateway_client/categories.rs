//! `/categories`.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Call, CallError, GatewayClient};

/// Time that the categories are kept. Every page shows them; the gateway allows the same time to
/// every client.
const MAX_AGE: Duration = Duration::from_secs(10);

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

/// The categories of the last call, for a few seconds. One request at a time calls the gateway; the
/// others wait for its result.
#[derive(Debug, Default)]
pub(crate) struct CategoryCache(Mutex<Option<(Instant, Arc<[Category]>)>>);

impl CategoryCache {
    /// Returns all categories.
    pub(crate) async fn get(&self, gateway: &GatewayClient) -> Result<Arc<[Category]>, CallError> {
        let mut cached = self.0.lock().await;
        if let Some((read_at, categories)) = &*cached
            && read_at.elapsed() < MAX_AGE
        {
            return Ok(Arc::clone(categories));
        }
        let list: CategoryList = gateway.public(Call::get("/categories")).await?;
        let categories: Arc<[Category]> = list.categories.into();
        *cached = Some((Instant::now(), Arc::clone(&categories)));
        Ok(categories)
    }
}
