//! A program that never outlives whoever started it.
//!
//! A test binary may end without dropping anything: statics are not dropped, and it may be killed.
//! So each program runs under a shell that holds the other end of a pipe of ours. When the pipe
//! closes, for whatever reason, the shell kills the program and removes its folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::error::Error;

/// `$0` is the folder, the rest is the command. It is waited for in the foreground, so that the
/// shell ends early with a program that ends early.
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

/// A running program with a folder of its own.
#[derive(Debug)]
pub(crate) struct Guarded {
    shell: Child,
    folder: PathBuf,
    log: PathBuf,
}

impl Guarded {
    /// Starts `program` in `folder`, which is removed with it.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        folder: TempDir,
    ) -> Result<Self, Error> {
        let folder = folder.keep();
        let log = folder.join("log");
        let output = File::create(&log).map_err(|it| Error::File("make a log file", it))?;
        let errors = output.try_clone().map_err(|it| Error::File("share a log file", it))?;
        let shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .arg(&folder)
            .arg(program)
            .args(arguments)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|it| Error::Spawn(program.display().to_string(), it))?;
        Ok(Self { shell, folder, log })
    }

    /// Where the program works.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the program says.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines of what the program said.
    pub(crate) fn last_words(&self) -> String {
        const LINES: usize = 20;
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// Whether the program has ended by itself.
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.shell.try_wait()?.is_some())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Nothing is left to be done about a shell that cannot be waited for.
        self.shell.wait().ok();
    }
}
