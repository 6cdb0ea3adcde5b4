//! Saving, removing and selecting payment methods.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Ledger;
use crate::domain::card::Card;
use crate::domain::ids::{IdempotencyKey, PaymentMethodId, Token, UserId};
use crate::domain::payment_method::{MAX_METHODS, PaymentMethod};
use crate::domain::transaction::Refusal;
use crate::error::Error;
use crate::store;
use crate::store::method_requests::{self, MethodRequest};

/// Duration of the lease on an idempotency key: longer than the request's single call to the
/// provider. A request that outlives its lease does no harm, because only the first to record the
/// result of a key succeeds.
const KEY_LEASE_DURATION: SignedDuration = SignedDuration::from_secs(10);

/// Request to save a card.
#[derive(Debug)]
pub(crate) struct NewPaymentMethod {
    pub(crate) user: UserId,
    pub(crate) card: Card,
    pub(crate) is_default: bool,
    /// Caller's idempotency key, and the fingerprint of the request.
    pub(crate) key: Option<(IdempotencyKey, Vec<u8>)>,
}

/// Saved payment method.
#[derive(Debug)]
pub(crate) struct SavedMethod {
    pub(crate) method: PaymentMethod,
    /// Whether an earlier request with the same idempotency key saved it.
    pub(crate) is_replay: bool,
}

/// Request to the provider, and the lease on the caller's idempotency key that it runs under.
#[derive(Clone, Copy)]
struct ProviderRequest {
    /// Idempotency key of the request to the provider.
    id: Uuid,
    /// End of the lease on the caller's idempotency key; `None` if the caller sent no key.
    lease_expires_at: Option<Timestamp>,
}

/// Result of requesting the lease on an idempotency key.
enum KeyLease {
    /// The lease is taken: the request may be sent to the provider.
    Taken(ProviderRequest),
    /// An earlier request has saved a card.
    Finished {
        /// Payment method that the request saved.
        method: PaymentMethodId,
        /// Reduced fingerprint of the request.
        fingerprint: Vec<u8>,
    },
}

