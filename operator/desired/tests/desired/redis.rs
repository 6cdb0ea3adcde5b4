//! The start script of Redis, run with a real server.

use storefront_api::StorefrontSpec;
use storefront_api::workload::{Amounts, Resources};
use storefront_desired::Kind;

use crate::fake_cluster::{FakeCluster, id};
use crate::specs;
use crate::start_script::{Server, container, folder_of, output};

struct Redis {
    server: Server,
}

impl Redis {
    fn new() -> Self {
        let mut server = Server::new("redis", "nobody");
        let data = server.path("data");
        std::fs::create_dir(&data).unwrap();
        // The test uses its own port and folder.
        let file = server.path("redis.conf");
        let configuration = std::fs::read_to_string(&file).unwrap();
        let adapted = configuration
            .replace("port 6379", &format!("port {}", server.port))
            .replace("dir /data", &format!("dir {}", data.display()));
        assert_ne!(adapted, configuration);
        std::fs::write(&file, adapted).unwrap();
        server.change_owner();
        let folder = server.path("").display().to_string();
        server.set("CONFIG_DIR", &folder);
        server.set("PATH", &format!("{}:/usr/bin:/bin", folder_of("redis-server").display()));
        Self { server }
    }

    fn start(&mut self, password: &str) {
        self.server.set("REDIS_PASSWORD", password);
        let password = password.to_owned();
        self.server.start(move |server| redis_cli(server, &password, &["ping"]) == "PONG");
    }

    fn stop(&mut self) {
        self.server.signal("TERM");
        self.server.wait();
    }
}

fn redis_cli(server: &Server, password: &str, arguments: &[&str]) -> String {
    let mut cli = server.command(&folder_of("redis-cli").join("redis-cli"));
    cli.env("REDISCLI_AUTH", password).args(["-p", &server.port.to_string()]).args(arguments);
    output(cli).unwrap_or_default()
}

#[test]
fn container_sets_the_environment_of_the_script() {
    let container = container("redis");
    let names: Vec<&str> =
        container["env"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["CONFIG_DIR", "REDISCLI_AUTH", "REDIS_PASSWORD"]);
}

/// Returns `maxmemory` of the configuration and the memory limit of the container.
fn memory(spec: StorefrontSpec) -> (String, String) {
    let mut cluster = FakeCluster::new(spec);
    cluster.settle();
    let files = &cluster.manifests[&id(Kind::ConfigMap, "demo-redis")]["data"];
    let configuration = files["redis.conf"].as_str().unwrap();
    let maxmemory = configuration.lines().find_map(|line| line.strip_prefix("maxmemory "));
    let pod = &cluster.manifests[&id(Kind::StatefulSet, "demo-redis")]["spec"]["template"]["spec"];
    let limit = pod["containers"][0]["resources"]["limits"]["memory"].as_str().unwrap();
    (maxmemory.unwrap().to_owned(), limit.to_owned())
}

#[test]
fn maxmemory_is_half_of_the_memory_limit() {
    let amounts = |memory: &str| Some(Amounts { cpu: None, memory: Some(memory.into()) });
    let cases = [
        (None, ("32mb", "64Mi")),
        (Some((None, amounts("1Gi"))), ("512mb", "1Gi")),
        (Some((amounts("100Mi"), None)), ("200mb", "400Mi")),
        (Some((None, amounts("16Mi"))), ("8mb", "16Mi")),
        (Some((None, amounts("1"))), ("1mb", "1")),
    ];
    for (resources, (maxmemory, limit)) in cases {
        let mut spec = specs::dev();
        spec.redis.resources = resources.map(|(requests, limits)| Resources { requests, limits });
        assert_eq!(memory(spec), (maxmemory.to_owned(), limit.to_owned()));
    }
}

#[test]
fn new_password_replaces_the_old_one_on_an_existing_volume() {
    let mut redis = Redis::new();
    redis.start("first");
    assert_eq!(redis_cli(&redis.server, "first", &["set", "cart", "7"]), "OK");
    assert!(redis_cli(&redis.server, "wrong", &["get", "cart"]).contains("NOAUTH"));
    redis.stop();

    redis.start("second");
    assert_eq!(redis_cli(&redis.server, "second", &["get", "cart"]), "7");
    assert!(redis_cli(&redis.server, "first", &["get", "cart"]).contains("NOAUTH"));
    redis.stop();
}

#[test]
fn write_older_than_a_second_survives_a_crash() {
    let mut redis = Redis::new();
    redis.start("secret");
    assert_eq!(redis_cli(&redis.server, "secret", &["set", "cart", "7"]), "OK");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    redis.server.signal("KILL");
    redis.server.wait();
    redis.start("secret");
    assert_eq!(redis_cli(&redis.server, "secret", &["get", "cart"]), "7");
    redis.stop();
}

#[test]
fn password_that_needs_quoting_is_rejected() {
    let mut redis = Redis::new();
    for password in ["", "two words", "quote\"", "line\nbreak"] {
        redis.server.set("REDIS_PASSWORD", password);
        let output = redis.server.run();
        assert!(!output.status.success(), "{password:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("storefront: the password"));
    }
}

/// Runs the command of the pod's probe with the port of the test server.
#[test]
fn startup_probe_succeeds_only_with_the_password() {
    let probe = container("redis")["startupProbe"]["exec"]["command"].clone();
    let command: Vec<String> = serde_json::from_value(probe).unwrap();
    let mut redis = Redis::new();
    redis.start("secret");
    for (password, expected) in [("secret", true), ("wrong", false)] {
        let mut sh = redis.server.command(std::path::Path::new("/bin/sh"));
        let script =
            command[2].replace("redis-cli", &format!("redis-cli -p {}", redis.server.port));
        sh.env("REDISCLI_AUTH", password).args([&command[1], &script]);
        assert_eq!(output(sh).is_some(), expected);
    }
    redis.stop();
}
