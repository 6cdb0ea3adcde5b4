//! The secrets that the components of one process share. In a cluster the operator generates them.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use kit::Env;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use crate::Error;

/// Files that contain secrets. Each is generated once.
pub(super) struct Secrets {
    /// The keys that sign access tokens: a JSON Web Key Set.
    pub(super) signing_keys: PathBuf,
    /// The keys that verify access tokens: the public part of the signing keys.
    pub(super) public_keys: PathBuf,
    /// The key with which the payment service computes request fingerprints.
    pub(super) fingerprint_key: PathBuf,
    /// The key with which the web shop names its visitors to the gateway.
    pub(super) trusted_proxy_key: PathBuf,
    /// The temporary folder of the files, if there is no data folder; removed on drop.
    _temporary: Option<TempDir>,
}

impl Secrets {
    /// Opens the folder `secrets` of the data folder, and generates the secrets that are missing.
    ///
    /// Without a data folder the secrets are new at each start. Signed-in clients then have to
    /// refresh their access tokens.
    pub(super) fn open(data: Option<&Path>, env: &Env) -> Result<Self, Error> {
        let (folder, temporary) = match data {
            Some(data) => (data.join("secrets"), None),
            None => {
                let temporary = tempfile::tempdir().map_err(|source| Error::File {
                    operation: "create",
                    path: std::env::temp_dir(),
                    source,
                })?;
                (temporary.path().join("secrets"), Some(temporary))
            }
        };
        create_folder(&folder)?;
        let secrets = Self {
            signing_keys: folder.join("signing-keys.json"),
            public_keys: folder.join("public-keys.json"),
            fingerprint_key: folder.join("fingerprint-key"),
            trusted_proxy_key: folder.join("trusted-proxy-key"),
            _temporary: temporary,
        };
        // The public part is written last: if it exists, both files are complete.
        if !secrets.public_keys.exists() {
            let keys = user::jwk::generate(env).map_err(|source| Error::Keys(source.into()))?;
            write(&secrets.signing_keys, keys.signing.expose_secret())?;
            write(&secrets.public_keys, &keys.public)?;
        }
        for file in [&secrets.fingerprint_key, &secrets.trusted_proxy_key] {
            if !file.exists() {
                let key = env.bytes::<32>();
                let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
                write(file, &key)?;
            }
        }
        Ok(secrets)
    }
}

fn create_folder(folder: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::File { operation: "create", path: folder.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Writes a file atomically: to a temporary name in the same folder, then renamed.
fn write(path: &Path, content: &str) -> Result<(), Error> {
    let temporary = path.with_extension("new");
    let attempt = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?; // a renamed but empty file would prevent the next start
        fs::rename(&temporary, path)
    };
    attempt().map_err(|source| Error::File { operation: "write", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_generated_once_and_private_to_their_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = tempfile::tempdir().unwrap();
        let read = || {
            let secrets = Secrets::open(Some(data.path()), &Env::system()).unwrap();
            let Secrets { signing_keys, public_keys, fingerprint_key, trusted_proxy_key, .. } =
                secrets;
            let files = [signing_keys, public_keys, fingerprint_key, trusted_proxy_key];
            files.map(|file| {
                assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
                fs::read_to_string(file).unwrap()
            })
        };
        assert_eq!(read(), read());
    }

    #[test]
    fn secrets_without_data_folder_are_new_each_time() {
        let read = || {
            let secrets = Secrets::open(None, &Env::system()).unwrap();
            fs::read_to_string(&secrets.fingerprint_key).unwrap()
        };
        assert_ne!(read(), read());
    }
}
