//! A bound of the requests in flight, including responses that are being sent, in total and per
//! client.

use super::client::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Maximum number of requests in flight. Each may have 16 KiB of headers and some state of its
/// connection, so that all of them need at most 40 MiB, and those of one client 10 MiB.
const MAX_REQUESTS: usize = 2048;

/// Maximum number of requests in flight of one client.
const MAX_REQUESTS_PER_CLIENT: usize = MAX_REQUESTS / 4;

/// Counts the requests in flight. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestLimiter(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_client: HashMap<Client, usize>,
}

impl RequestLimiter {
    /// Counts a request until the permit is dropped; `None` if a limit is reached.
    pub(super) fn try_begin(&self, client: Client) -> Option<RequestPermit> {
        let mut counts = self.counts();
        let total = counts.total;
        let of_client = counts.by_client.entry(client).or_default();
        if total >= MAX_REQUESTS || *of_client >= MAX_REQUESTS_PER_CLIENT {
            if *of_client == 0 {
                counts.by_client.remove(&client);
            }
            return None;
        }
        *of_client += 1;
        counts.total += 1;
        drop(counts);
        Some(RequestPermit { limiter: self.clone(), client })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a request until it is dropped.
#[derive(Debug)]
pub(super) struct RequestPermit {
    limiter: RequestLimiter,
    client: Client,
}

impl Drop for RequestPermit {
    fn drop(&mut self) {
        let mut counts = self.limiter.counts();
        counts.total -= 1;
        if let Some(count) = counts.by_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn client(number: u8) -> Client {
        Client::from(IpAddr::from([192, 0, 2, number]))
    }

    #[test]
    fn one_client_gets_a_quarter_of_the_requests() {
        let limiter = RequestLimiter::default();
        let first: Vec<_> = (0..MAX_REQUESTS).map_while(|_| limiter.try_begin(client(1))).collect();
        assert_eq!(first.len(), MAX_REQUESTS_PER_CLIENT);
        let others: Vec<_> = (2..=255)
            .cycle()
            .take(MAX_REQUESTS * 2)
            .filter_map(|number| limiter.try_begin(client(number)))
            .collect();
        assert_eq!(others.len(), MAX_REQUESTS - MAX_REQUESTS_PER_CLIENT);
        drop(first);
        assert!(limiter.try_begin(client(1)).is_some());
        drop(others);
        assert_eq!(limiter.counts().total, 0);
        assert!(limiter.counts().by_client.is_empty());
    }
}
