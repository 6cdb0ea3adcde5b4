//! Who calls: the bearer token of a request and what it allows.

mod extract;
mod keys;
mod token;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use kit::{Env, Runtime};

pub(crate) use extract::{Admin, Anyone, SignedIn};
pub use keys::KeysError;
pub(crate) use keys::{Keys, PublicKeys};
pub(crate) use token::{Caller, Expectation, Refusal, Role};

/// Larger than any key set of ours; a file beyond it is not the one that was meant.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Verifies tokens with the keys of now.
pub(crate) struct Auth {
    keys: Arc<ArcSwap<Keys>>,
    expected: Expectation,
    env: Env,
}

impl Auth {
    /// Reads the keys, and again whenever their file changes.
    pub(crate) fn new(
        file: Option<&Path>,
        expected: Expectation,
        runtime: &Runtime,
    ) -> Result<Self, KeysError> {
        // Before the keys are read, so that none is missed that comes right after.
        let changes = file.map(|path| (path.to_owned(), kit::file_watch::changes(path, runtime)));
        let keys = match file {
            Some(path) => load(path)?,
            None => {
                tracing::warn!("JWT_PUBLIC_KEYS is not set: no token is accepted");
                Keys::default()
            }
        };
        let keys = Arc::new(ArcSwap::from_pointee(keys));
        if let Some((path, changes)) = changes {
            runtime.spawn("keys", follow(path, changes, Arc::clone(&keys)));
        }
        Ok(Self { keys, expected, env: runtime.env.clone() })
    }

    /// The keys of now.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    /// Who the bearer of `token` is.
    pub(crate) fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        token::verify(token, &self.keys.load(), &self.expected, self.env.now())
    }
}

fn load(path: &Path) -> Result<Keys, KeysError> {
    let unreadable = |source| KeysError::File { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(KeysError::Size);
    }
    Keys::parse(&std::fs::read(path).map_err(unreadable)?)
}

/// Takes over what the file says from now on; a file that says nothing useful changes nothing, so
/// that a mistake in a rotation locks nobody out.
async fn follow(
    path: PathBuf,
    mut changes: tokio::sync::watch::Receiver<()>,
    keys: Arc<ArcSwap<Keys>>,
) {
    while changes.changed().await.is_ok() {
        match load(&path) {
            Ok(fresh) => {
                tracing::info!(keys = fresh.published().len(), "the keys were read again");
                keys.store(Arc::new(fresh));
            }
            Err(error) => tracing::error!(%error, "the keys stay as they were"),
        }
    }
}

#[cfg(test)]
mod tests;
