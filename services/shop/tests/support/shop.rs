//! The real binary with servers of its own, as people run it: `shop all --embedded`.

#![allow(dead_code, reason = "each test program uses what it needs")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A first start makes a database, on machines that are busy too.
const START: Duration = Duration::from_secs(60);
pub(crate) const STOP: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// The components that listen: their setting, and the gRPC service that they serve.
const LISTENERS: [(&str, &str); 10] = [
    ("USER_LISTEN", "user.v1.UserService"),
    ("CATALOG_LISTEN", "catalog.v1.CatalogService"),
    ("CART_LISTEN", "cart.v1.CartService"),
    ("ORDER_LISTEN", "order.v1.OrderService"),
    ("PAYMENT_LISTEN", "payment.v1.PaymentService"),
    ("NOTIFICATION_LISTEN", "notification.v1.NotificationService"),
    ("SHIPPING_LISTEN", "shipping.v1.ShippingService"),
    ("GATEWAY_LISTEN", ""),
    ("INBOX_SMTP_LISTEN", ""),
    ("INBOX_LISTEN", ""),
];

/// Where each listens, in the same order.
type Ports = [u16; LISTENERS.len()];

/// A running shop on ports of its own.
pub(crate) struct Shop {
    pub(crate) process: Child,
    ports: Ports,
    data: PathBuf,
}

impl Shop {
    /// Starts a shop on a data folder and waits until it answers.
    pub(crate) fn open(data: &Path) -> Self {
        Self::open_with(data, &[])
    }

    /// With settings of its own.
    pub(crate) fn open_with(data: &Path, env: &[(&str, &str)]) -> Self {
        let ports = free_ports();
        let mut command = command(data, ports);
        let process = command.envs(env.iter().copied()).spawn().expect("the shop");
        let mut shop = Self { process, ports, data: data.to_owned() };
        let answers = wait(START, || {
            assert_eq!(shop.process.try_wait().expect("a state"), None, "{}", shop.log());
            shop.products().is_some()
        });
        assert!(answers, "no answer\n{}", shop.log());
        shop
    }

    /// Where a gRPC service is, by its full name.
    pub(crate) fn address_of(&self, service: &str) -> Option<String> {
        let place = LISTENERS.iter().position(|(_, name)| *name == service)?;
        Some(format!("http://127.0.0.1:{}", self.ports[place]))
    }

    /// Where the API is.
    pub(crate) fn api(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1", self.port_of("GATEWAY_LISTEN"))
    }

    /// Where the mail is shown.
    pub(crate) fn inbox(&self) -> String {
        format!("http://127.0.0.1:{}", self.port_of("INBOX_LISTEN"))
    }

    fn port_of(&self, setting: &str) -> u16 {
        let place = LISTENERS.iter().position(|(name, _)| *name == setting);
        self.ports[place.expect("a listener")]
    }

    pub(crate) fn products(&self) -> Option<Value> {
        let url = format!("{}/products?page_size=100", self.api());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = reqwest::get(url).await.ok()?;
            if answer.status() == 200 { answer.json().await.ok() } else { None }
        })
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        log(&self.data)
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.signal("INT");
        let ended = wait(STOP, || self.process.try_wait().unwrap().is_some());
        assert!(ended, "Ctrl-C did not end it");
        self.process.wait().unwrap()
    }
}

/// A test that fails leaves nothing running: servers end when their shop does.
impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The command that starts a shop with demonstration data.
pub(crate) fn command(data: &Path, ports: Ports) -> Command {
    let log = fs::File::create(log_path(data)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .args(["all", "--embedded", "--seed", "--data"])
        .arg(data)
        // Whatever the test's own environment says: these are what the shop is to start itself.
        .env_remove("DATABASE_URL")
        .env_remove("DATABASE_PASSWORD")
        .env_remove("REDIS_URL")
        .env("ADMIN_ADDR", "127.0.0.1:0")
        .env("RATE_LIMIT_PER_MINUTE", "0")
        .env("SIGN_IN_LIMIT_PER_IP", "0")
        .stdin(Stdio::null())
        .stderr(log);
    for ((setting, _), port) in LISTENERS.iter().zip(ports) {
        command.env(setting, format!("127.0.0.1:{port}"));
    }
    command
}

/// A folder that is made by the shop, in one that every user may enter.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let temp = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = temp.path().join("data");
    (temp, data)
}

/// Ports that were free a moment ago, each another.
pub(crate) fn free_ports() -> Ports {
    std::array::from_fn(|_| testing::free_port())
}

fn log_path(data: &Path) -> PathBuf {
    data.with_extension("log")
}

/// What the shop on a data folder has said so far.
pub(crate) fn log(data: &Path) -> String {
    fs::read_to_string(log_path(data)).unwrap_or_default()
}

/// Looks again and again until it is so, or the time is up.
pub(crate) fn wait(within: Duration, mut done: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if done() {
            return true;
        }
        if began.elapsed() > within {
            return false;
        }
        sleep(PAUSE);
    }
}
