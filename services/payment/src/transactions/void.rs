//! Letting held money go, also when it is not known whether it is held.

use sqlx::{PgConnection, PgTransaction};

use super::{
    Ledger,
    begin::{Begun, known, known_or},
};
use crate::{
    domain::{
        ids::{Key, TransactionId},
        transaction::{Kind, Refusal, Undoing},
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
        let mut tx = self.pool.begin().await?;
        let id = match (authorization, &authorize_key) {
            (Some(id), _) => Some(id),
            (None, Some(authorize_key)) => self.seen(&mut tx, authorize_key).await?,
            (None, None) => None,
        };
        let Some(id) = id else {
            return self.conclude(tx, &key, &request, None).await;
        };
        let Some(held) = store::transactions::lock(&mut tx, id).await? else {
            let absent = Error::NotFound("authorization");
            return known_or(&mut tx, Kind::Void, &key, &request, absent).await;
        };
        if authorize_key.is_some_and(|authorize_key| authorize_key != held.key) {
            let other = Error::OtherAuthorization;
            return known_or(&mut tx, Kind::Void, &key, &request, other).await;
        }
        // What is true of it now is nothing to a repeat: it is answered by what its key came to.
        match held.void() {
            Ok(Undoing::Begin) => {}
            Ok(Undoing::Join) => {
                let begun = store::transactions::void_of(&mut tx, held.id).await?;
                let begun = begun.ok_or(Error::Stored("transactions.undone"))?;
                return self.conclude(tx, &key, &request, Some(begun)).await;
            }
            Ok(Undoing::Nothing) => return self.conclude(tx, &key, &request, None).await,
            Err(hindrance) => return self.hinder(tx, Kind::Void, &key, &request, hindrance).await,
        }
        let intent = self.child(&held, Kind::Void, key, held.amount, String::new());
        if !self.write(&mut tx, &intent, &request).await? {
            return known(&mut tx, Kind::Void, &intent.key, &request).await;
        }
        tx.commit().await?;
        Ok(Begun::New(intent, None))
    }

    /// Remembers that a void has nothing to do but what another request began, if one did.
    async fn conclude(
        &self,
        mut tx: PgTransaction<'_>,
        key: &Key,
        request: &str,
        begun: Option<TransactionId>,
    ) -> Result<Begun, Error> {
        let (came, now) = (Ok(begun), self.env.now());
        store::keys::claim(&mut tx, Kind::Void, key, Some(request), came, now).await?;
        let known = known(&mut tx, Kind::Void, key, request).await?;
        tx.commit().await?;
        Ok(known)
    }

    /// The authorisation that came with a key; if none did, none will.
    async fn seen(
        &self,
        conn: &mut PgConnection,
        authorize_key: &Key,
    ) -> Result<Option<TransactionId>, Error> {
        let (kind, came) = (Kind::Authorization, Err(Refusal::Voided));
        if store::keys::claim(conn, kind, authorize_key, None, came, self.env.now()).await? {
            return Ok(None);
        }
        let known = store::keys::find(conn, kind, authorize_key).await?;
        Ok(known.and_then(|known| known.transaction))
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
