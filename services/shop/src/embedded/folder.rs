//! The data folder: whose it is, and that only one shop uses it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use super::user::User;
use crate::Error;

/// Marks a folder as ours, and is locked while a shop uses it.
const LOCK: &str = "lock";
/// Holds the password of both servers.
const PASSWORD: &str = "password";

/// A data folder that this process alone uses.
pub(crate) struct Folder {
    path: PathBuf,
    user: Option<User>,
    password: String,
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be and takes it. A folder that holds something else is refused, so
    /// that nothing of somebody else's changes its owner.
    pub(crate) fn take(path: &Path, env: &kit::Env) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(|source| Error::File {
            what: "find",
            path: path.to_owned(),
            source,
        })?;
        let lock = path.join(LOCK);
        if holds_something_else(&path, &lock) {
            return Err(Error::FolderTaken { folder: path });
        }
        let user = User::for_servers()?;
        if let Some(user) = user.as_ref().filter(|user| !can_be_reached(&path, user)) {
            return Err(Error::FolderUnreachable { user: user.name.clone(), folder: path });
        }
        make_folder(&path, user.as_ref())?;
        let lock =
            file(&lock, "open", |file| OpenOptions::new().create(true).append(true).open(file))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::FolderInUse { folder: path }),
            Err(TryLockError::Error(source)) => {
                return Err(Error::File { what: "lock", path: path.join(LOCK), source });
            }
        }
        let password = password(&path.join(PASSWORD), user.as_ref(), env)?;
        Ok(Self { path, user, password, _lock: lock })
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.path
    }

    /// Whom the servers run as, when not as ourselves.
    pub(crate) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// The password of both servers, hexadecimal digits.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// The file that holds the password.
    pub(crate) fn password_file(&self) -> PathBuf {
        self.path(PASSWORD)
    }

    /// Makes a folder in the folder, for the servers' user alone.
    pub(crate) fn make(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.path(name);
        make_folder(&path, self.user())?;
        Ok(path)
    }

    /// Writes a file in the folder, for the servers' user alone.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf, Error> {
        let path = self.path(name);
        write_secret(&path, self.user(), content)?;
        Ok(path)
    }
}

fn holds_something_else(path: &Path, lock: &Path) -> bool {
    let holds_something = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    holds_something && !lock.exists()
}

/// Whether the user may enter what is above the folder, as far as that is there already.
fn can_be_reached(path: &Path, user: &User) -> bool {
    let above = path.ancestors().skip(1).find(|above| above.exists());
    above.is_some_and(|above| user.may_enter(above))
}

fn make_folder(path: &Path, user: Option<&User>) -> Result<(), Error> {
    if let Some(above) = path.parent() {
        file(above, "make", |above| fs::create_dir_all(above))?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::File { what: "make", path: path.to_owned(), source: error });
        }
        _ => {}
    }
    // A folder that was there may be open to others, which PostgreSQL refuses.
    file(path, "protect", |path| fs::set_permissions(path, fs::Permissions::from_mode(0o700)))?;
    give(path, user)
}

fn password(path: &Path, user: Option<&User>, env: &kit::Env) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Ok(password) if !password.trim().is_empty() => Ok(password.trim().to_owned()),
        _ => {
            let bytes = env.bytes::<16>();
            let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            write_secret(path, user, &password)?;
            Ok(password)
        }
    }
}

fn write_secret(path: &Path, user: Option<&User>, content: &str) -> Result<(), Error> {
    file(path, "write", |path| {
        let mut secret =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        secret.write_all(content.as_bytes())
    })?;
    give(path, user)
}

fn give(path: &Path, user: Option<&User>) -> Result<(), Error> {
    let Some(user) = user else { return Ok(()) };
    file(path, "give away", |path| chown(path, Some(user.uid), Some(user.gid)))
}

fn file<T>(
    path: &Path,
    what: &'static str,
    action: impl FnOnce(&Path) -> std::io::Result<T>,
) -> Result<T, Error> {
    action(path).map_err(|source| Error::File { what, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(path: &Path) -> Result<Folder, Error> {
        Folder::take(path, &kit::Env::system())
    }

    #[test]
    fn a_folder_is_made_and_keeps_its_password() {
        let temp = tempfile::tempdir_in("/tmp").unwrap();
        open_to_all(temp.path());
        let path = temp.path().join("deep/data");
        open_to_all_when_made(&path);
        let first = take(&path).unwrap().password().to_owned();
        assert_eq!(first.len(), 32);
        assert_eq!(take(&path).unwrap().password(), first);
    }

    #[test]
    fn two_shops_cannot_use_one_folder() {
        let temp = tempfile::tempdir_in("/tmp").unwrap();
        open_to_all(temp.path());
        let path = temp.path().join("data");
        let first = take(&path).unwrap();
        assert!(matches!(take(&path), Err(Error::FolderInUse { .. })));
        drop(first);
        assert!(take(&path).is_ok());
    }

    #[test]
    fn a_folder_that_holds_something_else_is_left_alone() {
        let temp = tempfile::tempdir_in("/tmp").unwrap();
        fs::write(temp.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(take(temp.path()), Err(Error::FolderTaken { .. })));
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }

    /// As root, another user must be able to enter.
    fn open_to_all(path: &Path) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn open_to_all_when_made(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        open_to_all(path.parent().unwrap());
    }
}
