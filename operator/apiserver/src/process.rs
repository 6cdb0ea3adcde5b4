//! A child process that never outlives the test binary.
//!
//! A test binary may end without running destructors: statics are not dropped, and it may be
//! killed. So each program runs under a shell that holds the read end of a pipe from the test
//! binary. When the pipe closes, for any reason, the shell kills the program and removes its
//! folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::error::Error;

/// The shell script. `$0` is the folder, the arguments are the command. The script waits for the
/// program in the foreground, so that it ends when the program ends early.
const SCRIPT: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
(
  cat <&3 >/dev/null
  kill -KILL "$program"
  rm -rf "$0" || { sleep 1; rm -rf "$0"; }
) &
exec 3<&-
wait "$program"
"#;

/// A running program with its own folder.
#[derive(Debug)]
pub(crate) struct SupervisedProcess {
    shell: Child,
    folder: PathBuf,
    log: PathBuf,
}

impl SupervisedProcess {
    /// Starts `program` in `folder`, which is removed when the program ends.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        folder: TempDir,
    ) -> Result<Self, Error> {
        let folder = folder.keep();
        let log = folder.join("log");
        let output = File::create(&log).map_err(|error| Error::File("create a log file", error))?;
        let errors = output
            .try_clone()
            .map_err(|error| Error::File("duplicate a log file handle", error))?;
        let shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .arg(&folder)
            .arg(program)
            .args(arguments)
            .current_dir(&folder)
            // etcd and kube-apiserver collect garbage less often: a third less time for the tests.
            .env("GOGC", "400")
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| Error::Spawn(program.display().to_string(), error))?;
        Ok(Self { shell, folder, log })
    }

    /// Returns the working directory of the program.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of the program's log.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Returns the last lines of the program's log.
    pub(crate) fn log_tail(&self) -> String {
        const LINES: usize = 20;
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// Returns whether the program has ended.
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.shell.try_wait()?.is_some())
    }
}

impl Drop for SupervisedProcess {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // An error of the wait cannot be handled here.
        self.shell.wait().ok();
    }
}
