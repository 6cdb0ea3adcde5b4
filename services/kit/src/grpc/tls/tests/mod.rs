//! Both sides through real ports.

use super::testing::{Authority, ECHO, Files, Leaf, shows};
use crate::Runtime;
use crate::grpc::client::{Channel, ClientTarget};
use crate::grpc::testing::{TestServer, eventually, say, target};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::Code;

fn channel(servers: &[&TestServer], runtime: &Runtime) -> Channel {
    let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    Channel::to(&addresses, &target(&["Say"]), runtime)
}

/// Calls over a new connection; the code with which that failed.
async fn call(server: &TestServer, runtime: &Runtime) -> Result<String, Code> {
    say(&channel(&[server], runtime), "").await.map_err(|status| status.code())
}

/// What HTTP/2 connections begin with: the preface and empty settings.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A client of others; whether the server speaks with it.
async fn is_heard(server: &TestServer, config: ClientConfig) -> bool {
    let stream = TcpStream::connect(server.address).await.expect("a connection");
    let name = ServerName::try_from(ECHO).expect("a name");
    let Ok(mut stream) = TlsConnector::from(Arc::new(config)).connect(name, stream).await else {
        return false;
    };
    // The server's refusal of our certificate comes after our side of the handshake is done.
    let written = stream.write_all(HELLO).await;
    written.is_ok() && stream.read_u8().await.is_ok()
}

/// A client of others that believes `authority`.
fn config(
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
    protocol: &[u8],
    leaf: Option<&Leaf>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate()).expect("a CA");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = match leaf {
        Some(leaf) => {
            let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).expect("a key");
            builder.with_client_auth_cert(vec![leaf.certificate.clone()], key).expect("a pair")
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    config
}

#[tokio::test]
async fn calls_are_spread_over_servers_that_prove_to_be_the_targets_host() {
    let authority = Authority::new();
    let servers = ["a", "b"].map(|name| Files::of(&authority).serve(name));
    let caller = Files::of(&authority).caller();
    let channel = channel(&servers.each_ref(), &caller);
    for _ in 0..5 {
        let mut answers = Vec::new();
        for _ in 0..2 {
            answers.push(say(&channel, "").await.expect("an answer"));
        }
        answers.sort_unstable();
        assert_eq!(answers, ["a", "b"]);
    }
}

#[tokio::test]
async fn a_host_that_is_an_address_is_proven_by_a_certificate_for_it() {
    let authority = Authority::new();
    let server = Files::new(&authority.issue("127.0.0.1"), &authority).serve("a");
    let caller = Files::of(&authority).caller();
    for (host, expected) in
        [("127.0.0.1", Ok("a".to_owned())), ("localhost", Err(Code::Unavailable))]
    {
        let url = format!("http://{host}:{}", server.address.port()).parse().expect("an address");
        let channel = Channel::connect(&ClientTarget::new("echo", url), &caller);
        let answer = say(&channel, "").await.map_err(|status| status.code());
        assert_eq!(answer, expected, "{host}");
    }
    caller.stop().await;
}

#[tokio::test]
async fn servers_that_cannot_prove_who_they_are_are_not_called() {
    let (authority, other) = (Authority::new(), Authority::new());
    let caller = Files::of(&authority).caller();
    for (what, leaf, works) in [
        ("as it should be", authority.issue(ECHO), true),
        ("another CA", other.issue(ECHO), false),
        ("another name", authority.issue("catalog.invalid"), false),
        ("its address instead of its name", authority.issue("127.0.0.1"), false),
        ("expired", authority.issue_until(ECHO, 2020), false),
    ] {
        let server = Files::new(&leaf, &authority).serve("a");
        let expected = if works { Ok("a".to_owned()) } else { Err(Code::Unavailable) };
        assert_eq!(call(&server, &caller).await, expected, "{what}");
        assert_eq!(server.began() == 1, works, "{what}");
    }
}

