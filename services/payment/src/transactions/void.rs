//! Letting held money go, also when it is not known whether it is held.

use sqlx::PgConnection;

use super::{
    Ledger,
    begin::{Begun, known},
};
use crate::{
    domain::{
        ids::{Key, TransactionId},
        transaction::{Hindrance, Kind, Refusal, Transaction, Undoing},
    },
    error::Error,
    store,
};

/// A request to let held money go.
#[derive(Clone, Debug)]
pub(crate) struct Void {
    /// The authorisation, …
    pub(crate) authorization: Option<TransactionId>,
    /// … or the key that it was asked for with, or will be.
    pub(crate) authorize_key: Option<Key>,
    pub(crate) key: Key,
}

impl Ledger {
    /// Lets an authorisation go and gives whether an earlier request had begun that. One that was never
    /// seen is refused when it comes.
    pub(crate) async fn void(&self, void: Void) -> Result<bool, Error> {
        let begun = self.begin_void(void).await?;
        if matches!(begun, Begun::Nothing) {
            return Ok(false);
        }
        let answered = self.answer(begun).await?;
        answered.transaction.answer()?;
        Ok(answered.is_replay)
    }

    async fn begin_void(&self, void: Void) -> Result<Begun, Error> {
        let request = void.words();
        let Void { authorization, authorize_key, key } = void;
        let now = self.env.now();
        let mut tx = self.pool.begin().await?;
        if !store::keys::claim(&mut tx, Kind::Void, &key, Some(&request), now).await? {
            return known(&mut tx, Kind::Void, &key, &request).await;
        }
        let id = match (authorization, &authorize_key) {
            (Some(id), _) => Some(id),
            (None, Some(authorize_key)) => self.seen(&mut tx, authorize_key).await?,
            (None, None) => None,
        };
        let Some(id) = id else {
            tx.commit().await?;
            return Ok(Begun::Nothing);
        };
        let held = store::transactions::lock(&mut tx, id).await?;
        let held = held.ok_or(Error::NotFound("authorization"))?;
        if authorize_key.is_some_and(|authorize_key| authorize_key != held.key) {
            return Err(Error::OtherAuthorization);
        }
        let begun = match held.void() {
            Ok(Undoing::Begin) => self.undo(&mut tx, &held, key).await?,
            Ok(Undoing::Join) => join(&mut tx, &held, &key).await?,
            Ok(Undoing::Nothing) => Begun::Nothing,
            Err(Hindrance::Busy) => return Err(Error::Busy),
            Err(Hindrance::Refused(refusal)) => {
                store::keys::conclude(&mut tx, Kind::Void, &key, Err(refusal)).await?;
                tx.commit().await?;
                return Err(refusal.into());
            }
        };
        tx.commit().await?;
        Ok(begun)
    }

    /// The authorisation that came with a key; if none did, none will.
    async fn seen(
        &self,
        conn: &mut PgConnection,
        authorize_key: &Key,
    ) -> Result<Option<TransactionId>, Error> {
        let (kind, now) = (Kind::Authorization, self.env.now());
        if store::keys::claim(conn, kind, authorize_key, None, now).await? {
            store::keys::conclude(conn, kind, authorize_key, Err(Refusal::Voided)).await?;
            return Ok(None);
        }
        let known = store::keys::find(conn, kind, authorize_key).await?;
        Ok(known.and_then(|known| known.transaction))
    }

    async fn undo(
        &self,
        conn: &mut PgConnection,
        held: &Transaction,
        key: Key,
    ) -> Result<Begun, Error> {
        let intent = self.child(held, Kind::Void, key, held.amount, String::new());
        store::transactions::mark_undone(conn, held.id).await?;
        self.write(conn, &intent).await?;
        Ok(Begun::New(intent, None))
    }
}

impl Void {
    /// What is asked for, in words: a repeat has the same.
    fn words(&self) -> String {
        let authorization = self.authorization.map(|id| id.to_string()).unwrap_or_default();
        let authorize_key = self.authorize_key.as_ref().map_or("", Key::as_str);
        format!("authorization {authorization} authorize_key {authorize_key}")
    }
}

/// Another request has begun it: this one waits for the same.
async fn join(conn: &mut PgConnection, held: &Transaction, key: &Key) -> Result<Begun, Error> {
    let absent = || Error::Stored("transactions.undone");
    let id = store::transactions::void_of(conn, held.id).await?.ok_or_else(absent)?;
    store::keys::conclude(conn, Kind::Void, key, Ok(id)).await?;
    let void = store::transactions::find(conn, id).await?;
    Ok(Begun::Known(void.ok_or_else(absent)?))
}
