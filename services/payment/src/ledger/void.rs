//! Void of authorizations, including those whose outcome is unknown or that have not arrived yet.

use sqlx::{PgConnection, PgTransaction};

use super::Ledger;
use super::intents::{RecordedRequest, replay, replay_or};
use crate::domain::ids::{IdempotencyKey, TransactionId, UserId};
use crate::domain::transaction::{Kind, Refusal, VoidAction};
use crate::error::Error;
use crate::store;
use crate::store::idempotency_keys::CustomerKey;

/// Request to void an authorization, which is named by its id or by its idempotency key.
#[derive(Clone, Debug)]
pub(crate) struct Void {
    /// Id of the authorization.
    pub(crate) authorization: Option<TransactionId>,
    /// Idempotency key of the authorize request, which may arrive after this request.
    pub(crate) authorize_key: Option<IdempotencyKey>,
    /// Customer of the authorization; `None` in requests of the previous release.
    pub(crate) customer: Option<UserId>,
    pub(crate) key: IdempotencyKey,
}

impl Ledger {
    /// Voids an authorization; returns whether an earlier request with the same idempotency key
    /// began the void. An authorization that has not arrived yet is refused when it arrives.
    pub(crate) async fn void(&self, void: Void) -> Result<bool, Error> {
        let recorded = self.record_void(void).await?;
        if matches!(recorded, RecordedRequest::NothingToDo) {
            return Ok(false);
        }
        let result = self.settle_request(recorded).await?;
        result.transaction.succeeded()?;
        Ok(result.is_replay)
    }

    async fn record_void(&self, void: Void) -> Result<RecordedRequest, Error> {
        let fingerprint = void.request_fingerprint();
        let Void { authorization, authorize_key, customer, key } = void;
        let mut tx = self.pool.begin().await?;
        let id = match (authorization, &authorize_key) {
            (Some(id), _) => Some(id),
            (None, Some(authorize_key)) => {
                let authorize_key = CustomerKey { customer, key: authorize_key };
                self.authorization_or_tombstone(&mut tx, authorize_key).await?
            }
            (None, None) => None,
        };
        let Some(id) = id else {
            let key = CustomerKey { customer, key: &key };
            return self.record_without_intent(tx, key, &fingerprint, None).await;
        };
        let parent = store::transactions::lock(&mut tx, id).await?;
        let parent = parent
            .filter(|parent| customer.is_none_or(|customer| customer == parent.user))
            .ok_or(Error::NotFound("authorization"))?;
        let customer_key = CustomerKey::new(parent.user, &key);
        if authorize_key.is_some_and(|authorize_key| authorize_key != parent.key) {
            let mismatch = Error::OtherAuthorization;
            return replay_or(&mut tx, Kind::Void, customer_key, &fingerprint, mismatch).await;
        }
        // The authorization's present state does not matter to a retry: the result stored with its
        // idempotency key is returned.
        match parent.void() {
            Ok(VoidAction::Begin) => {}
            Ok(VoidAction::Join) => {
                let void = store::transactions::find_void(&mut tx, parent.id).await?;
                let void = void.ok_or(Error::UnknownStoredValue("transactions.undone"))?;
                return self
                    .record_without_intent(tx, customer_key, &fingerprint, Some(void))
                    .await;
            }
            Ok(VoidAction::Nothing) => {
                return self.record_without_intent(tx, customer_key, &fingerprint, None).await;
            }
            Err(rejection) => {
                return self.reject(tx, Kind::Void, customer_key, &fingerprint, rejection).await;
            }
        }
        let intent = self.child_intent(&parent, Kind::Void, key, parent.amount, String::new());
        if !self.insert_intent(&mut tx, &intent, &fingerprint).await? {
            let customer_key = CustomerKey::new(parent.user, &intent.key);
            return replay(&mut tx, Kind::Void, customer_key, &fingerprint).await;
        }
        tx.commit().await?;
        Ok(RecordedRequest::New(intent, None))
    }

    /// Stores the idempotency key of a void that requires no intent, with the void of another
    /// request if there is one.
    async fn record_without_intent(
        &self,
        mut tx: PgTransaction<'_>,
        key: CustomerKey<'_>,
        fingerprint: &str,
        void: Option<TransactionId>,
    ) -> Result<RecordedRequest, Error> {
        let (outcome, now) = (Ok(void), self.env.now());
        store::idempotency_keys::claim(&mut tx, Kind::Void, key, Some(fingerprint), outcome, now)
            .await?;
        let recorded = replay(&mut tx, Kind::Void, key, fingerprint).await?;
        tx.commit().await?;
        Ok(recorded)
    }

    /// Returns the authorization with an idempotency key. If the key is unknown, stores a tombstone
    /// that refuses a later authorization of the customer with this key; without a customer, of
    /// every customer.
    async fn authorization_or_tombstone(
        &self,
        conn: &mut PgConnection,
        authorize_key: CustomerKey<'_>,
    ) -> Result<Option<TransactionId>, Error> {
        let (kind, outcome) = (Kind::Authorization, Err(Refusal::Voided));
        if store::idempotency_keys::claim(conn, kind, authorize_key, None, outcome, self.env.now())
            .await?
        {
            return Ok(None);
        }
        let record = store::idempotency_keys::find(conn, kind, authorize_key).await?;
        Ok(record.and_then(|record| record.transaction))
    }
}

impl Void {
    /// Returns the canonical text of the request, which is stored with its idempotency key and
    /// compared with that of a retry. Without the customer, whom the previous release does not
    /// name.
    fn request_fingerprint(&self) -> String {
        let authorization = self.authorization.map(|id| id.to_string()).unwrap_or_default();
        let authorize_key = self.authorize_key.as_ref().map_or("", IdempotencyKey::as_str);
        format!("authorization {authorization} authorize_key {authorize_key}")
    }
}
