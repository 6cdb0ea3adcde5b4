//! The data folder: ownership, permissions, and exclusive use by one process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::remover::Remover;
use crate::user::User;

/// Identifies a data folder, and is locked while a process uses it.
const LOCK: &str = "lock";
/// Contains the password of the servers.
const PASSWORD: &str = "password";
/// The temporary folder that every user may enter, used when `TMPDIR` is private to root.
const SHARED_TEMPORARY_FOLDER: &str = "/tmp";
const TEMPORARY_PREFIX: &str = "storefront-test-";

/// A data folder in exclusive use by this process.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    user: Option<User>,
    password: String,
    _lock: File,
    /// Removes a temporary folder.
    remover: Option<Remover>,
}

impl DataFolder {
    /// Opens a persistent folder, which is created if it does not exist.
    ///
    /// # Errors
    /// If the folder contains other files (their owner must not change), is in use by another
    /// process, or cannot be accessed.
    pub fn open(path: &Path, env: &kit::Env) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(|source| Error::File {
            operation: "find",
            path: path.to_owned(),
            source,
        })?;
        if contains_other_files(&path, &path.join(LOCK)) {
            return Err(Error::FolderNotEmpty { folder: path });
        }
        let user = User::for_servers()?;
        if let Some(user) = user.as_ref().filter(|user| !is_reachable(&path, user)) {
            return Err(Error::FolderUnreachable { user: user.name.clone(), folder: path });
        }
        Self::prepare(path, user, env)
    }

    /// Creates a temporary folder. It is removed when this value is dropped, or this process ends.
    ///
    /// # Errors
    /// If the folder cannot be created, or the server user has no access to it.
    pub fn temporary(env: &kit::Env) -> Result<Self, Error> {
        let user = User::for_servers()?;
        let default = std::env::temp_dir();
        let parent = match &user {
            Some(user) if !user.can_enter(&default) => SHARED_TEMPORARY_FOLDER.into(),
            _ => default,
        };
        let temporary = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempdir_in(&parent);
        let temporary = temporary.map_err(|source| Error::File {
            operation: "create a folder in",
            path: parent,
            source,
        })?;
        let remover = Remover::start(temporary)?;
        let folder = Self::prepare(remover.folder().to_owned(), user, env)?;
        Ok(Self { remover: Some(remover), ..folder })
    }

    fn prepare(path: PathBuf, user: Option<User>, env: &kit::Env) -> Result<Self, Error> {
        create_folder(&path, user.as_ref())?;
        let lock = file(&path.join(LOCK), "open", |file| {
            OpenOptions::new().create(true).append(true).open(file)
        })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::FolderInUse { folder: path }),
            Err(TryLockError::Error(source)) => {
                return Err(Error::File { operation: "lock", path: path.join(LOCK), source });
            }
        }
        let password = password(&path.join(PASSWORD), user.as_ref(), env)?;
        Ok(Self { path, user, password, _lock: lock, remover: None })
    }

    /// Whether the folder is removed when this process ends.
    pub(crate) fn is_temporary(&self) -> bool {
        self.remover.is_some()
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// The user that the servers run as, if other than the user of this process.
    pub(crate) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// The password of the servers, hexadecimal digits.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// The file that contains the password.
    pub(crate) fn password_file(&self) -> PathBuf {
        self.path(PASSWORD)
    }

    /// Creates a subfolder that only the server user can read.
    pub(crate) fn create_subfolder(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.path(name);
        create_folder(&path, self.user())?;
        Ok(path)
    }

    /// Writes a file that only the server user can read.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf, Error> {
        let path = self.path(name);
        write_secret(&path, self.user(), content)?;
        Ok(path)
    }
}

fn contains_other_files(path: &Path, lock: &Path) -> bool {
    let contains_files = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    contains_files && !lock.exists()
}

/// Whether the user may enter the nearest ancestor of the folder that exists.
fn is_reachable(path: &Path, user: &User) -> bool {
    let ancestor = path.ancestors().skip(1).find(|ancestor| ancestor.exists());
    ancestor.is_some_and(|ancestor| user.can_enter(ancestor))
}

fn create_folder(path: &Path, user: Option<&User>) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        file(parent, "create", |parent| fs::create_dir_all(parent))?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::File { operation: "create", path: path.to_owned(), source: error });
        }
        _ => {}
    }
    // PostgreSQL refuses an existing folder that other users can read.
    file(path, "protect", |path| fs::set_permissions(path, fs::Permissions::from_mode(0o700)))?;
    change_owner(path, user)
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
    change_owner(path, user)
}

fn change_owner(path: &Path, user: Option<&User>) -> Result<(), Error> {
    let Some(user) = user else { return Ok(()) };
    file(path, "change the owner of", |path| chown(path, Some(user.uid), Some(user.gid)))
}

fn file<T>(
    path: &Path,
    operation: &'static str,
    action: impl FnOnce(&Path) -> std::io::Result<T>,
) -> Result<T, Error> {
    action(path).map_err(|source| Error::File { operation, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<DataFolder, Error> {
        DataFolder::open(path, &kit::Env::system())
    }

    #[test]
    fn folder_is_created_and_keeps_its_password() {
        let temp = tempfile::tempdir_in("/tmp").unwrap();
        allow_all_users(temp.path());
        let path = temp.path().join("deep/data");
        create_parent_for_all_users(&path);
        let first = open(&path).unwrap().password().to_owned();
        assert_eq!(first.len(), 32);
        assert_eq!(open(&path).unwrap().password(), first);
    }

    #[test]
    fn folder_in_use_is_refused() {
        let temp = tempfile::tempdir_in("/tmp").unwrap();
        allow_all_users(temp.path());
        let path = temp.path().join("data");
        let first = open(&path).unwrap();
        assert!(matches!(open(&path), Err(Error::FolderInUse { .. })));
        drop(first);
        assert!(open(&path).is_ok());
    }

    #[test]
    fn folder_with_other_files_is_refused_unchanged() {
        let temp = tempfile::tempdir_in("/tmp").unwrap();
        fs::write(temp.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(open(temp.path()), Err(Error::FolderNotEmpty { .. })));
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }

    #[test]
    fn temporary_folder_is_removed_on_drop() {
        let folder = DataFolder::temporary(&kit::Env::system()).unwrap();
        let path = folder.root().to_owned();
        assert!(path.exists());
        drop(folder);
        assert!(!path.exists());
    }

    /// Lets the server user enter when the test runs as root.
    fn allow_all_users(path: &Path) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn create_parent_for_all_users(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        allow_all_users(path.parent().unwrap());
    }
}
