//! Tests that an invalid setting ends the process immediately with one line that names it.

#![expect(clippy::unwrap_used, reason = "a failing set-up fails its test")]

use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The longest time of a refusal, on a busy machine.
const MAX_DURATION: Duration = Duration::from_secs(5);

/// The arguments, the environment, and a part of the expected message.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

fn shop(arguments: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shop"))
        .args(arguments)
        .env_clear()
        .env("ADMIN_ADDR", "127.0.0.1:0")
        .env("RUST_LOG", "error")
        .envs(env.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn invalid_settings_are_reported_in_one_line() {
    let redis = ("REDIS_URL", "redis://127.0.0.1:1");
    let cases: [Case; 8] = [
        (&["all"], &[], "DATABASE_URL is not set"),
        (&["all"], &[("DATABASE_URL", "postgres://h/d")], "REDIS_URL is not set"),
        (&["all"], &[("DATABASE_URL", "mysql://h/d"), redis], "expected postgres://"),
        (&["all", "--embedded"], &[("GATEWAY_LISTEN", "here")], "gateway: invalid value 'here'"),
        (&["all", "--embedded"], &[("SEED_DEMO_DATA", "perhaps")], "invalid value 'perhaps'"),
        (&["catalog", "serve"], &[("CURRENCY", "dollars")], "\"dollars\" is not a known currency"),
        (&["catalog", "migrate"], &[], "DATABASE_URL: is not set"),
        (&["gateway", "serve"], &[("CATALOG_URL", "nowhere")], "expected http://host:port"),
    ];
    for (arguments, env, expected) in cases {
        let started = Instant::now();
        let output = shop(arguments, env);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?} with {env:?}");
        assert!(stderr.contains(expected), "{arguments:?} with {env:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?} with {env:?}: {stderr}");
        assert!(started.elapsed() < MAX_DURATION, "{arguments:?} with {env:?} took too long");
    }
}

#[test]
fn error_message_contains_no_password_of_a_url() {
    let env = [("DATABASE_URL", "mysql://me:hush@h/d"), ("REDIS_URL", "http://:hush@h")];
    for arguments in [&["all"][..], &["catalog", "serve"], &["gateway", "serve"]] {
        let output = shop(arguments, &env);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!stderr.contains("hush"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn help_lists_settings_and_hides_secrets() {
    let output = shop(&["catalog", "serve", "--help"], &[("DATABASE_PASSWORD", "hush")]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(stdout.contains("CATALOG_LISTEN"), "{stdout}");
    assert!(!stdout.contains("hush"), "{stdout}");
}
