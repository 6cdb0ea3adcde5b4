//! The memory of request bodies: a budget that all requests share, and no client exhausts.
//!
//! A request takes the memory of its declared length before its body is read, and that of parsing
//! when the body has arrived: a slow body holds only its length. Nothing waits while it holds a
//! part.

use kit::http::{BudgetGuard, Client, ClientBudget};

/// Bytes of a request apart from its body: headers, the state of its handler, buffers.
const REQUEST_BYTES: u64 = 16 * 1024;

/// Bytes that parsing needs at most per byte of the body. The worst case is a list of objects with
/// one key: `{"":0},` has 7 bytes, and its tree node about 600.
const PARSED_BYTES_PER_BYTE: u64 = 90;

/// Bytes that parsing needs at most for any body, apart from its texts: 500 values
/// (`validation::json`), half of them objects with one key.
const MAX_PARSED_BYTES: u64 = 256 * 1024;

/// Memory of request bodies. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct BodyBudget(ClientBudget);

impl BodyBudget {
    /// Creates a budget of `total` bytes. One client gets at most a quarter.
    pub(crate) fn new(total: u64) -> Self {
        Self(ClientBudget::new(total))
    }

    /// Takes the memory of a body of `length` bytes until it is dropped; `None` if the budget or
    /// the client's share of it does not suffice.
    pub(crate) fn try_take(&self, client: Client, length: usize) -> Option<BodyMemory> {
        self.0.try_take(client, arrival_cost(length)).map(BodyMemory)
    }
}

/// The memory of one body.
#[derive(Debug)]
pub(crate) struct BodyMemory(BudgetGuard);

impl BodyMemory {
    /// Takes the memory for parsing a body of `length` bytes; returns false if the budget or the
    /// client's share of it does not suffice.
    #[must_use]
    pub(crate) fn try_take_parsing(&mut self, length: usize) -> bool {
        self.0.try_grow(parsing_cost(length))
    }
}

/// Returns the memory that a body of `length` bytes needs while it arrives, in bytes.
const fn arrival_cost(length: usize) -> u64 {
    REQUEST_BYTES + length as u64
}

/// Returns the memory that parsing a body of `length` bytes needs in addition, in bytes: its texts,
/// and its values.
const fn parsing_cost(length: usize) -> u64 {
    let length = length as u64;
    let parsed = length.saturating_mul(PARSED_BYTES_PER_BYTE);
    length + if parsed < MAX_PARSED_BYTES { parsed } else { MAX_PARSED_BYTES }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn cost_grows_with_the_length_and_is_bounded_for_parsing() {
        assert_eq!((arrival_cost(0), parsing_cost(0)), (16 * 1024, 0));
        assert_eq!((arrival_cost(100), parsing_cost(100)), (16 * 1024 + 100, 9100));
        assert_eq!(parsing_cost(256 * 1024), 512 * 1024);
    }

    #[test]
    fn memory_for_parsing_is_taken_after_the_arrival() {
        let client = Client::from(IpAddr::from([192, 0, 2, 1]));
        let budget = BodyBudget::new(4 * (2 * arrival_cost(1000) + parsing_cost(1000)));
        let [mut first, mut second] =
            [(); 2].map(|()| budget.try_take(client, 1000).expect("memory"));
        assert!(first.try_take_parsing(1000));
        assert!(!second.try_take_parsing(1000));
        drop(first);
        assert!(second.try_take_parsing(1000));
    }
}
