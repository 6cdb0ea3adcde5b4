//! Processes that are started, probed and stopped.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use http::{StatusCode, Uri};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::{Connection, Request, Target};

/// The longest wait for a process to be ready, and for one to exit.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(30);

/// The interval of readiness probes. It is short because it limits the precision of measured
/// starts.
const PROBE_INTERVAL: Duration = Duration::from_millis(2);

/// The inherited environment variables. All others are cleared, so that only the given settings
/// apply.
const INHERITED: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LANG"];

/// A child process. It is killed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: &'static str,
    child: Child,
    started: Instant,
    admin: Target,
}

/// A program to start, and its settings.
pub(crate) struct Program<'a> {
    pub(crate) name: &'static str,
    pub(crate) path: &'a Path,
    pub(crate) args: &'a [&'a str],
    /// The address of its readiness probe.
    pub(crate) admin: &'a str,
    pub(crate) settings: &'a [(String, String)],
}

/// The resident memory of a process, in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResidentMemory {
    /// The total: `VmRSS`.
    pub(crate) total: u64,
    /// The private part: `RssAnon`. The rest are pages of the program, which all its processes
    /// share.
    pub(crate) private: u64,
}

impl ResidentMemory {
    /// Parses `/proc/<pid>/status`.
    fn parse(status: &str) -> Option<Self> {
        let kib = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse().ok()
        };
        Some(Self { total: kib("VmRSS:")?, private: kib("RssAnon:")? })
    }
}

impl Process {
    /// Starts a program. Its output goes to the standard error of this process.
    pub(crate) async fn start(program: Program<'_>) -> anyhow::Result<Self> {
        let Program { name, path, args, admin, settings } = program;
        let target = Target::resolve(&format!("http://{admin}")).await?;
        let mut command = command(path, args, settings);
        command.env("ADMIN_ADDR", admin);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {}", path.display()))?;
        Ok(Self { name, child, started, admin: target })
    }

    /// Waits until the readiness probe succeeds, and returns the time since the start.
    pub(crate) async fn wait_until_ready(&mut self) -> anyhow::Result<Duration> {
        let path = Uri::from_static("/readyz");
        while self.started.elapsed() < PROCESS_TIMEOUT {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} exited before it was ready: {status}", self.name);
            }
            let response = Connection::new(&self.admin).send(Request::get(path.clone())).await;
            if response.is_ok_and(|response| response.status == StatusCode::OK) {
                return Ok(self.started.elapsed());
            }
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
        bail!("{} is not ready after {} s", self.name, PROCESS_TIMEOUT.as_secs())
    }

    /// Returns the current resident memory.
    pub(crate) fn resident_memory(&self) -> anyhow::Result<ResidentMemory> {
        let id = self.child.id().with_context(|| format!("{} has exited", self.name))?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        ResidentMemory::parse(&status)
            .with_context(|| format!("no resident memory of {}", self.name))
    }

    /// Shuts the process down gracefully, with SIGTERM.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let Some(id) = self.child.id() else { return Ok(()) };
        let sent = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        ensure!(sent.success(), "cannot send SIGTERM to {}", self.name);
        let status = timeout(PROCESS_TIMEOUT, self.child.wait()).await;
        let status = status.with_context(|| format!("{} did not exit in time", self.name))??;
        ensure_success(self.name, status)
    }
}

/// Runs a program until it exits.
///
/// # Errors
/// If it fails or does not exit in time.
pub(crate) async fn run(
    path: &Path,
    args: &[&str],
    settings: &[(String, String)],
) -> anyhow::Result<()> {
    let status = timeout(PROCESS_TIMEOUT, command(path, args, settings).status()).await;
    let name = args.join(" ");
    ensure_success(&name, status.with_context(|| format!("{name} did not exit in time"))??)
}

fn ensure_success(name: &str, status: ExitStatus) -> anyhow::Result<()> {
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}

fn command(path: &Path, args: &[&str], settings: &[(String, String)]) -> Command {
    let mut command = Command::new(path);
    command.args(args).env_clear().kill_on_drop(true);
    command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_parsed_from_proc_status() {
        let status = "Name:\tshop\nVmHWM:\t   41000 kB\nVmRSS:\t   40960 kB\nRssAnon:\t 2048 kB\n";
        assert_eq!(
            ResidentMemory::parse(status),
            Some(ResidentMemory { total: 40960, private: 2048 })
        );
        assert_eq!(ResidentMemory::parse("Name:\tgone\n"), None);
    }

    #[tokio::test]
    async fn program_gets_its_settings_and_no_others() {
        let settings = [("RATE".to_owned(), "0".to_owned())];
        let shell = Path::new("/bin/sh");
        let check = r#"test "$RATE" = 0 && test -z "$CARGO_MANIFEST_DIR""#;
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert!(run(shell, &["-c", check], &settings).await.is_ok());
        assert!(run(shell, &["-c", "exit 3"], &settings).await.is_err());
    }
}
