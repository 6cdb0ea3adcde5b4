//! Runs the start scripts with the servers that are installed on this machine.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use storefront_desired::Kind;
use tempfile::TempDir;

use crate::fake_cluster::{FakeCluster, id};
use crate::specs;

/// The maximum time for a server to start or to stop.
const TRANSITION_TIMEOUT: Duration = Duration::from_secs(30);

/// A server that runs as in a pod, in a temporary folder.
pub(crate) struct Server {
    folder: TempDir,
    script: PathBuf,
    pub(crate) port: u16,
    env: Vec<(String, String)>,
    user: Option<(u32, u32)>,
    child: Option<Child>,
}

impl Server {
    /// Creates a server with the files of the datastore's ConfigMap. It runs as `user` when the
    /// tests run as root.
    pub(crate) fn new(datastore: &str, user: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files(datastore) {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let script = folder.path().join("start.sh");
        let user = is_root().then(|| ids_of(user));
        let server = Self { folder, script, port: free_port(), env: Vec::new(), user, child: None };
        server.change_owner();
        server
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.retain(|(existing, _)| existing != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Gives all files in the folder to the user of the server.
    pub(crate) fn change_owner(&self) {
        if let Some((user, group)) = self.user {
            let owner = format!("{user}:{group}");
            let path = self.folder.path();
            assert!(
                Command::new("chown").arg("-R").arg(owner).arg(path).status().unwrap().success()
            );
        }
    }

    /// Returns a command with the user and the environment of the server.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env.clone()).current_dir(self.folder.path());
        if let Some((user, group)) = self.user {
            command.gid(group).uid(user);
        }
        command
    }

    /// Starts the script and waits until `is_ready` succeeds.
    pub(crate) fn start(&mut self, is_ready: impl Fn(&Self) -> bool) {
        let log = std::fs::File::create(self.path("log")).unwrap();
        let mut command = self.command(Path::new("/bin/sh"));
        command.arg(&self.script).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        let end = Instant::now() + TRANSITION_TIMEOUT;
        while !is_ready(self) {
            let exit = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(exit.is_none() && Instant::now() < end, "{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs the script to its end, for tests that expect it to fail.
    pub(crate) fn run(&self) -> Output {
        self.command(Path::new("/bin/sh")).arg(&self.script).output().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&mut self, signal: &str) {
        let pid = self.child.as_ref().unwrap().id();
        let kill = format!("kill -{signal} {pid}");
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until the server has exited.
    pub(crate) fn wait(&mut self) {
        let mut child = self.child.take().unwrap();
        let end = Instant::now() + TRANSITION_TIMEOUT;
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "the server does not exit: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Returns the container of a datastore's StatefulSet.
pub(crate) fn container(datastore: &str) -> Value {
    let mut cluster = FakeCluster::new(specs::dev());
    cluster.settle();
    let stateful_set = &cluster.manifests[&id(Kind::StatefulSet, &format!("demo-{datastore}"))];
    stateful_set["spec"]["template"]["spec"]["containers"][0].clone()
}

fn files(datastore: &str) -> Vec<(String, String)> {
    let mut cluster = FakeCluster::new(specs::dev());
    cluster.settle();
    let config = &cluster.manifests[&id(Kind::ConfigMap, &format!("demo-{datastore}"))];
    let files = config["data"].as_object().unwrap().iter();
    files.map(|(name, content)| (name.clone(), content.as_str().unwrap().to_owned())).collect()
}

/// Finds the folder of a program: on PATH, or where Debian, Red Hat and Homebrew install
/// PostgreSQL.
pub(crate) fn folder_of(program: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find(|folder| is_installed(folder, program));
    on_path.or_else(|| newest_postgres(program)).unwrap_or_else(|| {
        panic!("{program} is not installed; install PostgreSQL 15 or later and Redis 7 or later")
    })
}

fn newest_postgres(program: &str) -> Option<PathBuf> {
    let parents = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt"];
    let entries = parents.iter().filter_map(|parent| std::fs::read_dir(parent).ok()).flatten();
    let folders = entries.filter_map(Result::ok).map(|entry| entry.path().join("bin"));
    folders.filter(|folder| is_installed(folder, program) && is_installed(folder, "postgres")).max()
}

/// Reports whether a folder contains an installation of the program. A link to a single program of
/// PostgreSQL is not an installation.
fn is_installed(folder: &Path, program: &str) -> bool {
    let needs_server = matches!(program, "initdb" | "psql" | "pg_isready");
    folder.join(program).exists() && (!needs_server || folder.join("postgres").exists())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Returns the uid and gid of a user of this machine.
fn ids_of(user: &str) -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let entry = users.lines().find(|line| line.starts_with(&format!("{user}:")));
    let entry = entry.unwrap_or_else(|| panic!("as root, these tests need the user {user}"));
    let fields: Vec<&str> = entry.split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Returns the standard output of a command, if it succeeds.
pub(crate) fn output(mut command: Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}
