//! A server process whose lifetime is bound to this process.

use std::fs::{File, OpenOptions, TryLockError};
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{self, ChildStdin};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::data_folder::DataFolder;
use crate::user::User;

/// The supervising shell. Runs the command `$2…`, sends it the signal `$1` when standard input ends
/// (this process closed it, or has ended), and exits when the command has exited. The watcher
/// closes the log, whose lock is the server's.
const SUPERVISOR: &str = r#"
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ cat <&3; kill -s "$signal" "$server"; } >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"
"#;

/// The interval between two checks of a condition that is expected soon.
const POLL_INTERVAL: Duration = Duration::from_millis(25);
/// A server of an earlier run exits within one second, or later if its last checkpoint is large.
const EARLIER_RUN_TIMEOUT: Duration = Duration::from_secs(30);
/// A database that was killed replays its log before it accepts connections.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Bounds the last checkpoint.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// The command line of a server, and how to stop it.
pub(crate) struct Command {
    /// The signal for an orderly stop, or for an immediate one if the folder is temporary.
    pub(crate) stop_signal: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) working_folder: PathBuf,
}

/// A running server.
pub(crate) struct Server {
    name: &'static str,
    log: PathBuf,
    /// The server runs while this is open.
    stdin: Option<ChildStdin>,
    /// Cancelled when the server has exited.
    exited: CancellationToken,
}

/// The log of a server that is not running. The server inherits its lock.
pub(crate) struct Log {
    server: &'static str,
    path: PathBuf,
    file: File,
}

impl Log {
    /// Waits until no server of an earlier run holds the log, and truncates it.
    pub(crate) async fn open(
        folder: &DataFolder,
        server: &'static str,
        name: &str,
    ) -> Result<Self, Error> {
        let path = folder.path(name);
        let failed = |source| Error::File { operation: "open", path: path.clone(), source };
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        let deadline = Instant::now() + EARLIER_RUN_TIMEOUT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(POLL_INTERVAL).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::EarlierRun { server, folder: folder.root().to_owned() });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        file.set_len(0).map_err(failed)?;
        Ok(Self { server, path, file })
    }
}

impl Server {
    /// Starts a server and waits until `is_ready` returns true.
    pub(crate) async fn start(
        command: Command,
        log: Log,
        user: Option<&User>,
        is_ready: impl AsyncFn() -> bool,
    ) -> Result<Self, Error> {
        let Log { server: name, path, file } = log;
        let failed = |source| Error::Run { program: name, source };
        let mut shell = process::Command::new("sh");
        shell
            .args(["-c", SUPERVISOR, "supervisor", command.stop_signal])
            .arg(command.program)
            .args(command.arguments)
            .current_dir(command.working_folder)
            // Ctrl-C in a terminal signals this process only, which then stops the server.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(file.try_clone().map_err(failed)?)
            .stderr(file);
        run_as(&mut shell, user);
        let mut shell = shell.spawn().map_err(failed)?;
        let stdin = shell.stdin.take();
        let exited = CancellationToken::new();
        let cancel_on_exit = exited.clone().drop_guard();
        tokio::spawn(async move {
            // The result does not matter: a failed wait, too, means that there is no server.
            drop(shell.wait().await);
            drop(cancel_on_exit);
        });
        let server = Self { name, log: path, stdin, exited };
        server.wait_until(is_ready).await?;
        Ok(server)
    }

    async fn wait_until(&self, is_ready: impl AsyncFn() -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + START_TIMEOUT;
        while !is_ready().await {
            if self.exited.is_cancelled() || Instant::now() > deadline {
                return Err(Error::NotStarted {
                    server: self.name,
                    reason: last_line(&self.log),
                    log: self.log.clone(),
                });
            }
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Completes with an error when the server exits without being stopped.
    pub(crate) fn unexpected_exit(&self) -> impl Future<Output = Error> + Send + 'static {
        let (server, log, exited) = (self.name, self.log.clone(), self.exited.clone());
        async move {
            exited.cancelled().await;
            Error::Exited { server, reason: last_line(&log), log }
        }
    }

    /// Stops the server and waits until it has exited, at most [`STOP_TIMEOUT`]. After that it
    /// stops without supervision, and the next run waits for it.
    pub(crate) async fn stop(mut self) {
        drop(self.stdin.take());
        match timeout(STOP_TIMEOUT, self.exited.cancelled()).await {
            Ok(()) => tracing::debug!(server = self.name, "server stopped"),
            Err(_) => tracing::warn!(server = self.name, "server is still stopping"),
        }
    }
}

/// Makes a command run as another user, with no environment except the search path.
pub(crate) fn run_as(command: &mut process::Command, user: Option<&User>) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("LC_MESSAGES", "C");
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
}

/// A port of the loopback interface on which no process listens.
pub(crate) fn free_port() -> Result<u16, Error> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    Ok(address.map_err(Error::Port)?.port())
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no output").trim().to_owned()
}
