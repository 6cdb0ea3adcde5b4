//! Redis's start script, run for real.

use crate::servers::{Server, container, folder_of, output};

struct Redis {
    server: Server,
}

impl Redis {
    fn new() -> Self {
        let mut server = Server::of("redis", "nobody");
        let data = server.path("data");
        std::fs::create_dir(&data).unwrap();
        // Port and folder are the pod's own there, and have to be this test's here.
        let file = server.path("redis.conf");
        let configuration = std::fs::read_to_string(&file).unwrap();
        let here = configuration
            .replace("port 6379", &format!("port {}", server.port))
            .replace("dir /data", &format!("dir {}", data.display()));
        assert_ne!(here, configuration);
        std::fs::write(&file, here).unwrap();
        server.hand_over();
        let folder = server.path("").display().to_string();
        server.set("CONFIG_DIR", &folder);
        server.set("PATH", &format!("{}:/usr/bin:/bin", folder_of("redis-server").display()));
        Self { server }
    }

    fn start(&mut self, password: &str) {
        self.server.set("REDIS_PASSWORD", password);
        let password = password.to_owned();
        self.server.start(move |server| ask(server, &password, &["ping"]) == "PONG");
    }

    fn stop(&mut self) {
        self.server.signal("TERM");
        self.server.wait();
    }
}

fn ask(server: &Server, password: &str, words: &[&str]) -> String {
    let mut cli = server.command(&folder_of("redis-cli").join("redis-cli"));
    cli.env("REDISCLI_AUTH", password).args(["-p", &server.port.to_string()]).args(words);
    output(cli).unwrap_or_default()
}

#[test]
fn the_pod_tells_the_script_what_it_asks_for() {
    let container = container("redis");
    let names: Vec<&str> =
        container["env"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["CONFIG_DIR", "REDISCLI_AUTH", "REDIS_PASSWORD"]);
}

#[test]
fn a_new_password_opens_a_kept_volume_and_the_old_one_does_not() {
    let mut redis = Redis::new();
    redis.start("first");
    assert_eq!(ask(&redis.server, "first", &["set", "cart", "7"]), "OK");
    assert!(ask(&redis.server, "wrong", &["get", "cart"]).contains("NOAUTH"));
    redis.stop();

    redis.start("second");
    assert_eq!(ask(&redis.server, "second", &["get", "cart"]), "7");
    assert!(ask(&redis.server, "first", &["get", "cart"]).contains("NOAUTH"));
    redis.stop();
}

#[test]
fn what_was_acknowledged_a_second_ago_survives_a_crash() {
    let mut redis = Redis::new();
    redis.start("secret");
    assert_eq!(ask(&redis.server, "secret", &["set", "cart", "7"]), "OK");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    redis.server.signal("KILL");
    redis.server.wait();
    redis.start("secret");
    assert_eq!(ask(&redis.server, "secret", &["get", "cart"]), "7");
    redis.stop();
}

#[test]
fn a_password_that_the_configuration_would_misread_is_refused() {
    let mut redis = Redis::new();
    for password in ["", "two words", "quote\"", "line\nbreak"] {
        redis.server.set("REDIS_PASSWORD", password);
        let refused = redis.server.refuse();
        assert!(!refused.status.success(), "{password:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).starts_with("storefront: the password"));
    }
}

/// The probe of the pod, word for word but for the port.
#[test]
fn the_startup_probe_succeeds_only_with_the_password() {
    let probe = container("redis")["startupProbe"]["exec"]["command"].clone();
    let words: Vec<String> = serde_json::from_value(probe).unwrap();
    let mut redis = Redis::new();
    redis.start("secret");
    for (password, expected) in [("secret", true), ("wrong", false)] {
        let mut sh = redis.server.command(std::path::Path::new("/bin/sh"));
        let here = words[2].replace("redis-cli", &format!("redis-cli -p {}", redis.server.port));
        sh.env("REDISCLI_AUTH", password).args([&words[1], &here]);
        assert_eq!(output(sh).is_some(), expected);
    }
    redis.stop();
}
