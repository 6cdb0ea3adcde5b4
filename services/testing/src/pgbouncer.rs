//! The connection pooler PgBouncer in front of a PostgreSQL server.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::process::Stdio;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::free_port;

/// The longest start, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// PgBouncer refuses to run as root; this is `nobody`.
const UNPRIVILEGED: u32 = 65_534;

/// Runs PgBouncer until standard input ends: when the test's process ends, also by SIGKILL.
const SUPERVISOR: &str = r#"
PATH=$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin
exec 3<&0
pgbouncer -q "$1" </dev/null & pid=$!
(cat <&3 >/dev/null; kill $pid) &
wait $pid
"#;

/// A running PgBouncer, which stops when it is dropped.
pub struct PgBouncer {
    port: u16,
    _process: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts PgBouncer in a pool mode (`session`, `transaction`, `statement`) in front of the
    /// server of this URL. It knows the role of the URL, and `roles` with their passwords.
    ///
    /// # Panics
    /// If PgBouncer is not installed or does not start.
    pub async fn start(pool_mode: &str, server: &str, roles: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options: PgConnectOptions = server.parse().unwrap();
        let (host, server_port) = (options.get_host(), options.get_port());
        let port = free_port();
        let path = |name: &str| folder.path().join(name);
        let users = path("users.txt");
        let settings = format!(
            "[databases]\n* = host={host} port={server_port}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = scram-sha-256\nauth_file = {}\npool_mode = {pool_mode}\n",
            users.display()
        );
        fs::write(path("pgbouncer.ini"), settings).unwrap();
        let users_text: String = credentials(server)
            .into_iter()
            .chain(roles.iter().map(|(role, password)| ((*role).into(), (*password).into())))
            .map(|(role, password): (String, String)| format!("\"{role}\" \"{password}\"\n"))
            .collect();
        fs::write(&users, users_text).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISOR, "sh"]).arg(path("pgbouncer.ini")).stdin(Stdio::piped());
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            chown(folder.path(), Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
            command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
        }
        let mut process = command.spawn().unwrap();
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            let ended = process.try_wait().unwrap();
            assert_eq!(
                ended, None,
                "PgBouncer is not installed (hack/tools.sh servers), or failed"
            );
            assert!(start.elapsed() < START_TIMEOUT, "PgBouncer does not start");
            sleep(Duration::from_millis(20)).await;
        }
        Self { port, _process: process, _folder: folder }
    }

    /// The address on which it listens: `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// The role and password of a URL.
fn credentials(url: &str) -> Option<(String, String)> {
    let (_, rest) = url.split_once("://")?;
    let (role, password) = rest.rsplit_once('@')?.0.split_once(':')?;
    Some((role.to_owned(), password.to_owned()))
}
