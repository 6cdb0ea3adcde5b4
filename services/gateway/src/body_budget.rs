//! The memory of request bodies: a budget that all requests share, and no client exhausts.
//!
//! A request takes its part before its body is read, all at once and without waiting: requests that
//! wait for each other while they hold a part would block each other. The part covers the body and
//! what parsing it needs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kit::http::Client;

/// Bytes of a request apart from its body: headers, the state of its handler, buffers.
const REQUEST_BYTES: u64 = 16 * 1024;

/// Bytes that parsing needs at most per byte of the body. The worst case is a list of objects with
/// one key: `{"":0},` has 7 bytes, and its tree node about 600.
const PARSED_BYTES_PER_BYTE: u64 = 90;

/// Bytes that parsing needs at most for any body: 500 values (`validation::json`), half of
/// them objects with one key.
const MAX_PARSED_BYTES: u64 = 256 * 1024;

/// Memory of request bodies. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct BodyBudget {
    total: u64,
    used: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    total: u64,
    by_client: HashMap<Client, u64>,
}

impl BodyBudget {
    /// Creates a budget of `total` bytes. One client gets at most a quarter.
    pub(crate) fn new(total: u64) -> Self {
        Self { total, used: Arc::default() }
    }

    /// Takes the memory of a body of `length` bytes until the guard is dropped; `None` if the
    /// budget or the client's share of it does not suffice.
    pub(crate) fn try_take(&self, client: Client, length: usize) -> Option<BudgetGuard> {
        let bytes = body_cost(length);
        let mut used = self.used();
        let of_client = used.by_client.get(&client).copied().unwrap_or(0);
        if used.total + bytes > self.total || of_client + bytes > self.total / 4 {
            return None;
        }
        used.total += bytes;
        used.by_client.insert(client, of_client + bytes);
        drop(used);
        Some(BudgetGuard { budget: self.clone(), client, bytes })
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the memory that a body of `length` bytes needs, in bytes.
pub(crate) const fn body_cost(length: usize) -> u64 {
    let length = length as u64;
    let parsed = length.saturating_mul(PARSED_BYTES_PER_BYTE);
    let parsed = if parsed < MAX_PARSED_BYTES { parsed } else { MAX_PARSED_BYTES };
    REQUEST_BYTES + length.saturating_mul(2) + parsed
}

/// Keeps a part of the budget until it is dropped.
#[derive(Debug)]
pub(crate) struct BudgetGuard {
    budget: BodyBudget,
    client: Client,
    bytes: u64,
}

impl Drop for BudgetGuard {
    fn drop(&mut self) {
        let mut used = self.budget.used();
        used.total -= self.bytes;
        if let Some(of_client) = used.by_client.get_mut(&self.client) {
            *of_client -= self.bytes;
            if *of_client == 0 {
                used.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(number: u8) -> Client {
        Client::from(IpAddr::from([192, 0, 2, number]))
    }

    #[test]
    fn one_client_gets_a_quarter_and_returns_it() {
        let budget = BodyBudget::new(16 * body_cost(100));
        let take = |number| budget.try_take(client(number), 100);
        let first: Vec<_> = (0..16).map_while(|_| take(1)).collect();
        assert_eq!(first.len(), 4);
        let others: Vec<_> = (2..=16).filter_map(take).collect();
        assert_eq!(others.len(), 12);
        assert!(take(17).is_none(), "the budget is used up");
        drop(first);
        assert!(take(1).is_some());
        drop(others);
        assert_eq!(budget.used().total, 0);
        assert!(budget.used().by_client.is_empty());
    }

    #[test]
    fn cost_grows_with_the_length_and_is_bounded_for_parsing() {
        assert_eq!(body_cost(0), 16 * 1024);
        assert_eq!(body_cost(100), 16 * 1024 + 200 + 9000);
        assert_eq!(body_cost(256 * 1024), 16 * 1024 + 512 * 1024 + 256 * 1024);
    }
}
