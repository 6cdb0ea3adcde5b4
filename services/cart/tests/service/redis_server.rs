//! Redis server of a single test, which can be killed and restarted.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Redis server that persists every write before it replies, so that a restart loses no cart.
pub(crate) struct RedisServer {
    port: u16,
    process: Option<Child>,
    folder: TempDir,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        let (port, folder) = (testing::free_port(), tempfile::tempdir().unwrap());
        let mut server = Self { port, process: None, folder };
        server.run().await;
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts the server. After [`RedisServer::kill`], it loads its earlier data.
    pub(crate) async fn run(&mut self) {
        let port = self.port.to_string();
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.expect("redis-server is on the PATH"));
        let responses = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), responses)
            .await
            .expect("redis-server accepts connections");
    }

    /// Changes a setting of the server.
    pub(crate) async fn configure(&self, setting: &str, value: &str) {
        self.execute(&["CONFIG", "SET", setting, value]).await;
    }

    /// Limits the memory, so that this percentage of it is in use.
    pub(crate) async fn limit_memory(&self, used_percent: u64) {
        let info = self.execute(&["INFO", "memory"]).await;
        let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        let used: u64 = used.unwrap().trim().parse().unwrap();
        self.configure("maxmemory", &(used * 100 / used_percent).to_string()).await;
    }

    /// Makes the server refuse writes, because its last snapshot failed.
    pub(crate) async fn fail_snapshots(&self) {
        self.configure("save", "3600 1").await;
        // A folder cannot be replaced by the file of the snapshot.
        std::fs::create_dir(self.folder.path().join("dump.rdb")).unwrap();
        self.execute(&["BGSAVE"]).await;
        let fails = async {
            while !self.execute(&["INFO", "persistence"]).await.contains("last_bgsave_status:err") {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), fails).await.expect("the snapshot fails");
    }

    /// Executes a command and returns its reply as text.
    async fn execute(&self, command: &[&str]) -> String {
        let mut call = Command::new("redis-cli");
        call.args(["-p", &self.port.to_string()]).args(command);
        let output = tokio::task::spawn_blocking(move || call.output()).await.unwrap();
        String::from_utf8(output.expect("redis-cli is on the PATH").stdout).unwrap()
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
