//! The binary with servers of its own, run as users run it: `shop all --embedded`.

#![allow(dead_code, reason = "each test program uses a part of this module")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use components::Component;
use serde_json::Value;
use tempfile::TempDir;

/// The longest time of a start, which creates a database at first, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest time of a shutdown.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

const INBOX_SMTP_LISTEN: &str = "INBOX_SMTP_LISTEN";
const INBOX_LISTEN: &str = "INBOX_LISTEN";

/// The ports on which a shop listens.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    /// The port of each component, in the order of [`Component::ALL`].
    components: [u16; Component::ALL.len()],
    inbox_smtp: u16,
    inbox: u16,
}

/// A running shop on ports of its own.
pub(crate) struct ShopProcess {
    pub(crate) process: Child,
    ports: Ports,
    data: PathBuf,
}

impl ShopProcess {
    /// Starts a shop on a data folder and waits until it serves requests.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// Starts a shop with additional settings.
    pub(crate) fn start_with(data: &Path, env: &[(&str, &str)]) -> Self {
        let ports = free_ports();
        let mut command = shop_command(data, ports);
        let process = command.envs(env.iter().copied()).spawn().expect("the shop starts");
        let mut shop = Self { process, ports, data: data.to_owned() };
        let is_serving = wait_until(START_TIMEOUT, || {
            assert_eq!(shop.process.try_wait().expect("a state"), None, "{}", shop.log());
            shop.products().is_some()
        });
        assert!(is_serving, "no response\n{}", shop.log());
        shop
    }

    /// Returns the address of a gRPC service, by its full name, such as `user.v1.UserService`.
    pub(crate) fn service_address(&self, service: &str) -> Option<String> {
        let (package, _) = service.split_once('.')?;
        // Several services serve it; the catalog is one of them.
        let component = if package == "audit" { "catalog" } else { package };
        let port = self.ports.of_component(Component::from_name(component)?);
        Some(format!("http://127.0.0.1:{port}"))
    }

    /// Returns the products, or `None` if there is no successful response.
    pub(crate) fn products(&self) -> Option<Value> {
        let port = self.ports.of_component(Component::Gateway);
        let url = format!("http://127.0.0.1:{port}/api/v1/products?page_size=100");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = reqwest::get(url).await.ok()?;
            if response.status() == 200 { response.json().await.ok() } else { None }
        })
    }

    /// Returns the log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log_path(&self.data)).unwrap_or_default()
    }

    /// Shuts the shop down with SIGINT, as Ctrl-C does.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
        let exited = wait_until(STOP_TIMEOUT, || self.process.try_wait().unwrap().is_some());
        assert!(exited, "the shop did not exit after SIGINT");
        self.process.wait().unwrap()
    }
}

/// Kills the process of a failed test. Its servers end with it.
impl Drop for ShopProcess {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Ports {
    fn of_component(&self, component: Component) -> u16 {
        let index = Component::ALL.iter().position(|other| *other == component);
        self.components[index.expect("a component")]
    }
}

/// Returns the command that starts a shop with demonstration data.
pub(crate) fn shop_command(data: &Path, ports: Ports) -> Command {
    let log = fs::File::create(log_path(data)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .args(["all", "--embedded", "--seed", "--data"])
        .arg(data)
        // The environment of the tests may name servers; the shop is to start its own.
        .env_remove("DATABASE_URL")
        .env_remove("DATABASE_PASSWORD")
        .env_remove("REDIS_URL")
        .env("ADMIN_ADDR", "127.0.0.1:0")
        .env("RATE_LIMIT_PER_MINUTE", "0")
        .env("SIGN_IN_LIMIT_PER_IP", "0")
        .stdin(Stdio::null())
        .stderr(log);
    let Ports { components, inbox_smtp, inbox } = ports;
    let listeners = Component::ALL.map(|component| component.info().listen.env);
    let listeners = listeners.into_iter().zip(components);
    for (setting, port) in listeners.chain([(INBOX_SMTP_LISTEN, inbox_smtp), (INBOX_LISTEN, inbox)])
    {
        command.env(setting, format!("127.0.0.1:{port}"));
    }
    command
}

/// Returns the path of a data folder that does not exist yet, in a temporary folder that every user
/// can access.
pub(crate) fn data_folder() -> (TempDir, PathBuf) {
    let temp = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = temp.path().join("data");
    (temp, data)
}

/// Returns distinct free ports.
pub(crate) fn free_ports() -> Ports {
    Ports {
        components: std::array::from_fn(|_| testing::free_port()),
        inbox_smtp: testing::free_port(),
        inbox: testing::free_port(),
    }
}

fn log_path(data: &Path) -> PathBuf {
    data.with_extension("log")
}

/// Polls a condition. Returns whether it became true within the timeout.
pub(crate) fn wait_until(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if started.elapsed() > timeout {
            return false;
        }
        sleep(POLL_INTERVAL);
    }
}
