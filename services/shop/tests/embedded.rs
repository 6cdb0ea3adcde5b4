//! `shop all --embedded`, as people run it: the real binary with servers of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failing set-up fails its test")]

#[path = "support/shop.rs"]
mod shop;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use shop::{STOP, Shop, command, folder, free_ports, wait};

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
    let refused = command(&data, free_ports()).stderr(Stdio::piped()).output().unwrap();
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
    assert!(shop.log().contains("PostgreSQL ended unexpectedly"), "{}", shop.log());
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

    let mut second = command(&other, free_ports());
    let refused = second.envs(given).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    let last = said.lines().last().unwrap();
    assert!(last.contains("_owner with another password"), "{said}");

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

/// Processes that name the folder.
fn servers_of(data: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let data = data.display().to_string();
    lines.lines().filter(|line| line.contains(&data)).map(str::to_owned).collect()
}
