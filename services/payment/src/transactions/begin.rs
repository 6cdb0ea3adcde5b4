//! Requests for movements: the intent is committed, then it is settled.

use jiff::SignedDuration;
use money::Money;
use sqlx::{PgConnection, PgTransaction};

use super::{Answered, DUE_AFTER, Ledger};
use crate::{
    domain::{
        ids::{Key, MethodId, OrderId, Token, TransactionId, UserId},
        transaction::{Hindrance, Kind, Refusal, State, Transaction},
    },
    error::Error,
    store,
};

/// What is paid with.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A method that the customer saved.
    Saved(MethodId),
    /// One of the provider's own.
    Test(String, Token),
}

/// A request to authorise or to charge.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) order: OrderId,
    pub(crate) user: UserId,
    pub(crate) source: Source,
    pub(crate) amount: Money,
    pub(crate) key: Key,
}

/// A request to give money back.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) transaction: TransactionId,
    /// `None` is all that is left.
    pub(crate) amount: Option<Money>,
    pub(crate) reason: String,
    pub(crate) key: Key,
}

/// What became of a request before the provider was asked.
pub(super) enum Begun {
    /// Its intent is written; beside it the parent, if it was read and has an outcome.
    New(Transaction, Option<Box<Transaction>>),
    /// It is a repeat.
    Known(Transaction),
    /// There was nothing to do.
    Nothing,
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
    /// What is asked for, in words: a repeat has the same.
    fn words(&self) -> String {
        let Self { order, user, source, amount, .. } = self;
        format!("order {order} user {user} method {} amount {amount}", source.id())
    }
}

impl Ledger {
    /// Holds an amount.
    pub(crate) async fn authorise(&self, payment: Payment) -> Result<Answered, Error> {
        self.pay(Kind::Authorization, &payment).await
    }

    /// Holds and takes an amount in one.
    pub(crate) async fn charge(&self, payment: Payment) -> Result<Answered, Error> {
        self.pay(Kind::Charge, &payment).await
    }

    /// Takes of what is held.
    pub(crate) async fn capture(
        &self,
        authorization: TransactionId,
        amount: Money,
        key: Key,
    ) -> Result<Answered, Error> {
        let request = format!("authorization {authorization} amount {amount}");
        let now = self.env.now();
        let rule = |parent: &Transaction| parent.capture(amount, now);
        let taking = Taking { kind: Kind::Capture, key, request, reason: String::new() };
        self.answer(self.take(authorization, taking, rule).await?).await
    }

    /// Gives back of what was taken.
    pub(crate) async fn refund(&self, refund: Refund) -> Result<Answered, Error> {
        let Refund { transaction, amount, reason, key } = refund;
        let asked = amount.map_or_else(|| "all that is left".to_owned(), |m| m.to_string());
        let request = format!("transaction {transaction} amount {asked} reason {reason}");
        let rule = |parent: &Transaction| parent.refund(amount);
        let taking = Taking { kind: Kind::Refund, key, request, reason };
        self.answer(self.take(transaction, taking, rule).await?).await
    }

    /// Settles what was begun.
    pub(super) async fn answer(&self, begun: Begun) -> Result<Answered, Error> {
        let (transaction, is_replay) = match begun {
            Begun::New(intent, parent) => {
                (self.send(intent, parent.map(|parent| *parent)).await?, false)
            }
            Begun::Known(known) => (self.settle(known).await?, true),
            // Only a void can have nothing to do, and it does not ask here.
            Begun::Nothing => return Err(Error::Stored("idempotency_keys.transaction_id")),
        };
        Ok(Answered { transaction, is_replay })
    }

    async fn pay(&self, kind: Kind, payment: &Payment) -> Result<Answered, Error> {
        self.answer(self.begin_payment(kind, payment).await?).await
    }

    async fn begin_payment(&self, kind: Kind, payment: &Payment) -> Result<Begun, Error> {
        let request = payment.words();
        let id = match &payment.source {
            Source::Test(_, token) => {
                // One statement, committed by itself.
                let mut conn = self.pool.acquire().await?;
                let intent = self.first(kind, payment, token.clone());
                return self.write_or_known(&mut conn, intent, &request).await;
            }
            Source::Saved(id) => *id,
        };
        // The method is kept until the intent is there: who finds it removed finds the key of an earlier
        // request, too.
        let mut tx = self.pool.begin().await?;
        let provider = self.provider.name();
        let token = store::methods::keep(&mut tx, payment.user, id, provider).await?;
        let Some(token) = token else {
            let absent = Error::NotFound("payment_method");
            return known_or(&mut tx, kind, &payment.key, &request, absent).await;
        };
        let intent = self.first(kind, payment, token);
        let begun = self.write_or_known(&mut tx, intent, &request).await?;
        tx.commit().await?;
        Ok(begun)
    }

