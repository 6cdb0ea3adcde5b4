//! The start script of PostgreSQL, run with a real server.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::start_script::{Server, container, folder_of, output};

struct Postgres {
    server: Server,
}

impl Postgres {
    fn new(password: &str) -> Self {
        let mut server = Server::new("postgres", "postgres");
        std::fs::create_dir(server.path("volume")).unwrap();
        std::fs::create_dir(server.path("run")).unwrap();
        let port = server.port.to_string();
        let path = format!("{}:/usr/bin:/bin", folder_of("initdb").display());
        let folder = |name: &str| server.path(name).display().to_string();
        let env = [
            ("CONFIG_DIR", folder("")),
            ("PASSWORD_FILE", folder("password")),
            ("PGDATA", folder("volume/postgres")),
            ("PGHOST", folder("run")),
            // Only in tests: in a pod PostgreSQL uses its default port.
            ("PGPORT", port),
            ("PATH", path),
        ];
        for (name, value) in env {
            server.set(name, &value);
        }
        let postgres = Self { server };
        postgres.set_password(password);
        postgres
    }

    fn set_password(&self, password: &str) {
        std::fs::write(self.server.path("password"), password).unwrap();
        self.server.change_owner();
    }

    fn start(&mut self) {
        self.server.start(|server| {
            let mut ready = server.command(&folder_of("pg_isready").join("pg_isready"));
            ready.arg("--quiet");
            output(ready).is_some()
        });
    }

    fn stop(&mut self) {
        self.server.signal("INT");
        self.server.wait();
    }

    /// Runs a query over TCP with this password and returns the output if it succeeds.
    fn query(&self, password: &str, query: &str) -> Option<String> {
        let mut psql = self.server.command(&folder_of("psql").join("psql"));
        psql.env("PGHOST", "127.0.0.1").env("PGPASSWORD", password).env("PGCONNECT_TIMEOUT", "10");
        psql.args(["--no-psqlrc", "-U", "postgres", "-d", "postgres", "-Atc", query]);
        output(psql)
    }
}

#[test]
fn container_sets_the_environment_of_the_script() {
    let container = container("postgres");
    let names: Vec<&str> =
        container["env"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["CONFIG_DIR", "PASSWORD_FILE", "PGDATA", "PGHOST"]);
}

#[test]
fn new_password_replaces_the_old_one_on_an_existing_volume() {
    let mut postgres = Postgres::new("first");
    postgres.start();
    assert_eq!(postgres.query("wrong", "SELECT 1"), None);
    let create = "CREATE TABLE kept AS SELECT 7 AS n; SELECT n FROM kept";
    assert!(postgres.query("first", create).unwrap().ends_with('7'));
    postgres.stop();

    // All special characters that a manually written Secret can contain.
    let second = r#"it's \a "second" $$ %L one"#;
    postgres.set_password(second);
    postgres.start();
    assert_eq!(postgres.query("first", "SELECT 1"), None);
    assert_eq!(postgres.query(second, "SELECT n FROM kept").as_deref(), Some("7"));
    assert_eq!(postgres.query(second, "SHOW data_checksums").as_deref(), Some("on"));
    assert_eq!(postgres.query(second, "SHOW server_encoding").as_deref(), Some("UTF8"));
    assert_eq!(postgres.query(second, "SHOW max_connections").as_deref(), Some("250"));
    assert!(!postgres.server.log().contains("second"), "{}", postgres.server.log());
    postgres.stop();
}

#[test]
fn pre_stop_command_stops_the_server_despite_open_connections() {
    let command = &container("postgres")["lifecycle"]["preStop"]["exec"]["command"];
    assert_eq!(*command, serde_json::json!(["sh", "-c", "kill -INT 1"]));

    let mut postgres = Postgres::new("secret");
    postgres.start();
    let mut psql = postgres.server.command(&folder_of("psql").join("psql"));
    psql.args(["-U", "postgres", "-h", "127.0.0.1", "-d", "postgres", "-c", "SELECT pg_sleep(60)"]);
    let mut client = psql.env("PGPASSWORD", "secret").spawn().unwrap();
    let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let end = Instant::now() + Duration::from_secs(10);
    while postgres.query("secret", sleeps).as_deref() != Some("1") {
        assert!(Instant::now() < end);
    }
    let start = Instant::now();
    postgres.stop();
    assert!(start.elapsed() < Duration::from_secs(10));
    client.wait().unwrap();
}

#[test]
fn server_recovers_from_a_crash() {
    let mut postgres = Postgres::new("secret");
    postgres.start();
    postgres.query("secret", "CREATE TABLE kept AS SELECT 7 AS n").unwrap();
    postgres.server.signal("KILL");
    postgres.server.wait();
    postgres.start();
    assert_eq!(postgres.query("secret", "SELECT n FROM kept").as_deref(), Some("7"));
    postgres.stop();
}

#[test]
fn data_of_another_major_version_is_rejected_with_instructions() {
    let mut postgres = Postgres::new("secret");
    postgres.start();
    postgres.stop();
    let version = postgres.server.path("volume/postgres/PG_VERSION");
    std::fs::write(&version, "9\n").unwrap();
    let output = postgres.server.run();
    assert!(!output.status.success());
    let log = String::from_utf8_lossy(&output.stderr);
    let last = log.lines().last().unwrap();
    assert!(last.contains("the data on the volume is PostgreSQL 9"), "{log}");
    assert!(last.contains("set spec.postgres.image to a PostgreSQL 9 image"), "{log}");
}

#[test]
fn incomplete_data_folder_is_recreated() {
    let mut postgres = Postgres::new("secret");
    let data = postgres.server.path("volume/postgres");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("PG_VERSION"), "15\n").unwrap();
    std::fs::write(postgres.server.path("volume/postgres.note"), "unfinished\n").unwrap();
    postgres.server.change_owner();
    postgres.start();
    assert_eq!(postgres.query("secret", "SELECT 1").as_deref(), Some("1"));
    postgres.stop();
}

#[test]
fn complete_data_folder_is_kept_despite_an_unfinished_note() {
    let mut postgres = Postgres::new("secret");
    postgres.start();
    postgres.query("secret", "CREATE TABLE kept AS SELECT 7 AS n").unwrap();
    postgres.stop();
    std::fs::write(postgres.server.path("volume/postgres.note"), "unfinished\n").unwrap();
    postgres.start();
    assert_eq!(postgres.query("secret", "SELECT n FROM kept").as_deref(), Some("7"));
    postgres.stop();
}

/// The kubelet grants the pod's group access to the volume.
#[test]
fn group_access_to_the_data_folder_is_removed() {
    let mut postgres = Postgres::new("secret");
    postgres.start();
    postgres.stop();
    let data = postgres.server.path("volume/postgres");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o2770)).unwrap();
    postgres.start();
    postgres.stop();
}

#[test]
fn empty_password_is_rejected() {
    let postgres = Postgres::new("");
    let output = postgres.server.run();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is empty"));
}