#[tokio::test]
async fn clients_that_cannot_prove_who_they_are_are_not_served() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Files::of(&authority).serve("a");
    let only_serves = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    };
    for (what, leaf) in [
        ("another CA", other.issue(ECHO)),
        ("expired", authority.issue_until(ECHO, 2020)),
        ("for servers only", authority.issue_with(ECHO, only_serves)),
    ] {
        let caller = Files::new(&leaf, &authority).caller();
        assert_eq!(call(&server, &caller).await, Err(Code::Unavailable), "{what}");
    }
    assert_eq!(server.began(), 0);
    // Each was tried twice.
    let counted = "grpc_server_handshake_failures_total{component=\"echo\"} 6";
    eventually(|| shows(&server.runtime, counted)).await;
    let caller = Files::of(&authority).caller();
    assert_eq!(call(&server, &caller).await.as_deref(), Ok("a"), "it serves others");
}

#[tokio::test]
async fn a_certificate_tls_1_3_and_http_2_are_asked_of_clients() {
    let authority = Authority::new();
    let leaf = authority.issue("grpcurl");
    let server = Files::of(&authority).serve("a");
    let (old, new) = (&version::TLS12, &version::TLS13);
    for (what, config, heard) in [
        ("all of it", config(&authority, new, b"h2", Some(&leaf)), true),
        ("no certificate", config(&authority, new, b"h2", None), false),
        ("TLS 1.2", config(&authority, old, b"h2", Some(&leaf)), false),
        ("HTTP/1.1", config(&authority, new, b"http/1.1", Some(&leaf)), false),
        (
            "no protocol",
            {
                let mut config = config(&authority, new, b"", Some(&leaf));
                config.alpn_protocols.clear();
                config
            },
            false,
        ),
    ] {
        assert_eq!(is_heard(&server, config).await, heard, "{what}");
    }
}

#[tokio::test]
async fn plain_and_tls_do_not_understand_each_other_and_go_on() {
    let authority = Authority::new();
    let (plain, secured) = (TestServer::start("plain"), Files::of(&authority).serve("secured"));
    let (plainly, securely) = (Runtime::for_tests(), Files::of(&authority).caller());
    let began = Instant::now();
    assert_eq!(call(&secured, &plainly).await, Err(Code::Unavailable));
    assert_eq!(call(&plain, &securely).await, Err(Code::Unavailable));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(call(&secured, &securely).await.as_deref(), Ok("secured"));
    assert_eq!(call(&plain, &plainly).await.as_deref(), Ok("plain"));
    assert!(!plain.runtime.metrics().text().contains("grpc_tls_reload_failures_total"));
}

#[tokio::test]
async fn handshakes_that_do_not_end_hold_nobody_up_and_are_ended() {
    let authority = Authority::new();
    let server = Files::of(&authority).serve("a");
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.address).await.expect("a connection"));
    }
    // A record of a handshake that announces more than comes.
    silent[0].write_all(b"\x16\x03\x01\x02\x00\x01").await.expect("written");
    let began = Instant::now();
    let caller = Files::of(&authority).caller();
    assert_eq!(call(&server, &caller).await.as_deref(), Ok("a"));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    for mut stream in silent {
        let ended = timeout(Duration::from_secs(10), stream.read_u8()).await;
        ended.expect("it is ended").expect_err("nothing is said");
    }
    let counted = "grpc_server_handshake_failures_total{component=\"echo\"} 50";
    eventually(|| shows(&server.runtime, counted)).await;
}

#[tokio::test]
async fn a_write_goes_elsewhere_when_a_server_does_not_shake_hands() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let authority = Authority::new();
    let server = Files::of(&authority).serve("a");
    let addresses = [silent.local_addr().expect("an address"), server.address];
    let channel = Channel::to(&addresses, &target(&[]), &Files::of(&authority).caller());
    for _ in 0..2 {
        assert_eq!(say(&channel, "").await.expect("the other one answers"), "a");
    }
}

#[tokio::test]
async fn draining_finishes_calls() {
    let authority = Authority::new();
    let mut server = Files::of(&authority).serve("a");
    let channel = channel(&[&server], &Files::of(&authority).caller());
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { say(&channel, "sleep").await }
    });
    eventually(|| server.began() == 1).await;
    server.drain().await;
    assert_eq!(call.await.expect("no panic").expect("it was finished"), "a");
    assert_eq!(say(&channel, "").await.expect_err("closed").code(), Code::Unavailable);
}
