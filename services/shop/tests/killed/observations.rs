//! The requests of the shoppers and their responses, as rows of the snapshot.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use uuid::Uuid;

/// The recorded observations of all shoppers, by table. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observations(Arc<Mutex<BTreeMap<&'static str, Vec<Value>>>>);

impl Observations {
    fn record(&self, table: &'static str, row: Value) {
        self.0.lock().unwrap().entry(table).or_default().push(row);
    }

    /// Returns the rows of a table.
    pub(crate) fn rows(&self, table: &str) -> Vec<Value> {
        self.0.lock().unwrap().get(table).cloned().unwrap_or_default()
    }

    /// Records that an account was created.
    pub(crate) fn record_account(&self, user: Uuid) {
        self.record("accounts", json!({"user_id": user}));
    }

    /// Records that the content of an account's cart is unknown, because the response to an
    /// addition was lost.
    pub(crate) fn record_unknown_cart(&self, user: Uuid) {
        self.record("unknown_carts", json!({"user_id": user}));
    }

    /// Records that units were added to a cart.
    pub(crate) fn record_cart_addition(&self, user: Uuid, product: Uuid, quantity: i32) {
        let row = json!({"user_id": user, "product_id": product, "quantity": quantity});
        self.record("cart_additions", row);
    }

    /// Records a request for an order with an idempotency key. The status is `None` if there was no
    /// response.
    pub(crate) fn record_order_request(
        &self,
        user: Uuid,
        key: Uuid,
        status: Option<u16>,
        order: Option<Uuid>,
    ) {
        let row = json!({"user_id": user, "key": key, "status": status, "order_id": order});
        self.record("order_requests", row);
    }

    /// Records a request to cancel an order. The status is `None` if there was no response.
    pub(crate) fn record_cancel_request(&self, order: Uuid, status: Option<u16>) {
        self.record("cancel_requests", json!({"order_id": order, "status": status}));
    }
}
