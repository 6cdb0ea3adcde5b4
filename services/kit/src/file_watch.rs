//! Files that are replaced while the process runs: mounted secrets and keys.

use crate::Runtime;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, Metadata};
use std::hash::{Hash, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Time between two looks. Kubernetes itself takes up to a minute to replace a mounted file.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Most files of a folder that are looked at.
const MAX_FILES: usize = 256;

/// Tells whenever the file, or a file in the folder, `path` has changed, come or gone. The reader
/// reads it anew; what it makes of a broken one is its own affair (best: keep what it had).
///
/// Call it before the file is read for the first time: what it looks like now is what later looks
/// are held against, and so no change between the two is missed.
///
/// It looks every few seconds rather than asking the kernel to tell: mounted volumes change by
/// swapping links, which file events report in many ways.
#[must_use]
pub fn changes(path: &Path, runtime: &Runtime) -> watch::Receiver<()> {
    changes_with_interval(POLL_INTERVAL, path, runtime)
}

/// As [`changes`], with the time between two looks.
pub(crate) fn changes_with_interval(
    period: Duration,
    path: &Path,
    runtime: &Runtime,
) -> watch::Receiver<()> {
    let path = path.to_owned();
    let (changed, changes) = watch::channel(());
    // Here and now, not when the task gets its turn. It blocks as briefly as reading the file does.
    let mut known = fingerprint(&path);
    runtime.spawn("watch", async move {
        loop {
            sleep(period).await;
            let now = look(&path).await;
            if now != known && changed.send(()).is_err() {
                return;
            }
            known = now;
        }
    });
    changes
}

async fn look(path: &Path) -> u64 {
    let path: PathBuf = path.to_owned();
    // File systems block; a panic there would be a defect and shows as "no file".
    tokio::task::spawn_blocking(move || fingerprint(&path)).await.unwrap_or_default()
}

/// What tells one state of the file or folder from another, without reading it.
fn fingerprint(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    fs::canonicalize(path).ok().hash(&mut hasher);
    mark(fs::metadata(path).ok().as_ref(), &mut hasher);
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .map(|entries| entries.flatten().take(MAX_FILES).map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.sort_unstable();
    for file in files {
        file.hash(&mut hasher);
        fs::canonicalize(&file).ok().hash(&mut hasher);
        mark(fs::metadata(&file).ok().as_ref(), &mut hasher);
    }
    hasher.finish()
}

fn mark(metadata: Option<&Metadata>, hasher: &mut DefaultHasher) {
    let known = metadata.map(|metadata| (metadata.len(), metadata.modified().ok()));
    known.hash(hasher);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_mounted_secret_that_is_swapped_is_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for version in ["v1", "v2"] {
            fs::create_dir(at(version)).expect("a folder");
            fs::write(at(version).join("key"), "same length").expect("written");
        }
        symlink("v1", at("data")).expect("a link");
        symlink("data/key", at("key")).expect("a link");
        let before = [fingerprint(&at("key")), fingerprint(folder.path())];
        assert_eq!(before[0], fingerprint(&at("key")), "nothing has changed");

        symlink("v2", at("data_new")).expect("a link");
        fs::rename(at("data_new"), at("data")).expect("renamed");
        let after = [fingerprint(&at("key")), fingerprint(folder.path())];
        assert_ne!(before[0], after[0]);
        assert_ne!(before[1], after[1]);
    }

    #[tokio::test]
    async fn a_file_that_comes_and_goes_is_told_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        let runtime = Runtime::for_tests();
        let period = Duration::from_millis(20);
        let mut changes = changes_with_interval(period, &file, &runtime);
        let come = |file: &Path| fs::write(file, "a");
        let go = |file: &Path| fs::remove_file(file);
        for step in [come, go] as [fn(&Path) -> std::io::Result<()>; 2] {
            step(&file).expect("done");
            let told = tokio::time::timeout(Duration::from_secs(10), changes.changed()).await;
            told.expect("in time").expect("the watcher lives");
        }
        runtime.stop().await;
    }
}
