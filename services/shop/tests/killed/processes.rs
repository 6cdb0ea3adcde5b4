//! The shop's processes: started, killed, restarted, and killed when the test ends.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::time::sleep;

/// The longest wait for a process to be ready, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Whether `setpriv` is installed. It lets a process end with the thread that started it, so that
/// no process remains even if this test is killed.
static HAS_SETPRIV: LazyLock<bool> = LazyLock::new(|| {
    let status = Command::new("setpriv").args(["--pdeathsig", "KILL", "true"]).status();
    status.is_ok_and(|status| status.success())
});

/// The command line and the environment of a process. It inherits nothing else from the test but
/// `PATH`.
#[derive(Clone, Debug)]
pub(crate) struct ShopCommand {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<&'static str>,
    pub(crate) env: Vec<(&'static str, String)>,
}

impl ShopCommand {
    fn command(&self, log: &Path) -> Command {
        let program = &self.program;
        let mut command = if *HAS_SETPRIV {
            let mut command = Command::new("setpriv"); // replaced by the shop, with the same id
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        command.args(&self.args).env_clear().envs(self.env.iter().cloned());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// Runs the command until it ends, and panics if it fails.
    pub(crate) fn run(&self, log: &Path) {
        let status = self.command(log).status().unwrap();
        let output = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(status.success(), "{:?}: {status}\n{}", self.args, output());
    }
}

/// A process of the shop. It is killed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    /// The component, and the replica if there are several: `order-1`.
    pub(crate) name: String,
    command: ShopCommand,
    /// The port of the readiness probe.
    admin_port: u16,
    log: PathBuf,
    child: Option<Child>,
    /// The number of kills.
    pub(crate) kills: u32,
}

impl Process {
    /// Starts a process, on the thread that lives as long as the test does.
    pub(crate) fn start(
        name: String,
        mut command: ShopCommand,
        admin_port: u16,
        folder: &Path,
    ) -> Self {
        command.env.push(("ADMIN_ADDR", format!("127.0.0.1:{admin_port}")));
        let log = folder.join(format!("{name}.log"));
        let mut process = Self { name, command, admin_port, log, child: None, kills: 0 };
        process.restart();
        process
    }

    /// Starts the process again if it was killed.
    pub(crate) fn restart(&mut self) {
        self.child.get_or_insert_with(|| self.command.command(&self.log).spawn().unwrap());
    }

    /// Kills the process with SIGKILL and waits until it has ended.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
            self.kills += 1;
        }
    }

    /// Waits until the readiness probe succeeds.
    pub(crate) async fn wait_until_ready(&mut self, client: &reqwest::Client) {
        let url = format!("http://127.0.0.1:{}/readyz", self.admin_port);
        let started = Instant::now();
        loop {
            let response = client.get(&url).send().await;
            if response.is_ok_and(|response| response.status() == 200) {
                return;
            }
            assert_eq!(self.exit_status(), None, "{} ended\n{}", self.name, self.log());
            let elapsed = started.elapsed();
            assert!(elapsed < START_TIMEOUT, "{} is not ready\n{}", self.name, self.log());
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Returns the exit status if the process ended by itself.
    pub(crate) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().unwrap())
    }

    /// Returns the last lines of the log.
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
