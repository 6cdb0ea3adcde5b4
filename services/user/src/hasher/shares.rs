//! Shares of the queue of known callers: a bound of the places of one account, and of one account
//! on one network, so that a client with one account cannot keep other owners out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wire::Email;

use crate::domain::throttle;
use crate::domain::token::Digest;

/// The maximum number of places of one account. At a quarter of a second for each hash, another
/// owner waits for them for two seconds on a single core, which is below the maximum wait.
pub(super) const MAX_PER_ACCOUNT: usize = 8;

/// The maximum number of places of one account on one network. The others remain for the networks
/// of the account from which nobody guesses passwords.
pub(super) const MAX_PER_NETWORK: usize = 4;

/// The owner of an account, for whom a known caller waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    account: Digest,
    /// The keyed hash of the account and the network of the caller.
    network: Option<Digest>,
}

impl Owner {
    /// Returns the owner of the account with this address.
    pub(crate) fn of(email: &Email) -> Self {
        Self { account: throttle::attempts_key(email), network: None }
    }

    /// Returns the owner of the account with this address on a network.
    pub(crate) fn on_network(email: &Email, network: Digest) -> Self {
        Self { network: Some(network), ..Self::of(email) }
    }

    fn limits(self) -> impl Iterator<Item = (Digest, usize)> {
        let network = self.network.map(|network| (network, MAX_PER_NETWORK));
        std::iter::once((self.account, MAX_PER_ACCOUNT)).chain(network)
    }
}

/// The number of places of each account, and of each account and network. The length of the queue
/// bounds the number of entries.
#[derive(Default)]
pub(super) struct Shares(Mutex<HashMap<Digest, usize>>);

impl Shares {
    /// Takes a place of an owner's share; `None` if the owner has no more.
    pub(super) fn take(self: &Arc<Self>, owner: Owner) -> Option<Share> {
        let mut places = self.places();
        let has_room = |(key, limit)| places.get(&key).is_none_or(|taken| *taken < limit);
        if !owner.limits().all(has_room) {
            return None;
        }
        for (key, _) in owner.limits() {
            *places.entry(key).or_default() += 1;
        }
        Some(Share { shares: Arc::clone(self), owner })
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Digest, usize>> {
        // No panic leaves the map in an inconsistent state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.places().is_empty()
    }
}

/// A place of an owner's share. It becomes free when this value is dropped.
pub(super) struct Share {
    shares: Arc<Shares>,
    owner: Owner,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut places = self.shares.places();
        for (key, _) in self.owner.limits() {
            match places.get_mut(&key) {
                Some(taken) if *taken > 1 => *taken -= 1,
                _ => drop(places.remove(&key)),
            }
        }
    }
}
