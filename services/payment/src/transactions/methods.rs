//! Saving, removing and preferring payment methods.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Ledger;
use crate::{
    domain::{
        card::Card,
        ids::{Key, MethodId, Token, UserId},
        method::{MAX_METHODS, Method},
        transaction::Refusal,
    },
    error::Error,
    store::{
        self,
        method_requests::{self, Known},
    },
};

/// How long a request to save a card has its key to itself: longer than its one call of the provider
/// takes. One that takes longer still is no harm: the first to write what came of a key does, alone.
const BUSY_FOR: SignedDuration = SignedDuration::from_secs(10);

/// A request to save a card.
#[derive(Debug)]
pub(crate) struct NewMethod {
    pub(crate) user: UserId,
    pub(crate) card: Card,
    pub(crate) is_default: bool,
    /// The caller's key, and the fingerprint of the request.
    pub(crate) key: Option<(Key, Vec<u8>)>,
}

/// A saved method.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) method: Method,
    /// Whether an earlier request had saved it.
    pub(crate) is_replay: bool,
}

/// The place of a request among those with keys.
#[derive(Clone, Copy)]
struct Turn {
    /// The key by which the provider knows it.
    id: Uuid,
    /// Until when it has the caller's key to itself; `None` without one.
    busy_until: Option<Timestamp>,
}

impl Ledger {
    /// Saves a card, once a key.
    pub(crate) async fn add_method(&self, new: NewMethod) -> Result<Saved, Error> {
        let turn = match &new.key {
            None => Turn { id: self.env.uuid(), busy_until: None },
            Some((key, fingerprint)) => match self.turn(new.user, key, fingerprint).await? {
                Ok(turn) => turn,
                Err(id) => {
                    let method = self.method(new.user, id).await?;
                    return Ok(Saved { method, is_replay: true });
                }
            },
        };
        let saved = self.save(new, turn).await;
        if saved.is_err()
            && let Some(busy_until) = turn.busy_until
            && let Ok(mut conn) = self.pool.acquire().await
            && let Err(error) = method_requests::release(&mut conn, turn.id, busy_until).await
        {
            // The key is free again when its time is over.
            tracing::warn!(error = &error as &dyn std::error::Error, "a key stays taken");
        }
        Ok(Saved { method: saved?, is_replay: false })
    }

    pub(crate) async fn methods(&self, user: UserId) -> Result<Vec<Method>, Error> {
        let mut conn = self.pool.acquire().await?;
        store::methods::list(&mut conn, user, self.provider.name()).await
    }

    /// Removes a method. When it was the default, the newest of the others becomes it.
    pub(crate) async fn remove_method(&self, user: UserId, id: MethodId) -> Result<(), Error> {
        let mut tx = self.pool.begin().await?;
        store::methods::lock_customer(&mut tx, user).await?;
        if !store::methods::remove(&mut tx, user, id, self.env.now()).await? {
            return Err(Error::NotFound("payment_method"));
        }
        let others = store::methods::list(&mut tx, user, self.provider.name()).await?;
        if let Some(first) = others.first().filter(|first| !first.is_default) {
            store::methods::set_default(&mut tx, user, first.id).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Makes a method the default.
    pub(crate) async fn set_default_method(
        &self,
        user: UserId,
        id: MethodId,
    ) -> Result<Method, Error> {
        let mut tx = self.pool.begin().await?;
        store::methods::lock_customer(&mut tx, user).await?;
        let method = store::methods::find(&mut tx, user, id, self.provider.name()).await?;
        let method = method.ok_or(Error::NotFound("payment_method"))?;
        if !method.is_default {
            store::methods::set_default(&mut tx, user, id).await?;
        }
        tx.commit().await?;
        Ok(Method { is_default: true, ..method })
    }

    async fn method(&self, user: UserId, id: MethodId) -> Result<Method, Error> {
        let mut conn = self.pool.acquire().await?;
        let method = store::methods::find(&mut conn, user, id, self.provider.name()).await?;
        method.ok_or(Error::NotFound("payment_method"))
    }

    /// The turn of a request with a key; or the method that came of an earlier one.
    async fn turn(
        &self,
        user: UserId,
        key: &Key,
        fingerprint: &[u8],
    ) -> Result<Result<Turn, MethodId>, Error> {
        let now = self.env.now();
        let busy_until = now + BUSY_FOR;
        let request = Known {
            fingerprint: fingerprint.to_vec(),
            id: self.env.uuid(),
            method: None,
            busy_until,
        };
        let mut tx = self.pool.begin().await?;
        let mut turn = Turn { id: request.id, busy_until: Some(busy_until) };
        if !method_requests::insert(&mut tx, (user, key), &request, now).await? {
            let first = method_requests::lock(&mut tx, (user, key)).await?;
            let first = first.ok_or(Error::Busy)?; // forgotten in between: a repeat is the first
            if first.fingerprint != fingerprint {
                return Err(Refusal::KeyReused.into());
            }
            if let Some(method) = first.method {
                return Ok(Err(method));
            }
            if now < first.busy_until {
                return Err(Error::Busy);
            }
            method_requests::take_over(&mut tx, first.id, busy_until).await?;
            turn.id = first.id;
        }
        tx.commit().await?;
        Ok(Ok(turn))
    }

    async fn save(&self, new: NewMethod, turn: Turn) -> Result<Method, Error> {
        let token = self.provider.tokenise(&turn.id.to_string(), &new.card).await?;
        let mut method = self.new_method(&new, token);
        let mut tx = self.pool.begin().await?;
        store::methods::lock_customer(&mut tx, new.user).await?;
        let count = store::methods::count(&mut tx, new.user).await?;
        if count >= MAX_METHODS {
            return Err(Error::TooManyMethods);
        }
        method.is_default = new.is_default || count == 0;
        if method.is_default {
            store::methods::clear_default(&mut tx, new.user).await?;
        }
        store::methods::insert(&mut tx, &method, self.provider.name()).await?;
        if turn.busy_until.is_some()
            && !method_requests::finish(&mut tx, turn.id, method.id).await?
        {
            return Err(Error::Busy); // another has taken over, and was first
        }
        tx.commit().await?;
        Ok(method)
    }

    fn new_method(&self, new: &NewMethod, token: Token) -> Method {
        Method {
            id: MethodId(self.env.uuid()),
            user: new.user,
            token,
            brand: new.card.number.brand(),
            last_four: new.card.number.last_four().to_owned(),
            expiry: new.card.expiry,
            is_default: new.is_default,
            created_at: self.env.now(),
        }
    }
}
