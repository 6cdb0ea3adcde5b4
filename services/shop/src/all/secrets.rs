//! The secrets that the components of one process share. In a cluster the operator makes them.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use kit::Env;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use crate::Error;

/// Files with secrets, each made once.
pub(super) struct Secrets {
    /// What access tokens are signed with: a JSON Web Key Set.
    pub(super) signing_keys: PathBuf,
    /// What they are verified with: the public part of it.
    pub(super) public_keys: PathBuf,
    /// What the payment service makes fingerprints of requests with.
    pub(super) fingerprint_key: PathBuf,
    /// Held as long as the files are needed, where they are not kept.
    _temporary: Option<TempDir>,
}

impl Secrets {
    /// The secrets in the folder `secrets` of the data folder, made if they are not there. Without a
    /// data folder they are new each time: who was signed in then asks for a new access token.
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
        make_folder(&folder)?;
        let secrets = Self {
            signing_keys: folder.join("signing-keys.json"),
            public_keys: folder.join("public-keys.json"),
            fingerprint_key: folder.join("fingerprint-key"),
            _temporary: temporary,
        };
        // The public part last: it says that both are whole.
        if !secrets.public_keys.exists() {
            let keys = user::jwk::generate(env).map_err(|source| Error::Keys(source.into()))?;
            write(&secrets.signing_keys, keys.signing.expose_secret())?;
            write(&secrets.public_keys, &keys.public)?;
        }
        if !secrets.fingerprint_key.exists() {
            let key: String = env.bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
            write(&secrets.fingerprint_key, &key)?;
        }
        Ok(secrets)
    }
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::File { operation: "create", path: folder.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Whole or not at all: written beside its place and moved there.
fn write(path: &Path, content: &str) -> Result<(), Error> {
    let fresh = path.with_extension("new");
    let attempt = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&fresh)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?; // a name without content would keep the shop from starting
        fs::rename(&fresh, path)
    };
    attempt().map_err(|source| Error::File { operation: "write", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_made_once_and_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = tempfile::tempdir().unwrap();
        let read = || {
            let secrets = Secrets::open(Some(data.path()), &Env::system()).unwrap();
            let files = [secrets.signing_keys, secrets.public_keys, secrets.fingerprint_key];
            files.map(|file| {
                assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
                fs::read_to_string(file).unwrap()
            })
        };
        assert_eq!(read(), read());
    }

    #[test]
    fn without_a_data_folder_they_are_new_each_time() {
        let read = || {
            let secrets = Secrets::open(None, &Env::system()).unwrap();
            fs::read_to_string(&secrets.fingerprint_key).unwrap()
        };
        assert_ne!(read(), read());
    }
}
