//! PostgreSQL's start script, run for real.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::servers::{Server, container, folder_of, output};

struct Postgres {
    server: Server,
}

impl Postgres {
    fn new(password: &str) -> Self {
        let mut server = Server::of("postgres", "postgres");
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
            // Only here: in a pod the port is PostgreSQL's own.
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
        self.server.hand_over();
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

    /// What the query answers to a client that comes over TCP with this password.
    fn query(&self, password: &str, query: &str) -> Option<String> {
        let mut psql = self.server.command(&folder_of("psql").join("psql"));
        psql.env("PGHOST", "127.0.0.1").env("PGPASSWORD", password).env("PGCONNECT_TIMEOUT", "10");
        psql.args(["--no-psqlrc", "-U", "postgres", "-d", "postgres", "-Atc", query]);
        output(psql)
    }
}

#[test]
fn the_pod_tells_the_script_what_it_asks_for() {
    let container = container("postgres");
    let names: Vec<&str> =
        container["env"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["CONFIG_DIR", "PASSWORD_FILE", "PGDATA", "PGHOST"]);
}

#[test]
fn a_new_password_opens_a_kept_volume_and_the_old_one_does_not() {
    let mut postgres = Postgres::new("first");
    postgres.start();
    assert_eq!(postgres.query("wrong", "SELECT 1"), None);
    let made = "CREATE TABLE kept AS SELECT 7 AS n; SELECT n FROM kept";
    assert!(postgres.query("first", made).unwrap().ends_with('7'));
    postgres.stop();

    // Whatever is in a Secret that somebody wrote by hand.
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
fn it_stops_while_clients_are_connected_by_what_the_pod_runs_before_its_end() {
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
    let begin = Instant::now();
    postgres.stop();
    assert!(begin.elapsed() < Duration::from_secs(10));
    client.wait().unwrap();
}

#[test]
fn it_recovers_from_a_crash() {
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
fn data_of_another_major_version_is_refused_with_the_way_out() {
    let mut postgres = Postgres::new("secret");
    postgres.start();
    postgres.stop();
    let version = postgres.server.path("volume/postgres/PG_VERSION");
    std::fs::write(&version, "9\n").unwrap();
    let refused = postgres.server.refuse();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    let last = said.lines().last().unwrap();
    assert!(last.contains("the data on the volume is PostgreSQL 9"), "{said}");
    assert!(last.contains("set spec.postgres.image to a PostgreSQL 9 image"), "{said}");
}

#[test]
fn a_folder_that_initdb_did_not_finish_is_made_anew() {
    let mut postgres = Postgres::new("secret");
    let data = postgres.server.path("volume/postgres");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("PG_VERSION"), "15\n").unwrap();
    std::fs::write(postgres.server.path("volume/postgres.note"), "unfinished\n").unwrap();
    postgres.server.hand_over();
    postgres.start();
    assert_eq!(postgres.query("secret", "SELECT 1").as_deref(), Some("1"));
    postgres.stop();
}

#[test]
fn a_complete_folder_is_never_removed_whatever_the_note_beside_it_says() {
    let mut postgres = Postgres::new("secret");
    postgres.start();
    postgres.query("secret", "CREATE TABLE kept AS SELECT 7 AS n").unwrap();
    postgres.stop();
    std::fs::write(postgres.server.path("volume/postgres.note"), "unfinished\n").unwrap();
    postgres.start();
    assert_eq!(postgres.query("secret", "SELECT n FROM kept").as_deref(), Some("7"));
    postgres.stop();
}

/// As a kubelet leaves it that hands a volume to the pod's group.
#[test]
fn a_folder_that_was_opened_to_the_group_is_closed_again() {
    let mut postgres = Postgres::new("secret");
    postgres.start();
    postgres.stop();
    let data = postgres.server.path("volume/postgres");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o2770)).unwrap();
    postgres.start();
    postgres.stop();
}

#[test]
fn an_empty_password_is_refused() {
    let postgres = Postgres::new("");
    let refused = postgres.server.refuse();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is empty"));
}
