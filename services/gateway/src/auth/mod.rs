//! Authentication: verifies the bearer token of a request and extracts the caller and its role.
//! Refuses the tokens of sessions that have ended, and verifies administrators at each request.
//! Guests have no account; a cart token identifies their cart.

mod admin;
mod cart_owner;
mod ended_sessions;
mod extract;
mod jwk;
mod session_watch;
mod token;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use kit::{Env, Runtime};

pub(crate) use cart_owner::{CartOwner, OptionalCartOwner};
pub(crate) use ended_sessions::EndedSessions;
pub(crate) use extract::{Admin, OptionalCaller, SignedIn};
pub use jwk::KeysError;
pub(crate) use jwk::{Keys, PublicKeys};
pub(crate) use session_watch::SessionWatch;
pub(crate) use token::{Caller, ExpectedClaims, Role, TokenError};

/// Maximum size of the key set file. A larger file is not a key set.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Verifier of access tokens. Uses the latest valid key set.
pub(crate) struct Auth {
    keys: Arc<ArcSwap<Keys>>,
    expected: ExpectedClaims,
    ended_sessions: EndedSessions,
    env: Env,
}

impl Auth {
    /// Loads the key set, and reloads it whenever its file changes.
    pub(crate) fn new(
        file: Option<&Path>,
        expected: ExpectedClaims,
        runtime: &Runtime,
    ) -> Result<Self, KeysError> {
        // Watch before the first read, so that no change in between is missed.
        let changes = file.map(|path| (path.to_owned(), kit::file_watch::changes(path, runtime)));
        let keys = match file {
            Some(path) => load(path)?,
            None => {
                tracing::warn!("JWT_PUBLIC_KEYS is not set: all access tokens are rejected");
                Keys::default()
            }
        };
        let keys = Arc::new(ArcSwap::from_pointee(keys));
        if let Some((path, changes)) = changes {
            runtime.spawn("keys", reload_on_change(path, changes, Arc::clone(&keys)));
        }
        let ended_sessions = EndedSessions::default();
        Ok(Self { keys, expected, ended_sessions, env: runtime.env.clone() })
    }

    /// Returns the current key set.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    /// Returns the set of sessions whose tokens are refused.
    pub(crate) fn ended_sessions(&self) -> &EndedSessions {
        &self.ended_sessions
    }

    /// Verifies `token` and returns its caller.
    pub(crate) fn verify(&self, token: &str) -> Result<Caller, TokenError> {
        let caller = token::verify(token, &self.keys.load(), &self.expected, self.env.now())?;
        match self.ended_sessions.contains(caller.session_id) {
            true => Err(TokenError::SessionEnded),
            false => Ok(caller),
        }
    }
}

fn load(path: &Path) -> Result<Keys, KeysError> {
    let unreadable = |source| KeysError::File { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(KeysError::Size);
    }
    Keys::parse(&std::fs::read(path).map_err(unreadable)?)
}

/// Reloads the key set on every change of its file. An invalid file leaves the previous keys in
/// place, so that a mistake in a key rotation does not reject all users.
async fn reload_on_change(
    path: PathBuf,
    mut changes: tokio::sync::watch::Receiver<()>,
    keys: Arc<ArcSwap<Keys>>,
) {
    while changes.changed().await.is_ok() {
        match load(&path) {
            Ok(reloaded) => {
                tracing::info!(keys = reloaded.published().len(), "key set reloaded");
                keys.store(Arc::new(reloaded));
            }
            Err(error) => tracing::error!(%error, "key set not reloaded; previous keys stay valid"),
        }
    }
}

#[cfg(test)]
mod tests;
