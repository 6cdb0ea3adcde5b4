//! A server process that lives exactly as long as the shop.

use std::fs::{File, OpenOptions, TryLockError};
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::folder::Folder;
use super::user::User;
use crate::Error;

/// Runs `$2…` and sends it the signal `$1` when standard input ends: when the shop closes it, or is
/// no more. Ends when the server does. The watcher lets go of the log, whose lock is the server's.
const KEEPER: &str = r#"
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

/// Between two looks at something that will be so in a moment.
const LOOK: Duration = Duration::from_millis(25);
/// An earlier run's server ends in well under a second; its last checkpoint may take longer.
const EARLIER_RUN: Duration = Duration::from_secs(30);
/// A database that was killed reads its log before it answers.
const START: Duration = Duration::from_secs(60);
/// For the last checkpoint.
const STOP: Duration = Duration::from_secs(30);

/// How a server is started and stopped.
pub(crate) struct Plan {
    /// The signal that stops it in order.
    pub(crate) signal: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Where it runs.
    pub(crate) folder: PathBuf,
}

/// A running server.
pub(crate) struct Server {
    what: &'static str,
    log: PathBuf,
    /// The server runs as long as this is open.
    stdin: Option<ChildStdin>,
    /// Cancelled when the server has ended.
    gone: CancellationToken,
}

/// The log of a server that does not run. Its lock goes to the server with it.
pub(crate) struct Log {
    what: &'static str,
    path: PathBuf,
    file: File,
}

impl Log {
    /// Waits until no server of an earlier run has the log.
    pub(crate) async fn take(
        folder: &Folder,
        what: &'static str,
        name: &str,
    ) -> Result<Self, Error> {
        let path = folder.path(name);
        let failed = |source| Error::File { what: "open", path: path.clone(), source };
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        let deadline = Instant::now() + EARLIER_RUN;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOOK).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::EarlierRun { what, folder: folder.root().to_owned() });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        file.set_len(0).map_err(failed)?;
        Ok(Self { what, path, file })
    }
}

impl Server {
    /// Starts a server and waits until `answers` says that it serves.
    pub(crate) async fn start(
        plan: Plan,
        log: Log,
        user: Option<&User>,
        answers: impl AsyncFn() -> bool,
    ) -> Result<Self, Error> {
        let Log { what, path, file } = log;
        let failed = |source| Error::Program { what, source };
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper", plan.signal])
            .arg(plan.program)
            .args(plan.arguments)
            .current_dir(plan.folder)
            // Ctrl-C in a terminal goes to the shop alone, which stops us when it is done with us.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(file.try_clone().map_err(failed)?)
            .stderr(file);
        run_as(&mut keeper, user);
        let mut keeper = keeper.spawn().map_err(failed)?;
        let stdin = keeper.stdin.take();
        let gone = CancellationToken::new();
        let when_gone = gone.clone().drop_guard();
        tokio::spawn(async move {
            // Whatever comes of waiting, there is nothing to wait for any more.
            drop(keeper.wait().await);
            drop(when_gone);
        });
        let server = Self { what, log: path, stdin, gone };
        server.wait_until(answers).await?;
        Ok(server)
    }

    async fn wait_until(&self, answers: impl AsyncFn() -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + START;
        while !answers().await {
            if self.gone.is_cancelled() || Instant::now() > deadline {
                return Err(Error::NotStarted {
                    what: self.what,
                    said: last_line(&self.log),
                    log: self.log.clone(),
                });
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// What becomes true when the server ends although nobody asked it to.
    pub(crate) fn ended(&self) -> impl Future<Output = Error> + Send + 'static {
        let (what, log, gone) = (self.what, self.log.clone(), self.gone.clone());
        async move {
            gone.cancelled().await;
            Error::Ended { what, said: last_line(&log), log }
        }
    }

    /// Stops the server in order and waits for it, but not for ever: a server that is left ends by
    /// itself, and the next run waits for it.
    pub(crate) async fn stop(mut self) {
        drop(self.stdin.take());
        match timeout(STOP, self.gone.cancelled()).await {
            Ok(()) => tracing::debug!(server = self.what, "stopped"),
            Err(_) => tracing::warn!(server = self.what, "is still stopping"),
        }
    }
}

/// Makes a command run as another user, without what we know and it need not.
pub(crate) fn run_as(command: &mut Command, user: Option<&User>) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("LC_MESSAGES", "C");
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
}

/// A port of loopback that nobody listens on now.
pub(crate) fn free_port() -> Result<u16, Error> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    Ok(address.map_err(Error::Port)?.port())
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing").trim().to_owned()
}
