//! Authorize, charge, capture, refund: each request is recorded as an intent together with its
//! idempotency key, then the intent is settled with the provider.

use jiff::SignedDuration;
use money::Money;
use sqlx::{PgConnection, PgTransaction};

use super::{DUE_AFTER, Ledger, RequestResult};
use crate::domain::ids::{IdempotencyKey, OrderId, PaymentMethodId, Token, TransactionId, UserId};
use crate::domain::transaction::{Kind, Refusal, Rejection, State, Transaction};
use crate::error::Error;
use crate::store;
use crate::store::idempotency_keys::CustomerKey;

/// Payment method of a request.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Payment method that the customer has saved.
    Saved(PaymentMethodId),
    /// Test method of the provider: its id and its token.
    Test(String, Token),
}

/// Request to authorize or to charge.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) order: OrderId,
    pub(crate) user: UserId,
    pub(crate) source: Source,
    pub(crate) amount: Money,
    pub(crate) key: IdempotencyKey,
}

/// Request to refund.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) transaction: TransactionId,
    /// Amount to refund; `None` refunds the remaining amount.
    pub(crate) amount: Option<Money>,
    pub(crate) reason: String,
    pub(crate) key: IdempotencyKey,
}

/// Result of recording a request, before the provider is called.
pub(super) enum RecordedRequest {
    /// A new intent was inserted; with its parent, if that was read and has an outcome.
    New(Transaction, Option<Box<Transaction>>),
    /// The idempotency key is known: the transaction of the first request.
    Replay(Transaction),
    /// The request requires no transaction.
    NothingToDo,
}

impl Source {
    fn id(&self) -> String {
        match self {
            Self::Saved(id) => id.to_string(),
            Self::Test(id, _) => id.clone(),
        }
    }
}

impl Payment {
    /// Returns the canonical text of the request, which is stored with its idempotency key and
    /// compared with that of a retry.
    fn request_fingerprint(&self) -> String {
        let Self { order, user, source, amount, .. } = self;
        format!("order {order} user {user} method {} amount {amount}", source.id())
    }
}

impl Ledger {
    /// Authorizes an amount.
    pub(crate) async fn authorize(&self, payment: Payment) -> Result<RequestResult, Error> {
        self.pay(Kind::Authorization, &payment).await
    }

    /// Authorizes and captures an amount in one step.
    pub(crate) async fn charge(&self, payment: Payment) -> Result<RequestResult, Error> {
        self.pay(Kind::Charge, &payment).await
    }

    /// Captures an amount of an authorization.
    pub(crate) async fn capture(
        &self,
        authorization: TransactionId,
        amount: Money,
        key: IdempotencyKey,
    ) -> Result<RequestResult, Error> {
        let fingerprint = format!("authorization {authorization} amount {amount}");
        let now = self.env.now();
        let rule = |parent: &Transaction| parent.capture(amount, now);
        let request = ChildRequest { kind: Kind::Capture, key, fingerprint, reason: String::new() };
        self.settle_request(self.record_child(authorization, request, rule).await?).await
    }

    /// Refunds an amount of a capture or charge.
    pub(crate) async fn refund(&self, refund: Refund) -> Result<RequestResult, Error> {
        let Refund { transaction, amount, reason, key } = refund;
        let amount_text = amount.map_or_else(|| "all that is left".to_owned(), |m| m.to_string());
        let fingerprint = format!("transaction {transaction} amount {amount_text} reason {reason}");
        let rule = |parent: &Transaction| parent.refund(amount);
        let request = ChildRequest { kind: Kind::Refund, key, fingerprint, reason };
        self.settle_request(self.record_child(transaction, request, rule).await?).await
    }

    /// Settles a recorded request.
    pub(super) async fn settle_request(
        &self,
        recorded: RecordedRequest,
    ) -> Result<RequestResult, Error> {
        let (transaction, is_replay) = match recorded {
            RecordedRequest::New(intent, parent) => {
                (self.settle_new(intent, parent.map(|parent| *parent)).await?, false)
            }
            RecordedRequest::Replay(first) => (self.settle(first).await?, true),
            // Only a void can require no transaction, and `void` handles that case before it calls
            // this function. For other operations the stored result is invalid.
            RecordedRequest::NothingToDo => {
                return Err(Error::UnknownStoredValue("idempotency_keys.transaction_id"));
            }
        };
        Ok(RequestResult { transaction, is_replay })
    }

