//! Keys with which a proxy proves that it may name its clients: [`ProxyKeys`] of the server, and
//! [`ProxyKey`] of the proxy.
//!
//! A network of trusted proxies is enough for a load balancer with addresses of its own. The web
//! shop runs in pods, whose addresses are not known beforehand and whose network has other pods,
//! too. It shares a key with the server instead.

use crate::{Error, Runtime, file_watch, secret};
use arc_swap::ArcSwap;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use http::{HeaderMap, HeaderValue};
use prometheus_client::metrics::counter::Counter;
use secrecy::ExposeSecret as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// The header with the key.
pub const X_PROXY_KEY: &str = "x-proxy-key";

/// The setting with the path of the file.
const SETTING: &str = "TRUSTED_PROXY_KEY_FILE";

/// Maximum number of keys: two during a change of the key.
const MAX_KEYS: usize = 2;

/// Length of a key. A shorter one could be guessed; 32 characters have 128 bits even if they are
/// hexadecimal digits.
const KEY_BYTES: RangeInclusive<usize> = 32..=256;

/// SHA-256 digest of a key. Digests have one length, which the comparison does not reveal.
type KeyDigest = digest::Digest;

/// Keys that the server accepts. Cheap to clone; the clones share the keys.
#[derive(Clone, Debug)]
pub struct ProxyKeys {
    digests: Arc<ArcSwap<Vec<KeyDigest>>>,
    rejected: Counter,
}

impl ProxyKeys {
    /// Loads the keys of a file, one per line, and reloads them whenever it changes. An invalid
    /// file leaves the previous keys in place.
    ///
    /// # Errors
    /// When the file cannot be read, has no key, more than two, or an invalid one.
    pub fn watch(path: &Path, runtime: &Runtime) -> Result<Self, Error> {
        let digests = watch_keys(path, runtime, |keys| {
            keys.iter().map(|key| key_digest(key.as_bytes())).collect()
        })?;
        let rejected = runtime.metrics().register(
            "rejected_proxy_keys",
            "Requests with a wrong X-Proxy-Key, which count as requests without one",
            Counter::default(),
        );
        Ok(Self { digests, rejected })
    }

    /// Whether a request has one of the keys. A request with a wrong key is counted.
    pub(super) fn accept(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(X_PROXY_KEY).iter();
        let Some(value) = values.next() else { return false };
        let presented = key_digest(value.as_bytes());
        let is_equal =
            |known: &KeyDigest| verify_slices_are_equal(presented.as_ref(), known.as_ref()).is_ok();
        // Compares all keys, so that the time does not depend on which one is equal.
        let is_known = self.digests.load().iter().fold(false, |any, key| any | is_equal(key));
        let accepted = is_known && values.next().is_none();
        if !accepted {
            self.rejected.inc();
        }
        accepted
    }
}

/// The key that a proxy sends. Cheap to clone; the clones share the key.
#[derive(Clone, Debug)]
pub struct ProxyKey(Arc<ArcSwap<HeaderValue>>);

impl ProxyKey {
    /// Loads the first key of a file for [`ProxyKeys`], and reloads it whenever the file changes.
    /// An invalid file leaves the previous key in place.
    ///
    /// # Errors
    /// As [`ProxyKeys::watch`].
    pub fn watch(path: &Path, runtime: &Runtime) -> Result<Self, Error> {
        watch_keys(path, runtime, |keys| keys[0].clone()).map(Self)
    }

    /// The value of the header [`X_PROXY_KEY`]. It is marked as sensitive.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.0.load().as_ref().clone()
    }
}

/// Loads what `convert` makes of the keys of a file, and reloads it whenever the file changes.
/// There is at least one key.
fn watch_keys<T: Send + Sync + 'static>(
    path: &Path,
    runtime: &Runtime,
    convert: fn(&[HeaderValue]) -> T,
) -> Result<Arc<ArcSwap<T>>, Error> {
    // Watch before the first read, so that no change in between is missed.
    let changes = file_watch::changes(path, runtime);
    let current = Arc::new(ArcSwap::from_pointee(convert(&load(path)?)));
    let (path, shared) = (path.to_owned(), Arc::clone(&current));
    runtime.spawn("proxy keys", reload_on_change(path, changes, convert, shared));
    Ok(current)
}

