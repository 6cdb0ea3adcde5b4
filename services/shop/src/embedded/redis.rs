//! Redis, with an append-only file.

use std::future::Future;
use std::net::Ipv4Addr;

use tokio::net::TcpStream;

use super::folder::Folder;
use super::programs;
use super::server::{self, Log, Plan, Server};
use crate::Error;

const WHAT: &str = "Redis";
/// Its files, in the data folder.
const FILES: &str = "redis";

/// A Redis of our own.
pub(crate) struct Redis {
    url: String,
    server: Server,
}

impl Redis {
    pub(crate) async fn start(folder: &Folder) -> Result<Self, Error> {
        let log = Log::take(folder, WHAT, "redis.log").await?;
        let program = programs::redis_server()?;
        let files = folder.make(FILES)?;
        let port = server::free_port()?;
        let password = folder.password();
        // A file, because everybody can read the arguments of a process.
        let settings = folder.write("redis.conf", &settings(port, password))?;
        let plan = Plan {
            signal: "TERM",
            program,
            arguments: vec![settings.display().to_string()],
            folder: files,
        };
        let answers = async || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok();
        let server = Server::start(plan, log, folder.user(), answers).await?;
        tracing::info!(port, password_file = %folder.password_file().display(),
            "Redis answers on 127.0.0.1");
        Ok(Self { url: format!("redis://:{password}@127.0.0.1:{port}/0"), server })
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

/// At most a second of carts is lost when the machine dies, nothing when only Redis does.
fn settings(port: u16, password: &str) -> String {
    format!(
        "bind 127.0.0.1\n\
         port {port}\n\
         requirepass {password}\n\
         daemonize no\n\
         save \"\"\n\
         appendonly yes\n\
         appendfsync everysec\n"
    )
}