    async fn pay(&self, kind: Kind, payment: &Payment) -> Result<RequestResult, Error> {
        self.settle_request(self.record_payment(kind, payment).await?).await
    }

    async fn record_payment(
        &self,
        kind: Kind,
        payment: &Payment,
    ) -> Result<RecordedRequest, Error> {
        let fingerprint = payment.request_fingerprint();
        let id = match &payment.source {
            Source::Test(_, token) => {
                // The statement is its own transaction.
                let mut conn = self.pool.acquire().await?;
                let intent = self.payment_intent(kind, payment, token.clone());
                return self.insert_or_replay(&mut conn, intent, &fingerprint).await;
            }
            Source::Saved(id) => *id,
        };
        // The share lock keeps the payment method until the intent is inserted. A request that
        // finds the method removed therefore also finds the idempotency key of an earlier request.
        let mut tx = self.pool.begin().await?;
        let provider = self.provider.name();
        let token =
            store::payment_methods::share_lock_token(&mut tx, payment.user, id, provider).await?;
        let Some(token) = token else {
            let not_found = Error::NotFound("payment_method");
            let key = CustomerKey::new(payment.user, &payment.key);
            return replay_or(&mut tx, kind, key, &fingerprint, not_found).await;
        };
        let intent = self.payment_intent(kind, payment, token);
        let recorded = self.insert_or_replay(&mut tx, intent, &fingerprint).await?;
        tx.commit().await?;
        Ok(recorded)
    }

    /// Builds the intent of a payment, which has no parent.
    fn payment_intent(&self, kind: Kind, payment: &Payment, token: Token) -> Transaction {
        let now = self.env.now();
        let ttl = SignedDuration::try_from(self.authorization_ttl).unwrap_or(SignedDuration::MAX);
        let expires_at = now.saturating_add(ttl).unwrap_or(jiff::Timestamp::MAX);
        let amount = payment.amount;
        Transaction {
            id: TransactionId(self.env.uuid()),
            kind,
            state: State::Open,
            parent: None,
            order: payment.order,
            user: payment.user,
            method: payment.source.id(),
            token,
            provider_ref: String::new(),
            key: payment.key.clone(),
            amount,
            claimed: Money::zero(amount.currency()),
            settled: Money::zero(amount.currency()),
            void_requested: false,
            expires_at: (kind == Kind::Authorization).then_some(expires_at),
            decline_code: String::new(),
            reason: String::new(),
            created_at: now,
        }
    }

    async fn insert_or_replay(
        &self,
        conn: &mut PgConnection,
        intent: Transaction,
        fingerprint: &str,
    ) -> Result<RecordedRequest, Error> {
        if self.insert_intent(conn, &intent, fingerprint).await? {
            return Ok(RecordedRequest::New(intent, None));
        }
        replay(conn, intent.kind, CustomerKey::new(intent.user, &intent.key), fingerprint).await
    }

    /// Records a request that claims an amount of a parent, if `rule` allows it. A refusal is
    /// stored with the idempotency key: a delayed duplicate must not succeed after its caller was
    /// refused. The key belongs to the customer of the parent.
    async fn record_child(
        &self,
        parent: TransactionId,
        request: ChildRequest,
        rule: impl FnOnce(&Transaction) -> Result<Money, Rejection>,
    ) -> Result<RecordedRequest, Error> {
        let ChildRequest { kind, key, fingerprint, reason } = request;
        let mut tx = self.pool.begin().await?;
        let Some(parent) = store::transactions::lock(&mut tx, parent).await? else {
            return Err(Error::NotFound("transaction"));
        };
        let customer_key = CustomerKey::new(parent.user, &key);
        // The parent's present state does not matter to a retry: the result stored with its
        // idempotency key is returned.
        let amount = match rule(&parent) {
            Ok(amount) => amount,
            Err(rejection) => {
                return self.reject(tx, kind, customer_key, &fingerprint, rejection).await;
            }
        };
        let intent = self.child_intent(&parent, kind, key, amount, reason);
        if !self.insert_intent(&mut tx, &intent, &fingerprint).await? {
            let customer_key = CustomerKey::new(parent.user, &intent.key);
            return replay(&mut tx, kind, customer_key, &fingerprint).await;
        }
        tx.commit().await?;
        Ok(RecordedRequest::New(intent, Some(Box::new(parent))))
    }

