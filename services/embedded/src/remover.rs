//! Removal of a temporary folder, also when this process is killed.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Error;

/// Removes the folder `$1` when standard input ends. A server in the folder is stopped at the same
/// time and may still write files, so removal is repeated for up to ten seconds.
const SCRIPT: &str = r#"
cat >/dev/null
attempts=0
until rm -rf "$1" && [ ! -e "$1" ]; do
  attempts=$((attempts + 1))
  [ "$attempts" -lt 200 ] || exit 1
  sleep 0.05
done
"#;

/// A shell that removes a folder when this value is dropped, or when this process ends.
#[derive(Debug)]
pub(crate) struct Remover {
    folder: PathBuf,
    shell: Child,
}

impl Remover {
    pub(crate) fn start(folder: TempDir) -> Result<Self, Error> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "remover"])
            .arg(folder.path())
            .current_dir("/")
            // Ctrl-C in a terminal signals this process only.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| Error::Run { program: "sh", source })?;
        Ok(Self { folder: folder.keep(), shell })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Remover {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // A folder that cannot be removed does not matter to the process that used it.
        self.shell.wait().ok();
    }
}
