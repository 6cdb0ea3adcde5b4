//! What shoppers did and what they were told, as rows for the books.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use uuid::Uuid;

/// All that shoppers saw. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<BTreeMap<&'static str, Vec<Value>>>>);

impl Told {
    fn row(&self, table: &'static str, row: Value) {
        self.0.lock().unwrap().entry(table).or_default().push(row);
    }

    /// The rows of a table.
    pub(crate) fn rows(&self, table: &str) -> Vec<Value> {
        self.0.lock().unwrap().get(table).cloned().unwrap_or_default()
    }

    /// An account was made.
    pub(crate) fn account(&self, user: Uuid) {
        self.row("accounts", json!({"user_id": user}));
    }

    /// Nobody knows whether something was put into this account's cart.
    pub(crate) fn unsure(&self, user: Uuid) {
        self.row("unsure", json!({"user_id": user}));
    }

    /// Units were put into a cart.
    pub(crate) fn put(&self, user: Uuid, product: Uuid, quantity: i32) {
        self.row("puts", json!({"user_id": user, "product_id": product, "quantity": quantity}));
    }

    /// An order was asked for with a key; the answer, without a status when there was none.
    pub(crate) fn asked(&self, user: Uuid, key: Uuid, status: Option<u16>, order: Option<Uuid>) {
        let row = json!({"user_id": user, "key": key, "status": status, "order_id": order});
        self.row("asked", row);
    }

    /// A cancel was asked for.
    pub(crate) fn cancel(&self, order: Uuid, status: Option<u16>) {
        self.row("cancels", json!({"order_id": order, "status": status}));
    }
}