    /// Rejects a request, unless it is a retry. A permanent refusal is stored with the idempotency
    /// key.
    pub(super) async fn reject(
        &self,
        mut tx: PgTransaction<'_>,
        kind: Kind,
        key: CustomerKey<'_>,
        fingerprint: &str,
        rejection: Rejection,
    ) -> Result<RecordedRequest, Error> {
        let Rejection::Permanent(refusal) = rejection else {
            return replay_or(&mut tx, kind, key, fingerprint, Error::RequestInProgress).await;
        };
        let (outcome, now) = (Err(refusal), self.env.now());
        if !store::idempotency_keys::claim(&mut tx, kind, key, Some(fingerprint), outcome, now)
            .await?
        {
            return replay(&mut tx, kind, key, fingerprint).await;
        }
        tx.commit().await?;
        Err(refusal.into())
    }

    /// Builds an intent that belongs to a parent.
    pub(super) fn child_intent(
        &self,
        parent: &Transaction,
        kind: Kind,
        key: IdempotencyKey,
        amount: Money,
        reason: String,
    ) -> Transaction {
        Transaction {
            id: TransactionId(self.env.uuid()),
            kind,
            state: State::Open,
            parent: Some(parent.id),
            provider_ref: String::new(),
            key,
            amount,
            claimed: Money::zero(amount.currency()),
            settled: Money::zero(amount.currency()),
            void_requested: false,
            expires_at: None,
            decline_code: String::new(),
            reason,
            created_at: self.env.now(),
            ..parent.clone()
        }
    }

    /// Inserts an intent with its idempotency key; returns `false` if the key is already in use.
    pub(super) async fn insert_intent(
        &self,
        conn: &mut PgConnection,
        intent: &Transaction,
        fingerprint: &str,
    ) -> Result<bool, Error> {
        let due_at = intent.created_at + DUE_AFTER;
        store::transactions::insert_intent(conn, intent, fingerprint, self.provider.name(), due_at)
            .await
    }
}

/// Request that claims an amount of a parent transaction.
struct ChildRequest {
    kind: Kind,
    key: IdempotencyKey,
    /// Canonical text of the request, which is compared with that of a retry.
    fingerprint: String,
    reason: String,
}

/// Returns the stored result of an idempotency key that is in use.
pub(super) async fn replay(
    conn: &mut PgConnection,
    kind: Kind,
    key: CustomerKey<'_>,
    fingerprint: &str,
) -> Result<RecordedRequest, Error> {
    replay_or(conn, kind, key, fingerprint, Error::UnknownStoredValue("idempotency_keys")).await
}

/// Returns the stored result of an idempotency key, or the error `error_if_new` if the key is new.
pub(super) async fn replay_or(
    conn: &mut PgConnection,
    kind: Kind,
    key: CustomerKey<'_>,
    fingerprint: &str,
    error_if_new: Error,
) -> Result<RecordedRequest, Error> {
    let record = store::idempotency_keys::find(conn, kind, key).await?.ok_or(error_if_new)?;
    match record.fingerprint {
        None => return Err(Refusal::Voided.into()),
        Some(first) if first != fingerprint => return Err(Refusal::KeyReused.into()),
        Some(_) => {}
    }
    if let Some(refusal) = record.refusal {
        return Err(refusal.into());
    }
    let Some(id) = record.transaction else { return Ok(RecordedRequest::NothingToDo) };
    let transaction = store::transactions::find(conn, id).await?;
    Ok(RecordedRequest::Replay(
        transaction.ok_or(Error::UnknownStoredValue("idempotency_keys.transaction_id"))?,
    ))
}
