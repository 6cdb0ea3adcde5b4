//! Access tokens: EdDSA JSON Web Tokens, signed here and verified by the gateway.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwapOption;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use kit::{Env, Runtime};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        account::Role,
        ids::{SessionId, UserId},
    },
    error::Error,
    keys::{KeysError, SigningKeys},
};

/// Clocks of the pods may differ by this much.
const LEEWAY_SECS: i64 = 5;

/// Longer than any token of ours; saves the work of looking at it.
const MAX_TOKEN_BYTES: usize = 4096;

/// Larger than any key set of ours; a file beyond it is not the one that was meant.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// What a token says.
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

/// Signs and verifies with the keys of now.
pub(crate) struct AccessTokens {
    keys: Arc<ArcSwapOption<SigningKeys>>,
    issuer: String,
    audience: String,
    ttl: Duration,
    env: Env,
}

impl AccessTokens {
    /// Reads the keys, and again whenever their file changes.
    pub(crate) fn new(args: &crate::Args, runtime: &Runtime) -> Result<Self, KeysError> {
        let file = args.jwt_signing_keys.as_deref();
        // Before the keys are read, so that none is missed that comes right after.
        let changes = file.map(|path| (path.to_owned(), kit::file_watch::changes(path, runtime)));
        if file.is_none() {
            tracing::warn!("JWT_SIGNING_KEYS is not set: nobody can sign in");
        }
        let keys = file.map(load).transpose()?.map(Arc::new);
        let keys = Arc::new(ArcSwapOption::new(keys));
        if let Some((path, changes)) = changes {
            runtime.spawn("keys", follow(path, changes, Arc::clone(&keys)));
        }
        Ok(Self {
            keys,
            issuer: args.jwt_issuer.clone(),
            audience: args.jwt_audience.clone(),
            ttl: args.access_token_ttl,
            env: runtime.env.clone(),
        })
    }

    /// How long a token is good, in seconds.
    pub(crate) fn ttl_secs(&self) -> i64 {
        i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX)
    }

    /// Whether tokens can be signed: asked before anything is done that ends with one.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.keys.load().is_some() { Ok(()) } else { Err(Error::NoSigningKeys) }
    }

    /// A token for a session of an account.
    pub(crate) fn sign(
        &self,
        user: UserId,
        session: SessionId,
        role: Role,
    ) -> Result<String, Error> {
        let keys = self.keys.load();
        let (kid, key) = keys.as_ref().ok_or(Error::NoSigningKeys)?.signer();
        let iat = self.env.now().as_second();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user.0,
            exp: iat.saturating_add(self.ttl_secs()),
            iat,
            jti: self.env.uuid(),
            sid: session.0,
            role: role.as_str().to_owned(),
        };
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, key).map_err(Error::Sign)
    }

    /// Whose token this is, if it is good now.
    pub(crate) fn verify(&self, token: &str) -> Option<(UserId, Role)> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let keys = self.keys.load_full()?;
        let key = keys.verifier(&decode_header(token).ok()?.kid?)?;
        let claims = decode::<Claims>(token, key, &self.validation()).ok()?.claims;
        let now = self.env.now().as_second();
        let timely = claims.iat <= now + LEEWAY_SECS && claims.exp > now - LEEWAY_SECS;
        let role = Role::of_word(&claims.role)?;
        timely.then_some((claims.sub.into(), role))
    }

    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // By our own clock, above.
        validation.validate_exp = false;
        validation
    }
}

fn load(path: &Path) -> Result<SigningKeys, KeysError> {
    let unreadable = |source| KeysError::File { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(KeysError::Size);
    }
    let text = SecretString::from(std::fs::read_to_string(path).map_err(unreadable)?);
    SigningKeys::parse(&text)
}

/// Takes over what the file says from now on; a file that says nothing useful changes nothing, so
/// that a mistake in a rotation locks nobody out.
async fn follow(
    path: PathBuf,
    mut changes: tokio::sync::watch::Receiver<()>,
    keys: Arc<ArcSwapOption<SigningKeys>>,
) {
    while changes.changed().await.is_ok() {
        match load(&path) {
            Ok(fresh) => {
                let (kid, _) = fresh.signer();
                tracing::info!(keys = fresh.len(), kid, "the signing keys were read again");
                keys.store(Some(Arc::new(fresh)));
            }
            Err(error) => tracing::error!(%error, "the signing keys stay as they were"),
        }
    }
}
