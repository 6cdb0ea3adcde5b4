//! The shop's processes: started, killed, started again, and never left behind.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::time::sleep;

/// The longest wait for a process to be ready, on machines that are busy too.
const START: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Whether the system's own program is there that ends a process with the thread that started it: then
/// nothing is left behind even when this test is killed.
static DIES_WITH_US: LazyLock<bool> = LazyLock::new(|| {
    let asked = Command::new("setpriv").args(["--pdeathsig", "KILL", "true"]).status();
    asked.is_ok_and(|status| status.success())
});

/// What a process is started with: `shop <words>`, and nothing of the test's own environment.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) shop: PathBuf,
    pub(crate) words: Vec<&'static str>,
    pub(crate) env: Vec<(&'static str, String)>,
}

impl Start {
    fn command(&self, log: &Path) -> Command {
        let shop = &self.shop;
        let mut command = if *DIES_WITH_US {
            let mut command = Command::new("setpriv"); // becomes the shop, with the same id
            command.args(["--pdeathsig", "KILL"]).arg(shop);
            command
        } else {
            Command::new(shop)
        };
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        command.args(&self.words).env_clear().envs(self.env.iter().cloned());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// Runs it to its end.
    pub(crate) fn finish(&self, log: &Path) {
        let status = self.command(log).status().unwrap();
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(status.success(), "{:?}: {status}\n{}", self.words, said());
    }
}

/// A process of the shop. It ends with this value.
#[derive(Debug)]
pub(crate) struct Process {
    /// As it is told of: `order-1`.
    pub(crate) name: String,
    start: Start,
    /// Where it tells how it is.
    admin: u16,
    log: PathBuf,
    child: Option<Child>,
    /// How often it was killed.
    pub(crate) kills: u32,
}

impl Process {
    /// Starts it, on the thread that lives as long as the test does.
    pub(crate) fn start(name: String, mut start: Start, admin: u16, folder: &Path) -> Self {
        start.env.push(("ADMIN_ADDR", format!("127.0.0.1:{admin}")));
        let log = folder.join(format!("{name}.log"));
        let mut process = Self { name, start, admin, log, child: None, kills: 0 };
        process.start_again();
        process
    }

    /// Starts it again after it was killed.
    pub(crate) fn start_again(&mut self) {
        self.child.get_or_insert_with(|| self.start.command(&self.log).spawn().unwrap());
    }

    /// SIGKILL. Whatever it was about, it does no more of it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
            self.kills += 1;
        }
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&mut self, client: &reqwest::Client) {
        let url = format!("http://127.0.0.1:{}/readyz", self.admin);
        let began = Instant::now();
        loop {
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert_eq!(self.ended(), None, "{} ended\n{}", self.name, self.log());
            assert!(began.elapsed() < START, "{} is not ready\n{}", self.name, self.log());
            sleep(PAUSE).await;
        }
    }

    /// How it ended, if it did so by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().unwrap())
    }

    /// What it said last.
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