    /// The intent of a payment, which has no parent.
    fn first(&self, kind: Kind, payment: &Payment, token: Token) -> Transaction {
        let now = self.env.now();
        let ttl = SignedDuration::try_from(self.authorization_ttl).unwrap_or(SignedDuration::MAX);
        let ends = now.saturating_add(ttl).unwrap_or(jiff::Timestamp::MAX);
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
            undone: false,
            expires_at: (kind == Kind::Authorization).then_some(ends),
            decline_code: String::new(),
            reason: String::new(),
            created_at: now,
        }
    }

    async fn write_or_known(
        &self,
        conn: &mut PgConnection,
        intent: Transaction,
        request: &str,
    ) -> Result<Begun, Error> {
        if self.write(conn, &intent, request).await? {
            return Ok(Begun::New(intent, None));
        }
        known(conn, intent.kind, &intent.key, request).await
    }

    /// Begins what takes a part of a parent, as far as `rule` allows it. A refusal is remembered: a
    /// repeat that comes late must not do what its caller was told would never be.
    async fn take(
        &self,
        parent: TransactionId,
        taking: Taking,
        rule: impl FnOnce(&Transaction) -> Result<Money, Hindrance>,
    ) -> Result<Begun, Error> {
        let Taking { kind, key, request, reason } = taking;
        let mut tx = self.pool.begin().await?;
        let Some(parent) = store::transactions::lock(&mut tx, parent).await? else {
            let absent = Error::NotFound("transaction");
            return known_or(&mut tx, kind, &key, &request, absent).await;
        };
        // What the parent allows now is nothing to a repeat: it is answered by what its key came to.
        let amount = match rule(&parent) {
            Ok(amount) => amount,
            Err(hindrance) => return self.hinder(tx, kind, &key, &request, hindrance).await,
        };
        let intent = self.child(&parent, kind, key, amount, reason);
        if !self.write(&mut tx, &intent, &request).await? {
            return known(&mut tx, kind, &intent.key, &request).await;
        }
        tx.commit().await?;
        Ok(Begun::New(intent, Some(Box::new(parent))))
    }

    /// Refuses a request, unless it is a repeat. A refusal that stays one is remembered.
    pub(super) async fn hinder(
        &self,
        mut tx: PgTransaction<'_>,
        kind: Kind,
        key: &Key,
        request: &str,
        hindrance: Hindrance,
    ) -> Result<Begun, Error> {
        let Hindrance::Refused(refusal) = hindrance else {
            return known_or(&mut tx, kind, key, request, Error::Busy).await;
        };
        let (came, now) = (Err(refusal), self.env.now());
        if !store::keys::claim(&mut tx, kind, key, Some(request), came, now).await? {
            return known(&mut tx, kind, key, request).await;
        }
        tx.commit().await?;
        Err(refusal.into())
    }

    /// An intent that follows from a parent.
    pub(super) fn child(
        &self,
        parent: &Transaction,
        kind: Kind,
        key: Key,
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
            undone: false,
            expires_at: None,
            decline_code: String::new(),
            reason,
            created_at: self.env.now(),
            ..parent.clone()
        }
    }

    /// Writes an intent with its key, unless that is known: then `false`.
    pub(super) async fn write(
        &self,
        conn: &mut PgConnection,
        intent: &Transaction,
        request: &str,
    ) -> Result<bool, Error> {
        let due_at = intent.created_at + DUE_AFTER;
        store::transactions::begin(conn, intent, request, self.provider.name(), due_at).await
    }
}

/// A request that takes a part of a parent.
struct Taking {
    kind: Kind,
    key: Key,
    /// What is asked for, in words: a repeat has the same.
    request: String,
    reason: String,
}

/// What came of a key that is known.
pub(super) async fn known(
    conn: &mut PgConnection,
    kind: Kind,
    key: &Key,
    request: &str,
) -> Result<Begun, Error> {
    known_or(conn, kind, key, request, Error::Stored("idempotency_keys")).await
}

/// What came of a key, or what is wrong with a request whose key is new.
pub(super) async fn known_or(
    conn: &mut PgConnection,
    kind: Kind,
    key: &Key,
    request: &str,
    otherwise: Error,
) -> Result<Begun, Error> {
    let known = store::keys::find(conn, kind, key).await?.ok_or(otherwise)?;
    match known.request {
        None => return Err(Refusal::Voided.into()),
        Some(first) if first != request => return Err(Refusal::KeyReused.into()),
        Some(_) => {}
    }
    if let Some(refusal) = known.refusal {
        return Err(refusal.into());
    }
    let Some(id) = known.transaction else { return Ok(Begun::Nothing) };
    let transaction = store::transactions::find(conn, id).await?;
    Ok(Begun::Known(transaction.ok_or(Error::Stored("idempotency_keys.transaction_id"))?))
}
