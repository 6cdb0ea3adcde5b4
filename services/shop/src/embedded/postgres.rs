//! PostgreSQL, from `initdb` to the last checkpoint.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::folder::Folder;
use super::programs::PostgresPrograms;
use super::server::{self, Log, Plan, Server};
use crate::Error;

const WHAT: &str = "PostgreSQL";
/// Its files, in the data folder.
const FILES: &str = "postgres";
/// Where `initdb` works.
const UNFINISHED: &str = "postgres.unfinished";
/// The superuser.
const ROLE: &str = "storefront";

/// Locales in which letters outside ASCII are letters, the best first. The last one always exists.
const LOCALES: [&str; 3] = ["C.UTF-8", "en_US.UTF-8", "C"];

/// Enough for every component with its pool of five, and somebody with psql.
const MAX_CONNECTIONS: u32 = 100;

/// A PostgreSQL of our own.
pub(crate) struct Postgres {
    url: String,
    server: Server,
}

impl Postgres {
    pub(crate) async fn start(folder: &Folder) -> Result<Self, Error> {
        let log = Log::take(folder, WHAT, "postgres.log").await?;
        let files = folder.path(FILES);
        let programs = PostgresPrograms::find(major_of(&files))?;
        if !files.exists() {
            make_files(folder, &programs).await?;
        }
        let port = server::free_port()?;
        let plan = Plan {
            // PostgreSQL's "fast": clients are sent away, what was committed is written.
            signal: "INT",
            program: programs.program("postgres"),
            arguments: arguments(&files, port),
            folder: folder.root().to_owned(),
        };
        let pg_isready = programs.program("pg_isready");
        let answers = async || is_ready(&pg_isready, port).await;
        let server = Server::start(plan, log, folder.user(), answers).await?;
        tracing::info!(port, role = ROLE, password_file = %folder.password_file().display(),
            "PostgreSQL answers on 127.0.0.1");
        let password = folder.password();
        let url = format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/postgres");
        Ok(Self { url, server })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn ended(&self) -> impl Future<Output = Error> + Send + 'static {
        self.server.ended()
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

/// The major version that wrote the files, when there are any.
fn major_of(files: &Path) -> Option<u32> {
    fs::read_to_string(files.join("PG_VERSION")).ok()?.trim().parse().ok()
}

fn arguments(files: &Path, port: u16) -> Vec<String> {
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        // A socket's path must be short, and a data folder's need not be.
        "unix_socket_directories=".to_owned(),
        format!("max_connections={MAX_CONNECTIONS}"),
        "shared_buffers=64MB".to_owned(),
    ];
    let mut arguments =
        vec!["-D".to_owned(), files.display().to_string(), "-p".to_owned(), port.to_string()];
    arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
    arguments
}

async fn make_files(folder: &Folder, programs: &PostgresPrograms) -> Result<(), Error> {
    let unfinished = folder.path(UNFINISHED);
    let mut said = String::new();
    for locale in LOCALES {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(|source| Error::File {
                what: "remove",
                path: unfinished.clone(),
                source,
            })?;
        }
        folder.make(UNFINISHED)?;
        match initdb(folder, programs, &unfinished, locale).await? {
            Ok(()) => {
                let failed =
                    |source| Error::File { what: "rename", path: unfinished.clone(), source };
                return fs::rename(&unfinished, folder.path(FILES)).map_err(failed);
            }
            Err(reason) => said = reason,
        }
    }
    Err(Error::InitDb { said })
}

/// Runs `initdb`. When it refuses, the inner error is the last thing it said.
async fn initdb(
    folder: &Folder,
    programs: &PostgresPrograms,
    files: &Path,
    locale: &str,
) -> Result<Result<(), String>, Error> {
    let mut initdb = Command::new(programs.program("initdb"));
    initdb
        .arg("-D")
        .arg(files)
        .args(["-U", ROLE, "--auth=scram-sha-256", "--encoding=UTF8"])
        .arg(format!("--locale={locale}"))
        .arg(format!("--pwfile={}", folder.password_file().display()))
        .current_dir(folder.root())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    server::run_as(&mut initdb, folder.user());
    let output =
        initdb.output().await.map_err(|source| Error::Program { what: "initdb", source })?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("error:")).or(text.lines().next_back());
    Ok(Err(line.unwrap_or("nothing").to_owned()))
}

/// Asks the server itself: the port is open before recovery is done.
async fn is_ready(pg_isready: &Path, port: u16) -> bool {
    let status = Command::new(pg_isready)
        .args(["-q", "-h", "127.0.0.1", "-t", "1", "-p", &port.to_string()])
        .stdin(Stdio::null())
        .status()
        .await;
    status.is_ok_and(|status| status.success())
}
