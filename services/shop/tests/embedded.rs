//! `shop all --embedded`, as people run it: the real binary with servers of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failing set-up fails its test")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A first start makes a database, on machines that are busy too.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// A running shop on ports of its own.
struct Shop {
    process: Child,
    gateway: u16,
}

impl Shop {
    /// Starts a shop on a data folder and waits until it answers.
    fn open(data: &Path) -> Self {
        Self::open_with(data, &[])
    }

    /// With settings of its own.
    fn open_with(data: &Path, env: &[(&str, &str)]) -> Self {
        let gateway = free_port();
        let mut command = command(data, gateway);
        let process = command.envs(env.iter().copied()).spawn().expect("the shop");
        let mut shop = Self { process, gateway };
        let answers = wait(START, || {
            assert_eq!(shop.process.try_wait().expect("a state"), None, "{}", log(data));
            shop.products().is_some()
        });
        assert!(answers, "no answer\n{}", log(data));
        shop
    }

    fn products(&self) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/api/v1/products?page_size=100", self.gateway);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = reqwest::get(url).await.ok()?;
            if answer.status() == 200 { answer.json().await.ok() } else { None }
        })
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it as Ctrl-C does.
    fn close(mut self) -> ExitStatus {
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

#[test]
fn what_was_sold_is_there_after_a_crash_and_no_server_is_left_after_the_end() {
    let (_temp, data) = folder();
    let mut first = Shop::open(&data);
    let products = first.products().unwrap();
    assert!(products["pagination"]["total_count"].as_u64().unwrap() >= 9);

    first.process.kill().unwrap();
    first.process.wait().unwrap();

    // At once: the servers of the first run may still be at their last checkpoint.
    let second = Shop::open(&data);
    // Seeded once: a second time would show in ids and times.
    assert_eq!(second.products().unwrap(), products);
    assert!(second.close().success());
    let left = servers_of(&data);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_second_shop_on_the_same_folder_is_refused_in_one_line() {
    let (_temp, data) = folder();
    let first = Shop::open(&data);
    let refused = command(&data, free_port()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("another shop runs on the data folder"), "{said}");
    assert!(first.products().is_some(), "the first one was disturbed");
    assert!(first.close().success());
}

#[test]
fn a_database_that_dies_ends_the_shop_with_its_name() {
    let (_temp, data) = folder();
    let mut shop = Shop::open(&data);
    let postmaster = fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    let id = postmaster.lines().next().unwrap();
    assert!(Command::new("kill").args(["-s", "KILL", id]).status().unwrap().success());
    assert!(wait(STOP, || shop.process.try_wait().unwrap().is_some()), "it lives on");
    assert_eq!(shop.process.wait().unwrap().code(), Some(1));
    assert!(log(&data).contains("PostgreSQL ended by itself"), "{}", log(&data));
}

#[test]
fn a_server_that_another_shop_uses_is_left_alone_until_it_is_to_be_taken_over() {
    let (_temp, data) = folder();
    let (_temp, other) = folder();
    let first = Shop::open(&data);
    let postmaster = fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    let port = postmaster.lines().nth(3).unwrap();
    let url = format!("postgres://storefront@127.0.0.1:{port}/postgres");
    let password = data.join("password");
    let given =
        [("DATABASE_URL", url.as_str()), ("DATABASE_PASSWORD_FILE", password.to_str().unwrap())];

    let mut second = command(&other, free_port());
    let refused = second.envs(given).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    let last = said.lines().last().unwrap();
    assert!(last.contains("a role catalog_owner with another password"), "{said}");

    let [database, password] = given;
    let taken = [database, password, ("TAKE_OVER_ROLES", "true")];
    let second = Shop::open_with(&other, &taken);
    let (_temp, another) = folder();
    // The same administrator: nobody is locked out, and nothing needs to be taken.
    let third = Shop::open_with(&another, &given);
    for shop in [third, second, first] {
        assert!(shop.close().success());
    }
}

fn command(data: &Path, gateway: u16) -> Command {
    let log = fs::File::create(log_path(data)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .args(["all", "--embedded", "--seed", "--data"])
        .arg(data)
        // Whatever the test's own environment says: these are what the shop is to start itself.
        .env_remove("DATABASE_URL")
        .env_remove("DATABASE_PASSWORD")
        .env_remove("REDIS_URL")
        .env("GATEWAY_LISTEN", format!("127.0.0.1:{gateway}"))
        .env("CATALOG_LISTEN", format!("127.0.0.1:{}", free_port()))
        .env("ADMIN_ADDR", "127.0.0.1:0")
        .env("RATE_LIMIT_PER_MINUTE", "0")
        .stdin(Stdio::null())
        .stderr(log);
    command
}

/// A folder that is made by the shop, in one that every user may enter.
fn folder() -> (TempDir, PathBuf) {
    let temp = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = temp.path().join("data");
    (temp, data)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn log_path(data: &Path) -> PathBuf {
    data.with_extension("log")
}

fn log(data: &Path) -> String {
    fs::read_to_string(log_path(data)).unwrap_or_default()
}

fn wait(within: Duration, mut done: impl FnMut() -> bool) -> bool {
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

/// Processes that name the folder.
fn servers_of(data: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let data = data.display().to_string();
    lines.lines().filter(|line| line.contains(&data)).map(str::to_owned).collect()
}
