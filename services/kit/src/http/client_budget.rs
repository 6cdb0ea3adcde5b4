//! An amount that the clients of a server share: requests, or bytes of memory.
//!
//! A part is taken at once and without waiting: requests that wait for each other while they hold a
//! part would block each other.

use super::client::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An amount of which one client gets at most a share. Cheap to clone; clones share the amount.
#[derive(Clone, Debug)]
pub struct ClientBudget {
    total: u64,
    /// What one client gets at most.
    share: u64,
    used: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    total: u64,
    by_client: HashMap<Client, Share>,
}

/// What one client has.
#[derive(Debug, Default)]
struct Share {
    used: u64,
    /// Whether a part was refused, and none has been returned since.
    is_refused: bool,
}

impl ClientBudget {
    /// Creates a budget of `total`, of which one client gets at most a quarter, but at least one.
    #[must_use]
    pub fn new(total: u64) -> Self {
        Self::with_share(total, (total / 4).max(1))
    }

    /// Creates a budget of `total`, of which one client gets at most `share`.
    pub(super) fn with_share(total: u64, share: u64) -> Self {
        Self { total, share, used: Arc::default() }
    }

    /// Returns the share of one client.
    pub(super) fn share(&self) -> u64 {
        self.share
    }

    /// Whether the client has used up its share.
    pub(super) fn is_share_used(&self, client: Client) -> bool {
        let used = self.used();
        used.by_client.get(&client).is_some_and(|share| share.used >= self.share)
    }

    /// Takes a part until the guard is dropped; `None` if the budget or the client's share of it
    /// does not suffice.
    #[must_use]
    pub fn try_take(&self, client: Client, amount: u64) -> Option<BudgetGuard> {
        let mut guard = BudgetGuard { budget: self.clone(), client, amount: 0 };
        guard.try_grow(amount).then_some(guard)
    }

    /// Takes a part until the guard is dropped, even if the budget does not suffice.
    pub(super) fn take(&self, client: Client, amount: u64) -> BudgetGuard {
        let mut guard = BudgetGuard { budget: self.clone(), client, amount: 0 };
        guard.grow(&mut self.used(), amount);
        guard
    }

    /// Whether the client may get a part: neither the budget nor the client's share is used up, and
    /// since the last refusal the client has returned a part. It saves the work for a response that
    /// would be refused when its size is known.
    pub(super) fn is_available(&self, client: Client) -> bool {
        let used = self.used();
        let is_refused = used.by_client.get(&client).is_some_and(|share| share.is_refused);
        !is_refused && self.has_room(&used, client, 1)
    }

    fn has_room(&self, used: &Used, client: Client, amount: u64) -> bool {
        let of_client = used.by_client.get(&client).map_or(0, |share| share.used);
        used.total.saturating_add(amount) <= self.total
            && of_client.saturating_add(amount) <= self.share
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a part of a [`ClientBudget`] until it is dropped.
#[derive(Debug)]
pub struct BudgetGuard {
    budget: ClientBudget,
    client: Client,
    amount: u64,
}

impl BudgetGuard {
    /// Adds to the part; returns false, and adds nothing, if the budget or the client's share of it
    /// does not suffice.
    #[must_use]
    pub fn try_grow(&mut self, amount: u64) -> bool {
        let budget = self.budget.clone();
        let mut used = budget.used();
        let has_room = budget.has_room(&used, self.client, amount);
        if has_room {
            self.grow(&mut used, amount);
        } else if let Some(share) = used.by_client.get_mut(&self.client) {
            share.is_refused = true;
        }
        has_room
    }

    fn grow(&mut self, used: &mut Used, amount: u64) {
        if amount > 0 {
            self.amount += amount;
            used.total += amount;
            used.by_client.entry(self.client).or_default().used += amount;
        }
    }
}

impl Drop for BudgetGuard {
    fn drop(&mut self) {
        if self.amount == 0 {
            return;
        }
        let mut used = self.budget.used();
        used.total -= self.amount;
        if let Some(share) = used.by_client.get_mut(&self.client) {
            share.used -= self.amount;
            share.is_refused = false;
            if share.used == 0 {
                used.by_client.remove(&self.client);
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
    fn one_client_gets_a_quarter_and_returns_it() {
        let budget = ClientBudget::new(1600);
        let take = |number| budget.try_take(client(number), 100);
        let first: Vec<_> = (0..16).map_while(|_| take(1)).collect();
        assert_eq!(first.len(), 4);
        assert!(!budget.is_available(client(1)) && budget.is_available(client(2)));
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
    fn refused_client_waits_until_a_part_is_returned() {
        let budget = ClientBudget::new(400);
        let first = budget.try_take(client(1), 60).expect("a part");
        let second = budget.try_take(client(1), 30).expect("a part");
        assert!(budget.is_available(client(1)));
        assert!(budget.try_take(client(1), 20).is_none());
        assert!(!budget.is_available(client(1)), "10 are left, which was not enough");
        assert!(budget.is_available(client(2)));
        drop(second);
        assert!(budget.is_available(client(1)));
        assert!(budget.try_take(client(1), 40).is_some());
        drop(first);
        assert!(budget.used().by_client.is_empty());
    }

    #[test]
    fn part_grows_within_the_share_and_is_returned_completely() {
        let budget = ClientBudget::new(400);
        let mut guard = budget.try_take(client(1), 60).expect("a part");
        assert!(guard.try_grow(40));
        assert!(!guard.try_grow(1), "the share is used up");
        let forced = budget.take(client(1), 500);
        assert!(!budget.is_available(client(2)), "the forced part counts");
        drop((guard, forced));
        assert!(budget.used().by_client.is_empty());
    }

    #[test]
    fn share_of_a_small_budget_is_one() {
        let budget = ClientBudget::new(2);
        let guards = [1, 1, 2, 3].map(|number| budget.try_take(client(number), 1));
        assert_eq!(guards.map(|guard| guard.is_some()), [true, false, true, false]);
    }
}
