//! Processes that are started, looked at and ended.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use http::{StatusCode, Uri};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::{Ask, Connection, Target};

/// Longest wait for a process to be ready, and for one to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a process is asked whether it is ready: what a start is measured by, so it is short.
const POLL: Duration = Duration::from_millis(2);

/// Environment that programs need to run at all; no setting of the shop comes in by chance.
const INHERITED: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LANG"];

/// A process of ours. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: &'static str,
    child: Child,
    started: Instant,
    admin: Target,
}

/// What is started, and with which settings.
pub(crate) struct Program<'a> {
    pub(crate) name: &'static str,
    pub(crate) path: &'a Path,
    pub(crate) words: &'a [&'a str],
    /// Where it says whether it is ready.
    pub(crate) admin: &'a str,
    pub(crate) settings: &'a [(String, String)],
}

/// Resident memory, in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resident {
    /// All of it: `VmRSS`.
    pub(crate) all: u64,
    /// What is the process's alone: `RssAnon`. The rest are pages of the program, which all processes
    /// that run it share.
    pub(crate) own: u64,
}

impl Resident {
    /// Reads `/proc/<pid>/status`.
    fn read(status: &str) -> Option<Self> {
        let kib = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse().ok()
        };
        Some(Self { all: kib("VmRSS:")?, own: kib("RssAnon:")? })
    }
}

impl Process {
    /// Starts a program. What it says goes to our standard error.
    pub(crate) async fn start(program: Program<'_>) -> anyhow::Result<Self> {
        let Program { name, path, words, admin, settings } = program;
        let target = Target::find(&format!("http://{admin}")).await?;
        let mut command = command(path, words, settings);
        command.env("ADMIN_ADDR", admin);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("starting {}", path.display()))?;
        Ok(Self { name, child, started, admin: target })
    }

    /// Waits until it says that it is ready. The time since it was started.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<Duration> {
        let path = Uri::from_static("/readyz");
        while self.started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended before it was ready: {status}", self.name);
            }
            let answer = Connection::new(&self.admin).ask(Ask::get(path.clone())).await;
            if answer.is_ok_and(|answer| answer.status == StatusCode::OK) {
                return Ok(self.started.elapsed());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("{} is not ready after {} s", self.name, PATIENCE.as_secs())
    }

    /// What it holds in memory now.
    pub(crate) fn resident(&self) -> anyhow::Result<Resident> {
        let id = self.child.id().with_context(|| format!("{} has ended", self.name))?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        Resident::read(&status).with_context(|| format!("no resident memory of {}", self.name))
    }

    /// Ends it in order, as an operator would.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let Some(id) = self.child.id() else { return Ok(()) };
        let told = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        ensure!(told.success(), "{} could not be told to end", self.name);
        let ended = timeout(PATIENCE, self.child.wait()).await;
        succeeded(self.name, ended.with_context(|| format!("{} does not end", self.name))??)
    }
}

/// Runs a program to its end.
pub(crate) async fn run(
    path: &Path,
    words: &[&str],
    settings: &[(String, String)],
) -> anyhow::Result<()> {
    let ended = timeout(PATIENCE, command(path, words, settings).status()).await;
    let what = words.join(" ");
    succeeded(&what, ended.with_context(|| format!("{what} does not end"))??)
}

fn succeeded(what: &str, status: ExitStatus) -> anyhow::Result<()> {
    ensure!(status.success(), "{what}: {status}");
    Ok(())
}

fn command(path: &Path, words: &[&str], settings: &[(String, String)]) -> Command {
    let mut command = Command::new(path);
    command.args(words).env_clear().kill_on_drop(true);
    command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_what_the_kernel_says() {
        let status = "Name:\tshop\nVmHWM:\t   41000 kB\nVmRSS:\t   40960 kB\nRssAnon:\t 2048 kB\n";
        assert_eq!(Resident::read(status), Some(Resident { all: 40960, own: 2048 }));
        assert_eq!(Resident::read("Name:\tgone\n"), None);
    }

    #[tokio::test]
    async fn a_program_sees_its_settings_and_no_others() {
        let settings = [("RATE".to_owned(), "0".to_owned())];
        let shell = Path::new("/bin/sh");
        let check = r#"test "$RATE" = 0 && test -z "$CARGO_MANIFEST_DIR""#;
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert!(run(shell, &["-c", check], &settings).await.is_ok());
        assert!(run(shell, &["-c", "exit 3"], &settings).await.is_err());
    }
}
