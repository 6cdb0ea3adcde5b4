//! Access tokens: EdDSA JSON Web Tokens (JWT), signed here and verified by the gateway.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use kit::{Env, Runtime};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::account::Role;
use crate::domain::ids::{SessionId, UserId};
use crate::error::Error;
use crate::jwk::{KeysError, SigningKeys};

/// Tolerated clock skew between pods.
const LEEWAY_SECS: i64 = 5;

/// Longer than any token that this service issues. Longer texts are rejected without parsing.
const MAX_TOKEN_BYTES: usize = 4096;

/// Larger than any valid key set. A file above this size is a mistake in the configuration.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The claims of an access token.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    exp: i64,
    iat: i64,
    jti: Uuid,
    sid: Uuid,
    role: String,
}

/// A signed access token.
pub(crate) struct SignedToken {
    pub(crate) text: String,
    /// Time until the token expires, in seconds.
    pub(crate) expires_in_secs: i64,
}

/// Signs and verifies access tokens with the current key set.
pub(crate) struct AccessTokens {
    keys: Arc<ArcSwapOption<SigningKeys>>,
    issuer: String,
    audience: String,
    ttl: Duration,
    env: Env,
}

impl AccessTokens {
    /// Loads the key set and reloads it whenever its file changes.
    pub(crate) fn new(args: &crate::Args, runtime: &Runtime) -> Result<Self, KeysError> {
        let file = args.jwt_signing_keys.as_deref();
        // Subscribe before the first load, so that no change after it is missed.
        let changes = file.map(|path| (path.to_owned(), kit::file_watch::changes(path, runtime)));
        if file.is_none() {
            tracing::warn!("sign-in is disabled: JWT_SIGNING_KEYS is not set");
        }
        let keys = file.map(load).transpose()?.map(Arc::new);
        let keys = Arc::new(ArcSwapOption::new(keys));
        if let Some((path, changes)) = changes {
            runtime.spawn("keys", reload_on_change(path, changes, Arc::clone(&keys)));
        }
        Ok(Self {
            keys,
            issuer: args.jwt_issuer.clone(),
            audience: args.jwt_audience.clone(),
            ttl: args.access_token_ttl,
            env: runtime.env.clone(),
        })
    }

    /// Returns an error if no signing key is loaded. Callers check this before they change
    /// anything, because their last step is to sign a token.
    pub(crate) fn require_signing_key(&self) -> Result<(), Error> {
        if self.keys.load().is_some() { Ok(()) } else { Err(Error::NoSigningKeys) }
    }

    /// Returns the key of the stored hashes of networks; `None` without signing keys.
    pub(crate) fn network_key(&self) -> Option<SecretString> {
        self.keys.load().as_ref().map(|keys| keys.network_key())
    }

    /// Signs an access token for a session of an account. It expires with the session, which ends
    /// at `session_end` at the latest.
    pub(crate) fn sign(
        &self,
        user: UserId,
        role: Role,
        (session, session_end): (SessionId, Timestamp),
    ) -> Result<SignedToken, Error> {
        let keys = self.keys.load();
        let (kid, key) = keys.as_ref().ok_or(Error::NoSigningKeys)?.signer();
        let iat = self.env.now().as_second();
        let ttl_secs = i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX);
        let exp = iat.saturating_add(ttl_secs).min(session_end.as_second());
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user.0,
            exp,
            iat,
            jti: self.env.uuid(),
            sid: session.0,
            role: role.as_str().to_owned(),
        };
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let text = encode(&header, &claims, key).map_err(Error::Sign)?;
        Ok(SignedToken { text, expires_in_secs: exp.saturating_sub(iat).max(0) })
    }

    /// Returns the account and role of `token` if the token is valid now, otherwise `None`.
    pub(crate) fn verify(&self, token: &str) -> Option<(UserId, Role)> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let keys = self.keys.load_full()?;
        let key = keys.verifier(&decode_header(token).ok()?.kid?)?;
        let claims = decode::<Claims>(token, key, &self.validation()).ok()?.claims;
        let now = self.env.now().as_second();
        let unexpired = claims.iat <= now + LEEWAY_SECS && claims.exp > now - LEEWAY_SECS;
        let role = Role::parse(&claims.role)?;
        unexpired.then_some((claims.sub.into(), role))
    }

    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The caller checks the expiry with the injected clock.
        validation.validate_exp = false;
        validation
    }
}

fn load(path: &Path) -> Result<SigningKeys, KeysError> {
    let unreadable = |source| KeysError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(KeysError::TooLarge);
    }
    let text = SecretString::from(std::fs::read_to_string(path).map_err(unreadable)?);
    SigningKeys::parse(&text)
}

/// Reloads the key set when the file changes. An invalid file is logged and ignored, so that a
/// mistake in a key rotation does not reject all users.
async fn reload_on_change(
    path: PathBuf,
    mut changes: tokio::sync::watch::Receiver<()>,
    keys: Arc<ArcSwapOption<SigningKeys>>,
) {
    while changes.changed().await.is_ok() {
        match load(&path) {
            Ok(reloaded) => {
                let (kid, _) = reloaded.signer();
                tracing::info!(keys = reloaded.len(), kid, "signing keys reloaded");
                keys.store(Some(Arc::new(reloaded)));
            }
            Err(error) => tracing::error!(%error, "signing keys not reloaded: the file is invalid"),
        }
    }
}
