//! Sessions: how they go on and end.

use kit::postgres::traced;

use super::{Accounts, SignedIn};
use crate::{
    domain::{ids::UserId, session::Use, token::Opaque},
    error::Error,
    transactions::sessions,
};

/// Which sessions of an account are to end.
pub(crate) enum Ending {
    /// All of them.
    All,
    /// That of a token; of a text that is no token, none.
    Of(Option<Opaque>),
}

impl Accounts {
    /// Trades a refresh token for the next one.
    pub(crate) async fn refresh(&self, token: Option<Opaque>) -> Result<SignedIn, Error> {
        self.tokens.check()?;
        let (used, open) = match token {
            Some(token) => {
                let work = sessions::refresh(&self.pool, &self.env, &token, self.times);
                traced("user.refresh", work).await?
            }
            None => (None, None),
        };
        self.metrics.refreshed(used);
        if used == Some(Use::Reuse) {
            tracing::warn!("a refresh token was used again: its session has ended");
        }
        self.signed_in(open.ok_or(Error::InvalidRefreshToken)?)
    }

    /// Ends sessions. Those that are not there, or another's, are no matter.
    pub(crate) async fn end(&self, user: UserId, ending: Ending) -> Result<(), Error> {
        match ending {
            Ending::All => traced("user.end_all", sessions::end_all(&self.pool, user)).await,
            Ending::Of(Some(token)) => {
                traced("user.end", sessions::end(&self.pool, user, &token)).await
            }
            Ending::Of(None) => Ok(()),
        }
    }
}
