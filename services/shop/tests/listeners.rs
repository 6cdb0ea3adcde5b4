//! Tests of the sockets that processes open, and of the log lines about them.

#![expect(clippy::unwrap_used, reason = "a failing set-up fails its test")]

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::Duration;

use tempfile::NamedTempFile;

const ANY_IPV4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const ANY_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// A process with its log. It is killed when dropped.
struct Process {
    child: Child,
    log: NamedTempFile,
}

impl Process {
    fn start(arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let log = NamedTempFile::new().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(arguments)
            .env_clear()
            .envs(env.iter().copied())
            .stderr(File::create(log.path()).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// Returns the sockets of the process, once it has opened `count` of them.
    fn sockets(&mut self, count: usize) -> Vec<SocketAddr> {
        loop {
            assert!(self.child.try_wait().unwrap().is_none(), "{}", self.log());
            let sockets = testing::listening_sockets(self.child.id());
            if sockets.len() >= count {
                return sockets;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[test]
fn explicit_listeners_win_and_are_logged() {
    let env = [
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
        ("ADMIN_ADDR", "127.0.0.1:0"),
        ("INBOX_LISTEN", "0.0.0.0:0"),
        ("INBOX_SMTP_LISTEN", "127.0.0.2:0"),
    ];
    let mut shop = Process::start(&["all", "--only", "inbox"], &env);
    let sockets = shop.sockets(3);
    let mut hosts: Vec<IpAddr> = sockets.iter().map(SocketAddr::ip).collect();
    hosts.sort();
    assert_eq!(hosts, [ANY_IPV4, Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 0, 0, 2).into()]);
    // The line of the last listener may be written after the socket was opened.
    let is_logged = |socket: &SocketAddr| {
        let open_to = if socket.ip().is_loopback() { "this machine" } else { "the network" };
        shop.log().lines().any(|line| {
            line.contains("listening")
                && line.contains(&socket.to_string())
                && line.contains(open_to)
        })
    };
    while !sockets.iter().all(is_logged) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn process_of_a_pod_accepts_both_address_families() {
    let names = ["ADMIN_ADDR", "INBOX_LISTEN", "INBOX_SMTP_LISTEN"];
    // The default addresses, with ports that are free.
    let mut inbox = Process::start(&["inbox"], &names.map(|name| (name, "[::]:0")));
    let any = if has_ipv6() { ANY_IPV6 } else { ANY_IPV4 };
    for socket in inbox.sockets(3) {
        assert_eq!(socket.ip(), any);
        TcpStream::connect((Ipv4Addr::LOCALHOST, socket.port())).unwrap();
        if has_ipv6() {
            TcpStream::connect((Ipv6Addr::LOCALHOST, socket.port())).unwrap();
        }
    }
}