async fn reload_on_change<T>(
    path: PathBuf,
    mut changes: watch::Receiver<()>,
    convert: fn(&[HeaderValue]) -> T,
    current: Arc<ArcSwap<T>>,
) {
    while changes.changed().await.is_ok() {
        match load(&path) {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "proxy keys reloaded");
                current.store(Arc::new(convert(&keys)));
            }
            Err(error) => {
                tracing::error!(%error, "proxy keys not reloaded; previous keys stay valid");
            }
        }
    }
}

/// Reads one key or two.
fn load(path: &Path) -> Result<Vec<HeaderValue>, Error> {
    let text = secret::require(SETTING, None, Some(path))?;
    let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Option<Vec<HeaderValue>> = lines.map(parse).collect();
    keys.filter(|keys| (1..=MAX_KEYS).contains(&keys.len())).ok_or_else(|| Error::Setting {
        name: SETTING,
        // The text is not part of the error, because it is secret.
        reason: format!(
            "the file {} must have one key, or two, one per line, of {} to {} printable ASCII \
             characters without spaces",
            path.display(),
            KEY_BYTES.start(),
            KEY_BYTES.end()
        ),
    })
}

fn parse(key: &str) -> Option<HeaderValue> {
    let is_valid =
        KEY_BYTES.contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = HeaderValue::from_str(key).ok().filter(|_| is_valid)?;
    value.set_sensitive(true);
    Some(value)
}

fn key_digest(key: &[u8]) -> KeyDigest {
    digest::digest(&digest::SHA256, key)
}

#[cfg(test)]
impl ProxyKeys {
    /// Accepts these keys, whatever their length.
    pub(super) fn for_tests(keys: &[&str]) -> Self {
        let digests = keys.iter().map(|key| key_digest(key.as_bytes())).collect();
        Self { digests: Arc::new(ArcSwap::from_pointee(digests)), rejected: Counter::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    fn headers(keys: &[&str]) -> HeaderMap {
        let name = HeaderName::from_static(X_PROXY_KEY);
        let value = |key: &&str| HeaderValue::from_str(key).expect("a value");
        keys.iter().map(|key| (name.clone(), value(key))).collect()
    }

    #[test]
    fn one_key_of_two_is_accepted_and_wrong_ones_are_counted() {
        let keys = ProxyKeys::for_tests(&["old", "new"]);
        let mut rejected = 0;
        for (sent, accepted) in [
            (&["old"][..], true),
            (&["new"], true),
            (&[], false),
            (&["older"], false),
            (&[""], false),
            (&["new", "new"], false),
            (&["old, new"], false),
        ] {
            assert_eq!(keys.accept(&headers(sent)), accepted, "{sent:?}");
            rejected += u64::from(!accepted && !sent.is_empty());
            assert_eq!(keys.rejected.get(), rejected, "{sent:?}");
        }
    }

    #[test]
    fn file_has_one_or_two_long_keys() {
        let (a, b, c) = ("a".repeat(32), "b".repeat(256), "c".repeat(64));
        for (text, count) in
            [(a.clone(), 1), (format!("{a}\n"), 1), (format!(" {a} \r\n\n{b}\n"), 2)]
        {
            assert_eq!(load(file(&text).path()).expect("keys").len(), count, "{text}");
        }
        for text in [
            String::new(),
            " \n".to_owned(),
            "a".repeat(31),
            "a".repeat(257),
            format!("{a} {b}"),
            format!("{a}é"),
            format!("{a}\n{b}\n{c}"),
        ] {
            let error = load(file(&text).path()).expect_err("no keys").to_string();
            assert!(error.starts_with("TRUSTED_PROXY_KEY_FILE: "), "{error}");
            assert!(!error.contains("aaaa"), "{error}");
        }
        assert!(load(Path::new("/nowhere")).is_err());
    }
}
