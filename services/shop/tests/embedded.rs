//! Tests of `shop all --embedded`, run as users run it: the binary with servers of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failing set-up fails its test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{STOP_TIMEOUT, ShopProcess, data_folder, free_ports, shop_command, wait_until};

#[test]
fn data_survives_a_crash_and_no_server_outlives_the_shop() {
    let (_temp, data) = data_folder();
    let mut first = ShopProcess::start(&data);
    let products = first.products().unwrap();
    assert!(products["pagination"]["total_count"].as_u64().unwrap() >= 9);

    first.process.kill().unwrap();
    first.process.wait().unwrap();

    // Without a pause: the servers of the first run may still be writing their last checkpoint.
    let second = ShopProcess::start(&data);
    // Equal ids and times show that the demonstration data was written only once.
    assert_eq!(second.products().unwrap(), products);
    assert!(second.stop().success());
    let remaining = server_processes(&data);
    assert!(remaining.is_empty(), "{remaining:?}");
}

#[test]
fn second_shop_on_the_same_folder_fails_with_one_line() {
    let (_temp, data) = data_folder();
    let first = ShopProcess::start(&data);
    let second = shop_command(&data, free_ports()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert!(stderr.contains("another shop runs on the data folder"), "{stderr}");
    assert!(first.products().is_some(), "the first shop was disturbed");
    assert!(first.stop().success());
}

#[test]
fn killed_database_ends_the_shop_with_an_error() {
    let (_temp, data) = data_folder();
    let mut shop = ShopProcess::start(&data);
    let postmaster = fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    let id = postmaster.lines().next().unwrap();
    assert!(Command::new("kill").args(["-s", "KILL", id]).status().unwrap().success());
    let exited = wait_until(STOP_TIMEOUT, || shop.process.try_wait().unwrap().is_some());
    assert!(exited, "the shop did not exit");
    assert_eq!(shop.process.wait().unwrap().code(), Some(1));
    assert!(shop.log().contains("PostgreSQL ended unexpectedly"), "{}", shop.log());
}

#[test]
fn roles_of_another_shop_are_refused_unless_taken_over() {
    let (_temp, data) = data_folder();
    let (_temp, other) = data_folder();
    let first = ShopProcess::start(&data);
    let postmaster = fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    let port = postmaster.lines().nth(3).unwrap();
    let url = format!("postgres://storefront@127.0.0.1:{port}/postgres");
    let password = data.join("password");
    let server =
        [("DATABASE_URL", url.as_str()), ("DATABASE_PASSWORD_FILE", password.to_str().unwrap())];

    let mut second = shop_command(&other, free_ports());
    let refused = second.envs(server).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let stderr = String::from_utf8(refused.stderr).unwrap();
    let last = stderr.lines().last().unwrap();
    assert!(last.contains("_owner with another password"), "{stderr}");

    let [database, password] = server;
    let take_over = [database, password, ("TAKE_OVER_ROLES", "true")];
    let second = ShopProcess::start_with(&other, &take_over);
    let (_temp, another) = data_folder();
    // The same administrator derives the same passwords, so that nothing has to be taken over.
    let third = ShopProcess::start_with(&another, &server);
    for shop in [third, second, first] {
        assert!(shop.stop().success());
    }
}

/// Returns the command lines of the processes that contain the folder.
fn server_processes(data: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let data = data.display().to_string();
    lines.lines().filter(|line| line.contains(&data)).map(str::to_owned).collect()
}
