//! The private PostgreSQL server.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::process::Stdio;

use tokio::process;

use crate::Error;
use crate::data_folder::DataFolder;
use crate::programs::PostgresPrograms;
use crate::server::{Command, Log, Server, free_port, run_as};

const NAME: &str = "PostgreSQL";
/// The subfolder with its files.
const FILES: &str = "postgres";
/// The subfolder in which `initdb` works.
const UNFINISHED: &str = "postgres.unfinished";
/// The superuser.
const ROLE: &str = "storefront";

/// Locales that classify letters outside ASCII, in order of preference. The last one always exists.
const LOCALES: [&str; 3] = ["C.UTF-8", "en_US.UTF-8", "C"];

/// Enough for every component with its pool of five, and for a person with psql.
const PERSISTENT_SETTINGS: [&str; 2] = ["max_connections=100", "shared_buffers=64MB"];

/// Durability is off, because the files do not outlive the server. Tests run concurrently, each
/// with its own database and its own pools, and need more connections than a shop.
const TEMPORARY_SETTINGS: [&str; 4] =
    ["max_connections=400", "fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// A running PostgreSQL server.
pub struct Postgres {
    url: String,
    password: String,
    server: Server,
}

impl Postgres {
    /// Starts PostgreSQL in a data folder and waits until it accepts connections. `settings` are of
    /// the form `name=value` and override the defaults.
    ///
    /// # Errors
    /// If PostgreSQL is not installed or does not start, or `initdb` fails.
    pub async fn start(folder: &DataFolder, settings: &[String]) -> Result<Self, Error> {
        Self::start_with(folder, settings, folder.password()).await
    }

    /// Starts a standby of a server, which replicates it until it is promoted, and waits until it
    /// accepts connections. Tests of failovers use it.
    ///
    /// # Errors
    /// If the primary cannot be copied, or the standby does not start.
    pub async fn start_standby(folder: &DataFolder, primary: &Self) -> Result<Self, Error> {
        copy_files(folder, primary).await?;
        // The roles are those of the primary.
        Self::start_with(folder, &[], &primary.password).await
    }

    async fn start_with(
        folder: &DataFolder,
        settings: &[String],
        password: &str,
    ) -> Result<Self, Error> {
        let log = Log::open(folder, NAME, "postgres.log").await?;
        let files = folder.path(FILES);
        let programs = PostgresPrograms::find(version_of(&files))?;
        if !files.exists() {
            create_files(folder, &programs).await?;
        }
        let port = free_port()?;
        let command = Command {
            // "Fast" shutdown closes connections and writes a checkpoint; "immediate" does not.
            stop_signal: if folder.is_temporary() { "QUIT" } else { "INT" },
            program: programs.program("postgres"),
            arguments: arguments(&files, port, folder.is_temporary(), settings),
            working_folder: folder.root().to_owned(),
        };
        let pg_isready = programs.program("pg_isready");
        let is_ready = async || is_ready(&pg_isready, port).await;
        let server = Server::start(command, log, folder.user(), is_ready).await?;
        tracing::info!(port, role = ROLE, password_file = %folder.password_file().display(),
            "PostgreSQL started on 127.0.0.1");
        let url = format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/postgres");
        Ok(Self { url, password: password.to_owned(), server })
    }

    /// The URL of the server, with the superuser's credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Completes with an error when the server exits without being stopped.
    pub fn unexpected_exit(&self) -> impl Future<Output = Error> + Send + 'static {
        self.server.unexpected_exit()
    }

    /// Stops the server and waits until it has exited.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// The major version that wrote the files, if they exist.
fn version_of(files: &Path) -> Option<u32> {
    fs::read_to_string(files.join("PG_VERSION")).ok()?.trim().parse().ok()
}

fn arguments(files: &Path, port: u16, is_temporary: bool, settings: &[String]) -> Vec<String> {
    let defaults: &[&str] = if is_temporary { &TEMPORARY_SETTINGS } else { &PERSISTENT_SETTINGS };
    // No Unix socket: its path has a length limit, which a data folder may exceed.
    let listen = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
    let defaults = listen.iter().chain(defaults).copied();
    let settings = defaults.chain(settings.iter().map(String::as_str));
    let mut arguments =
        vec!["-D".to_owned(), files.display().to_string(), "-p".to_owned(), port.to_string()];
    arguments.extend(settings.flat_map(|setting| ["-c".to_owned(), setting.to_owned()]));
    arguments
}

async fn create_files(folder: &DataFolder, programs: &PostgresPrograms) -> Result<(), Error> {
    let unfinished = folder.path(UNFINISHED);
    let mut last_reason = String::new();
    for locale in LOCALES {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(|source| Error::File {
                operation: "remove",
                path: unfinished.clone(),
                source,
            })?;
        }
        folder.create_subfolder(UNFINISHED)?;
        match initdb(folder, programs, &unfinished, locale).await? {
            Ok(()) => {
                let failed =
                    |source| Error::File { operation: "rename", path: unfinished.clone(), source };
                return fs::rename(&unfinished, folder.path(FILES)).map_err(failed);
            }
            Err(reason) => last_reason = reason,
        }
    }
    Err(Error::InitDb { reason: last_reason })
}

/// Copies the files of a running server, with the settings of a standby.
async fn copy_files(folder: &DataFolder, primary: &Postgres) -> Result<(), Error> {
    let programs = PostgresPrograms::find(None)?;
    let mut backup = process::Command::new(programs.program("pg_basebackup"));
    backup
        .arg("--pgdata")
        .arg(folder.create_subfolder(FILES)?)
        .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--dbname"])
        .arg(&primary.url)
        .current_dir(folder.root())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    run_as(&mut backup, folder.user());
    let output = backup.output().await;
    let output = output.map_err(|source| Error::Run { program: "pg_basebackup", source })?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Error::InitDb { reason: error_line(&output.stderr) }),
    }
}

/// Runs `initdb`. The inner error is its last error message.
async fn initdb(
    folder: &DataFolder,
    programs: &PostgresPrograms,
    files: &Path,
    locale: &str,
) -> Result<Result<(), String>, Error> {
    let mut initdb = process::Command::new(programs.program("initdb"));
    initdb
        .arg("-D")
        .arg(files)
        .args(["-U", ROLE, "--auth=scram-sha-256", "--encoding=UTF8"])
        .arg(format!("--locale={locale}"))
        .arg(format!("--pwfile={}", folder.password_file().display()))
        .current_dir(folder.root())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if folder.is_temporary() {
        initdb.arg("--no-sync");
    }
    run_as(&mut initdb, folder.user());
    let output = initdb.output().await;
    let output = output.map_err(|source| Error::Run { program: "initdb", source })?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    Ok(Err(error_line(&output.stderr)))
}

/// Returns the line of a program's output that reports its error.
fn error_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().find(|line| line.contains("error:")).or(text.lines().next_back());
    line.unwrap_or("no output").to_owned()
}

/// Queries the server itself, because its port is open before recovery has finished.
async fn is_ready(pg_isready: &Path, port: u16) -> bool {
    let status = process::Command::new(pg_isready)
        .args(["-q", "-h", "127.0.0.1", "-t", "1", "-p", &port.to_string()])
        .stdin(Stdio::null())
        .status()
        .await;
    status.is_ok_and(|status| status.success())
}
