//! Private servers, their databases, and their removal.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection, query, query_scalar};

static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

/// Bounds the removal of servers and folders on a busy machine.
const REMOVED_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn databases_have_tables_and_separate_rows() {
    let (first, second) = (testing::database(&MIGRATOR).await, testing::database(&MIGRATOR).await);
    query("INSERT INTO items VALUES ('lamp')").execute(first.pool()).await.unwrap();
    let count = query_scalar::<_, i64>("SELECT count(*) FROM items");
    assert_eq!(count.fetch_one(second.pool()).await.unwrap(), 0);
    assert!(PgConnection::connect(second.url()).await.is_ok());
}

#[tokio::test]
async fn dropped_database_is_removed_despite_connections() {
    let database = testing::database(&MIGRATOR).await;
    let name: String =
        query_scalar("SELECT current_database()").fetch_one(database.pool()).await.unwrap();
    let pool = database.pool().clone();
    let _connection = pool.acquire().await.unwrap();
    drop(database);
    let mut server = PgConnection::connect(testing::postgres()).await.unwrap();
    // The database is dropped in the background.
    let deadline = Instant::now() + REMOVED_WITHIN;
    let is_there = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    while query_scalar::<_, bool>(is_there).bind(&name).fetch_one(&mut server).await.unwrap() {
        assert!(Instant::now() < deadline, "{name} was not dropped");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn with_servers_returns_the_exit_code_of_the_command() {
    let status = |script| with_servers(script).status().unwrap();
    assert_eq!(status("exit 7").code(), Some(7));
    assert_eq!(status("kill -KILL $$").code(), Some(137));
}

#[test]
fn with_servers_applies_postgres_settings() {
    let mut command = with_servers("psql -At \"$DATABASE_URL\" -c 'SHOW fsync; SHOW work_mem'");
    let output = command.env("POSTGRES_SETTINGS", "fsync=on work_mem=5MB").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "on\n5MB\n");
}

#[test]
fn killed_process_leaves_no_server_and_no_folder() {
    let mut command = with_servers("psql -At \"$DATABASE_URL\" -c 'SHOW data_directory'; cat");
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let files = first_line(&mut process);
    let folder = Path::new(&files).parent().unwrap();
    assert!(folder.exists());
    process.kill().unwrap();
    process.wait().unwrap();
    let deadline = Instant::now() + REMOVED_WITHIN;
    while folder.exists() || is_running(&files) {
        assert!(Instant::now() < deadline, "{files} is still used");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn with_servers(script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-servers"));
    command.args(["sh", "-c", script]);
    command
}

fn first_line(process: &mut Child) -> String {
    let mut line = String::new();
    let output = process.stdout.as_mut().expect("a piped output");
    BufReader::new(output).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Whether a process names the files in its arguments.
fn is_running(files: &str) -> bool {
    let output = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().any(|line| line.contains(files))
}
