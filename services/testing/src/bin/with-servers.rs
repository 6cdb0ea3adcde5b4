//! Runs a command with a private PostgreSQL and Redis, which are removed when it has ended.
//!
//! The command finds them in `DATABASE_URL` and `REDIS_URL`. The exit code is the command's.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};

use anyhow::Context as _;
use clap::Parser;
use testing::Servers;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// Runs a command with a private PostgreSQL and Redis
#[derive(Debug, Parser)]
struct Args {
    /// Settings of PostgreSQL, as "name=value name=value"; they override the defaults of tests,
    /// which switch durability off
    #[arg(long, env = "POSTGRES_SETTINGS", default_value = "")]
    postgres_settings: String,

    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let settings: Vec<String> =
        args.postgres_settings.split_whitespace().map(str::to_owned).collect();
    let servers = Servers::start(&settings).await.context("no servers for tests")?;
    let status = run(&args.command, &servers).await;
    servers.stop().await;
    Ok(ExitCode::from(code_of(status?)))
}

async fn run(command: &[OsString], servers: &Servers) -> anyhow::Result<ExitStatus> {
    let (program, arguments) = command.split_first().context("no command")?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("DATABASE_URL", servers.postgres_url())
        .env("REDIS_URL", servers.redis_url())
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    // Ctrl-C in a terminal signals the command too; SIGTERM is sent to this process only.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => forward_terminate(&child).await?,
        }
    }
}

async fn forward_terminate(child: &Child) -> anyhow::Result<()> {
    if let Some(id) = child.id() {
        Command::new("kill").arg(id.to_string()).status().await?;
    }
    Ok(())
}

/// The exit code as a shell reports it: 128 and the signal that ended the command.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
