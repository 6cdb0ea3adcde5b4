//! A wrong setting ends the process at once with one line that names it.

#![expect(clippy::unwrap_used, reason = "a failing set-up fails its test")]

use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// "At once", on a machine that is busy.
const AT_ONCE: Duration = Duration::from_secs(5);

/// The arguments, the environment, and words of the refusal.
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
fn wrong_settings_are_told_in_one_line() {
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
    for (arguments, env, words) in cases {
        let began = Instant::now();
        let output = shop(arguments, env);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?} with {env:?}");
        assert!(said.contains(words), "{arguments:?} with {env:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?} with {env:?}: {said}");
        assert!(began.elapsed() < AT_ONCE, "{arguments:?} with {env:?} took its time");
    }
}

#[test]
fn a_password_in_a_url_is_never_repeated() {
    let env = [("DATABASE_URL", "mysql://me:hush@h/d"), ("REDIS_URL", "http://:hush@h")];
    for arguments in [&["all"][..], &["catalog", "serve"], &["gateway", "serve"]] {
        let output = shop(arguments, &env);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!said.contains("hush"), "{arguments:?}: {said}");
    }
}

#[test]
fn help_tells_settings_and_hides_secrets() {
    let output = shop(&["catalog", "serve", "--help"], &[("DATABASE_PASSWORD", "hush")]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(said.contains("CATALOG_LISTEN"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}
