//! Watches files that are replaced while the process runs: mounted secrets and keys.

use crate::Runtime;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, Metadata};
use std::hash::{Hash, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Poll interval. Kubernetes itself takes up to a minute to replace a mounted file.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Maximum number of files of a directory that are watched.
const MAX_FILES: usize = 256;

/// Watches the file or directory `path` and notifies the receiver when it, or a file in it, is
/// changed, created or removed. The receiver reads the file again; when it is invalid, the receiver
/// should keep its previous value.
///
/// Call this before the file is first read: changes are detected against the state at this call, so
/// none in between is missed.
///
/// It polls instead of using file events, because mounted volumes change by swapping symbolic
/// links, which file events report inconsistently.
#[must_use]
pub fn changes(path: &Path, runtime: &Runtime) -> watch::Receiver<()> {
    changes_with_interval(POLL_INTERVAL, path, runtime)
}

/// [`changes`] with another poll interval.
pub(crate) fn changes_with_interval(
    interval: Duration,
    path: &Path,
    runtime: &Runtime,
) -> watch::Receiver<()> {
    let path = path.to_owned();
    let (changed, changes) = watch::channel(());
    // Read here, not when the task first runs. It blocks as briefly as reading the file does.
    let mut known = fingerprint(&path);
    runtime.spawn("watch", async move {
        loop {
            sleep(interval).await;
            let current = read_fingerprint(&path).await;
            if current != known && changed.send(()).is_err() {
                return;
            }
            known = current;
        }
    });
    changes
}

async fn read_fingerprint(path: &Path) -> u64 {
    let path: PathBuf = path.to_owned();
    // File access blocks. A panic in it would be a defect, and counts as "no file".
    tokio::task::spawn_blocking(move || fingerprint(&path)).await.unwrap_or_default()
}

/// Identifies the state of the file or directory without reading its content.
fn fingerprint(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    fs::canonicalize(path).ok().hash(&mut hasher);
    hash_metadata(fs::metadata(path).ok().as_ref(), &mut hasher);
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .map(|entries| entries.flatten().take(MAX_FILES).map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.sort_unstable();
    for file in files {
        file.hash(&mut hasher);
        fs::canonicalize(&file).ok().hash(&mut hasher);
        hash_metadata(fs::metadata(&file).ok().as_ref(), &mut hasher);
    }
    hasher.finish()
}

fn hash_metadata(metadata: Option<&Metadata>, hasher: &mut DefaultHasher) {
    let state = metadata.map(|metadata| (metadata.len(), metadata.modified().ok()));
    state.hash(hasher);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn swapped_symbolic_link_is_a_change() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        for version in ["v1", "v2"] {
            fs::create_dir(path(version)).expect("a directory");
            fs::write(path(version).join("key"), "same length").expect("written");
        }
        symlink("v1", path("data")).expect("a link");
        symlink("data/key", path("key")).expect("a link");
        let before = [fingerprint(&path("key")), fingerprint(directory.path())];
        assert_eq!(before[0], fingerprint(&path("key")), "nothing has changed");

        symlink("v2", path("data_new")).expect("a link");
        fs::rename(path("data_new"), path("data")).expect("renamed");
        let after = [fingerprint(&path("key")), fingerprint(directory.path())];
        assert_ne!(before[0], after[0]);
        assert_ne!(before[1], after[1]);
    }

    #[tokio::test]
    async fn created_and_removed_file_is_reported() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("key");
        let runtime = Runtime::for_tests();
        let interval = Duration::from_millis(20);
        let mut changes = changes_with_interval(interval, &file, &runtime);
        let create = |file: &Path| fs::write(file, "a");
        let remove = |file: &Path| fs::remove_file(file);
        for step in [create, remove] as [fn(&Path) -> std::io::Result<()>; 2] {
            step(&file).expect("a changed file");
            let changed = tokio::time::timeout(Duration::from_secs(10), changes.changed()).await;
            changed.expect("in time").expect("a running watcher");
        }
        runtime.stop().await;
    }
}
