//! Refresh token rotation, the list of sessions, and sign-out.

use kit::postgres::traced;

use super::{Accounts, SignedIn};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::session::{Session, TokenUse};
use crate::domain::token::OpaqueToken;
use crate::error::Error;
use crate::transactions::sessions;

/// Sessions of an account to end.
pub(crate) enum SessionsToEnd {
    /// All sessions.
    All,
    /// The session of a refresh token; `None` if the text cannot be a token; then no session ends.
    OfToken(Option<OpaqueToken>),
}

impl Accounts {
    /// Exchanges a refresh token for the next one (refresh token rotation).
    pub(crate) async fn refresh(&self, token: Option<OpaqueToken>) -> Result<SignedIn, Error> {
        self.tokens.require_signing_key()?;
        let (used, open) = match token {
            Some(token) => {
                let work = sessions::refresh(&self.pool, &self.env, &token, self.refresh_tokens);
                traced("user.refresh", work).await?
            }
            None => (None, None),
        };
        self.metrics.record_refresh(used);
        if used == Some(TokenUse::Reuse) {
            tracing::warn!("refresh token reuse detected: session ended");
        }
        self.issue_tokens(open.ok_or(Error::InvalidRefreshToken)?)
    }

    /// Returns the sessions of an account, newest first.
    pub(crate) async fn sessions(&self, user: UserId) -> Result<Vec<Session>, Error> {
        let max_age = self.refresh_tokens.max_age;
        let work = sessions::list(&self.pool, self.now(), user, max_age);
        traced("user.list_sessions", work).await
    }

    /// Ends one session of an account.
    pub(crate) async fn end_session(&self, user: UserId, id: SessionId) -> Result<(), Error> {
        let ended = traced("user.end_session", sessions::end_by_id(&self.pool, user, id)).await?;
        if ended { Ok(()) } else { Err(Error::NotFound("session")) }
    }

    /// Ends sessions. A missing session, or one of another account, is ignored.
    pub(crate) async fn end_sessions(
        &self,
        user: UserId,
        sessions: SessionsToEnd,
    ) -> Result<(), Error> {
        match sessions {
            SessionsToEnd::All => {
                traced("user.end_all", sessions::end_all(&self.pool, user)).await?;
                audit::log_event("sessions.end_all", "succeeded", &user.to_string());
                Ok(())
            }
            SessionsToEnd::OfToken(Some(token)) => {
                traced("user.end", sessions::end(&self.pool, user, &token)).await
            }
            SessionsToEnd::OfToken(None) => Ok(()),
        }
    }
}