impl Ledger {
    /// Saves a card, once for each idempotency key.
    pub(crate) async fn add_method(&self, new: NewPaymentMethod) -> Result<SavedMethod, Error> {
        let provider_request = match &new.key {
            None => ProviderRequest { id: self.env.uuid(), lease_expires_at: None },
            Some((key, fingerprint)) => match self.lease_key(new.user, key, fingerprint).await? {
                KeyLease::Taken(provider_request) => provider_request,
                KeyLease::Finished { method, fingerprint } => {
                    let method = self.method(new.user, method).await?;
                    if !is_retry(&new, &method, &fingerprint) {
                        return Err(Refusal::KeyReused.into());
                    }
                    return Ok(SavedMethod { method, is_replay: true });
                }
            },
        };
        let saved = self.save(new, provider_request).await;
        if saved.is_err()
            && let Some(lease_expires_at) = provider_request.lease_expires_at
            && let Ok(mut conn) = self.pool.acquire().await
            && let Err(error) =
                method_requests::release(&mut conn, provider_request.id, lease_expires_at).await
        {
            // Logged only: the lease expires anyway.
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "releasing the lease on an idempotency key failed");
        }
        Ok(SavedMethod { method: saved?, is_replay: false })
    }

    pub(crate) async fn methods(&self, user: UserId) -> Result<Vec<PaymentMethod>, Error> {
        let mut conn = self.pool.acquire().await?;
        store::payment_methods::list(&mut conn, user, self.provider.name()).await
    }

    /// Removes a payment method. If it was the default, the newest of the others becomes the
    /// default.
    pub(crate) async fn remove_method(
        &self,
        user: UserId,
        id: PaymentMethodId,
    ) -> Result<(), Error> {
        let mut tx = self.pool.begin().await?;
        store::payment_methods::lock_customer(&mut tx, user).await?;
        if !store::payment_methods::remove(&mut tx, user, id, self.env.now()).await? {
            return Err(Error::NotFound("payment_method"));
        }
        let others = store::payment_methods::list(&mut tx, user, self.provider.name()).await?;
        if let Some(first) = others.first().filter(|first| !first.is_default) {
            store::payment_methods::set_default(&mut tx, user, first.id).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Makes a payment method the default.
    pub(crate) async fn set_default_method(
        &self,
        user: UserId,
        id: PaymentMethodId,
    ) -> Result<PaymentMethod, Error> {
        let mut tx = self.pool.begin().await?;
        store::payment_methods::lock_customer(&mut tx, user).await?;
        let method = store::payment_methods::find(&mut tx, user, id, self.provider.name()).await?;
        let method = method.ok_or(Error::NotFound("payment_method"))?;
        if !method.is_default {
            store::payment_methods::set_default(&mut tx, user, id).await?;
        }
        tx.commit().await?;
        Ok(PaymentMethod { is_default: true, ..method })
    }

    async fn method(&self, user: UserId, id: PaymentMethodId) -> Result<PaymentMethod, Error> {
        let mut conn = self.pool.acquire().await?;
        let method =
            store::payment_methods::find(&mut conn, user, id, self.provider.name()).await?;
        method.ok_or(Error::NotFound("payment_method"))
    }

    /// Takes the lease on an idempotency key, unless an earlier request has saved a card with it.
    async fn lease_key(
        &self,
        user: UserId,
        key: &IdempotencyKey,
        fingerprint: &[u8],
    ) -> Result<KeyLease, Error> {
        let now = self.env.now();
        let lease_expires_at = now + KEY_LEASE_DURATION;
        let request = MethodRequest {
            fingerprint: fingerprint.to_vec(),
            id: self.env.uuid(),
            method: None,
            lease_expires_at,
        };
        let mut tx = self.pool.begin().await?;
        let mut provider_request =
            ProviderRequest { id: request.id, lease_expires_at: Some(lease_expires_at) };
        if !method_requests::insert(&mut tx, (user, key), &request, now).await? {
            let first = method_requests::lock(&mut tx, (user, key)).await?;
            // The sweep deleted the request in between: a retry starts again.
            let first = first.ok_or(Error::RequestInProgress)?;
            if let Some(method) = first.method {
                return Ok(KeyLease::Finished { method, fingerprint: first.fingerprint });
            }
            if first.fingerprint != fingerprint {
                return Err(Refusal::KeyReused.into());
            }
            if now < first.lease_expires_at {
                return Err(Error::RequestInProgress);
            }
            method_requests::take_over(&mut tx, first.id, lease_expires_at).await?;
            provider_request.id = first.id;
        }
        tx.commit().await?;
        Ok(KeyLease::Taken(provider_request))
    }

    async fn save(
        &self,
        new: NewPaymentMethod,
        provider_request: ProviderRequest,
    ) -> Result<PaymentMethod, Error> {
        let token = self.provider.tokenize(&provider_request.id.to_string(), &new.card).await?;
        let mut method = self.new_method(&new, token);
        let mut tx = self.pool.begin().await?;
        store::payment_methods::lock_customer(&mut tx, new.user).await?;
        let count = store::payment_methods::count(&mut tx, new.user).await?;
        if count >= MAX_METHODS {
            return Err(Error::TooManyMethods);
        }
        method.is_default = new.is_default || count == 0;
        if method.is_default {
            store::payment_methods::clear_default(&mut tx, new.user).await?;
        }
        store::payment_methods::insert(&mut tx, &method, self.provider.name()).await?;
        if provider_request.lease_expires_at.is_some()
            && !method_requests::finish(&mut tx, provider_request.id, method.id, new.is_default)
                .await?
        {
            // Another process took over the lease and recorded its result first.
            return Err(Error::RequestInProgress);
        }
        tx.commit().await?;
        Ok(method)
    }

    fn new_method(&self, new: &NewPaymentMethod, token: Token) -> PaymentMethod {
        PaymentMethod {
            id: PaymentMethodId(self.env.uuid()),
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

/// Returns whether a request repeats the one that saved a payment method, whose fingerprint is
/// reduced: it is compared with the payment method. The default flag is unknown in rows of the
/// previous release.
fn is_retry(new: &NewPaymentMethod, method: &PaymentMethod, fingerprint: &[u8]) -> bool {
    let same_default = fingerprint.is_empty()
        || fingerprint == method_requests::reduced_fingerprint(new.is_default);
    same_default && method.matches(&new.card)
}
