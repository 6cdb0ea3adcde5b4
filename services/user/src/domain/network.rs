//! Networks from which the owner of an account has signed in before.
//!
//! They have their own count of failed attempts, so that strangers who guess passwords cannot lock
//! the owner out. Only a keyed hash of a network is stored: without the key, a copy of the database
//! does not reveal where the customers of a shop are. The hash includes the address, so that equal
//! networks of two accounts are not recognizable.

use aws_lc_rs::hmac;
use jiff::SignedDuration;
use kit::origin::ClientNetwork;
use secrecy::{ExposeSecret as _, SecretString};
use wire::Email;

use super::token::Digest;

/// The maximum number of known networks of an account: home, work, mobile carriers, journeys. The
/// least recently used one is forgotten.
pub const MAX_NETWORKS: i64 = 10;

/// The time after which a network is forgotten if nobody signed in from it.
pub const NETWORK_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Returns the keyed hash (HMAC-SHA-256) of a network for the account of an e-mail address.
#[must_use]
pub fn network_digest(key: &SecretString, email: &Email, network: ClientNetwork) -> Digest {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
    // An address contains no line break.
    let text = format!("{}\n{network}", email.key());
    let mut digest = [0; 32];
    digest.copy_from_slice(hmac::sign(&key, text.as_bytes()).as_ref());
    Digest(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_depends_on_key_account_and_network() {
        let digest = |key: &str, email: &str, address: &str| {
            let network = ClientNetwork::of(address.parse().unwrap());
            network_digest(&key.into(), &Email::new(email).unwrap(), network)
        };
        let one = digest("key", "ada@example.com", "203.0.113.9");
        assert_eq!(one, digest("key", "ADA@example.com", "203.0.113.77"));
        assert_ne!(one, digest("another key", "ada@example.com", "203.0.113.9"));
        assert_ne!(one, digest("key", "bob@example.com", "203.0.113.9"));
        assert_ne!(one, digest("key", "ada@example.com", "203.0.114.9"));
    }
}
