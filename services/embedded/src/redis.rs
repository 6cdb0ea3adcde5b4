//! The private Redis server.

use std::future::Future;
use std::net::Ipv4Addr;

use tokio::net::TcpStream;

use crate::data_folder::DataFolder;
use crate::server::{Command, Log, Server, free_port};
use crate::{Error, programs};

const NAME: &str = "Redis";
/// The subfolder with its files.
const FILES: &str = "redis";

/// A running Redis server.
pub struct Redis {
    url: String,
    server: Server,
}

impl Redis {
    /// Starts Redis in a data folder and waits until it accepts connections. It keeps an
    /// append-only file in a persistent folder, and nothing in a temporary one.
    ///
    /// # Errors
    /// If Redis is not installed or does not start.
    pub async fn start(folder: &DataFolder) -> Result<Self, Error> {
        let log = Log::open(folder, NAME, "redis.log").await?;
        let program = programs::redis_server()?;
        let files = folder.create_subfolder(FILES)?;
        let port = free_port()?;
        // A configuration file, because every user can read the arguments of a process.
        let configuration = configuration(port, folder.password(), folder.is_temporary());
        let configuration = folder.write("redis.conf", &configuration)?;
        let command = Command {
            stop_signal: if folder.is_temporary() { "KILL" } else { "TERM" },
            program,
            arguments: vec![configuration.display().to_string()],
            working_folder: files,
        };
        let is_ready = async || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok();
        let server = Server::start(command, log, folder.user(), is_ready).await?;
        tracing::info!(port, password_file = %folder.password_file().display(),
            "Redis started on 127.0.0.1");
        Ok(Self { url: format!("redis://:{}@127.0.0.1:{port}/0", folder.password()), server })
    }

    /// The URL of the server, with its password.
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

/// In a persistent folder, a crash of the machine loses at most one second of writes, and a crash
/// of Redis alone loses none.
fn configuration(port: u16, password: &str, is_temporary: bool) -> String {
    let append_only = if is_temporary { "no" } else { "yes" };
    format!(
        "bind 127.0.0.1\n\
         port {port}\n\
         requirepass {password}\n\
         daemonize no\n\
         save \"\"\n\
         appendonly {append_only}\n\
         appendfsync everysec\n"
    )
}
