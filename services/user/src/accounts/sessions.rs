//! Refresh token rotation and sign-out.

use kit::postgres::traced;

use super::{Accounts, SignedIn};
use crate::domain::ids::UserId;
use crate::domain::session::TokenUse;
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

    /// Ends sessions. A missing session, or one of another account, is ignored.
    pub(crate) async fn end_sessions(
        &self,
        user: UserId,
        sessions: SessionsToEnd,
    ) -> Result<(), Error> {
        match sessions {
            SessionsToEnd::All => traced("user.end_all", sessions::end_all(&self.pool, user)).await,
            SessionsToEnd::OfToken(Some(token)) => {
                traced("user.end", sessions::end(&self.pool, user, &token)).await
            }
            SessionsToEnd::OfToken(None) => Ok(()),
        }
    }
}
