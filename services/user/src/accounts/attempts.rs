//! Attempts to prove a password: how they are counted, and how they queue for the hasher.

use kit::postgres::traced;
use secrecy::SecretString;
use wire::Email;

use super::Accounts;
use crate::domain::account::Account;
use crate::domain::ids::MailId;
use crate::domain::network::{NETWORK_LIFETIME, network_digest};
use crate::domain::password::PasswordHash;
use crate::domain::throttle;
use crate::domain::token::Digest;
use crate::error::Error;
use crate::hasher::{Caller, Owner, PasswordMatch};
use crate::store::networks::Credentials;
use crate::{store, transactions};

/// An attempt to prove the password of an e-mail address's account.
pub(super) struct Attempt<'a> {
    pub(super) email: &'a Email,
    pub(super) password: SecretString,
    /// The keyed hash of the network of the client, see [`Accounts::network_digest`].
    pub(super) network: Option<Digest>,
}

impl Attempt<'_> {
    /// Returns the origin of the attempt. That of an address without account is unknown.
    fn origin(&self, credentials: Option<&Credentials>) -> Origin {
        match (credentials, self.network) {
            (Some(Credentials { network_is_known: true, .. }), Some(network)) => {
                Origin::KnownNetwork(network)
            }
            _ => Origin::Elsewhere,
        }
    }
}

/// The origin of an attempt, which decides by what it is counted.
#[derive(Clone, Copy)]
enum Origin {
    /// A network from which the owner has signed in before: counted by account and network.
    KnownNetwork(Digest),
    /// Any other network: counted by account.
    Elsewhere,
}

impl Origin {
    fn caller(self, email: &Email) -> Caller {
        match self {
            Self::KnownNetwork(network) => Caller::Known(Owner::on_network(email, network)),
            Self::Elsewhere => Caller::Unknown,
        }
    }

    fn attempts_key(self, email: &Email) -> Digest {
        match self {
            Self::KnownNetwork(network) => network,
            Self::Elsewhere => throttle::attempts_key(email),
        }
    }
}

impl Accounts {
    /// Returns the keyed hash of the network of the client, which the gateway sends with the call;
    /// `None` if the caller did not send it, or without signing keys.
    pub(super) fn network_digest(&self, email: &Email) -> Option<Digest> {
        let network = kit::context::origin().network()?;
        Some(network_digest(&self.tokens.network_key()?, email, network))
    }

    pub(super) async fn find_credentials(
        &self,
        attempt: &Attempt<'_>,
    ) -> Result<Option<Credentials>, Error> {
        let mut conn = self.pool.acquire().await?;
        let since = self.now() - NETWORK_LIFETIME;
        let Attempt { email, network, .. } = attempt;
        let work = store::networks::find_credentials(&mut conn, email, *network, since);
        traced("user.find", work).await
    }

    /// Verifies the password with which the owner of a signed-in account confirms `action`, and
    /// returns the account's credentials.
    pub(super) async fn confirm_password(
        &self,
        account: &Account,
        password: SecretString,
        action: &'static str,
    ) -> Result<Credentials, Error> {
        let network = self.network_digest(&account.email);
        let attempt = Attempt { email: &account.email, password, network };
        let found = self.find_credentials(&attempt).await?;
        let found = found.filter(|found| found.user == account.id);
        let found = found.ok_or(Error::NotFound("user"))?;
        if self.verify_password(&attempt, Some(&found)).await? == PasswordMatch::Wrong {
            audit::log_event(action, "refused", &account.id.to_string());
            return Err(Error::WrongPassword);
        }
        Ok(found)
    }

    /// Compares the password of an attempt with that of the account, subject to the throttle. The
    /// place in the hasher's queue is taken first: an attempt that finds the queue full costs
    /// neither a write nor a hash, and does not count.
    pub(super) async fn verify_password(
        &self,
        attempt: &Attempt<'_>,
        credentials: Option<&Credentials>,
    ) -> Result<PasswordMatch, Error> {
        let origin = attempt.origin(credentials);
        let place = self.hasher.enter(origin.caller(attempt.email))?;
        let key = origin.attempts_key(attempt.email);
        let mail = match origin {
            Origin::KnownNetwork(_) => None,
            Origin::Elsewhere => Some((MailId(self.env.uuid()), attempt.email)),
        };
        let work = transactions::attempts::begin(&self.pool, self.now(), key, mail);
        traced("user.attempt", work).await?;
        let hash: Option<PasswordHash> = credentials.map(|found| found.hash.clone());
        let proof = self.hasher.matches(place, attempt.password.clone(), hash).await;
        match proof {
            Ok(PasswordMatch::Wrong) => {}
            Ok(_) => transactions::attempts::clear(&self.pool, key, self.now()).await?,
            Err(_) => transactions::attempts::revert(&self.pool, key, self.now()).await?,
        }
        proof
    }
}
