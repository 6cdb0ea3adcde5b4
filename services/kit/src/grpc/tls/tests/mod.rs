//! Server and client through real ports.

mod reload;

use super::testing::{Authority, ECHO, Files, Leaf, has_metric};
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
    Channel::to_addresses(&addresses, &target(&["Say"]), runtime)
}

/// Calls over a new connection; an error is the code.
async fn call(server: &TestServer, runtime: &Runtime) -> Result<String, Code> {
    say(&channel(&[server], runtime), "").await.map_err(|status| status.code())
}

/// The start of an HTTP/2 connection: the preface and empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Whether the server accepts a connection of a foreign client.
async fn is_accepted(server: &TestServer, config: ClientConfig) -> bool {
    let stream = TcpStream::connect(server.address).await.expect("a connection");
    let name = ServerName::try_from(ECHO).expect("a name");
    let Ok(mut stream) = TlsConnector::from(Arc::new(config)).connect(name, stream).await else {
        return false;
    };
    // The server rejects the certificate after the client's side of the handshake has completed.
    let written = stream.write_all(PREFACE).await;
    written.is_ok() && stream.read_u8().await.is_ok()
}

/// The TLS configuration of a foreign client that trusts `authority`.
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
async fn calls_are_balanced_over_servers_with_valid_certificates() {
    let authority = Authority::new();
    let servers = ["a", "b"].map(|name| Files::issued_by(&authority).serve(name));
    let caller = Files::issued_by(&authority).caller();
    let channel = channel(&servers.each_ref(), &caller);
    for _ in 0..5 {
        let mut responses = Vec::new();
        for _ in 0..2 {
            responses.push(say(&channel, "").await.expect("a response"));
        }
        responses.sort_unstable();
        assert_eq!(responses, ["a", "b"]);
    }
}

#[tokio::test]
async fn ip_address_host_requires_a_certificate_for_it() {
    let authority = Authority::new();
    let server = Files::new(&authority.issue("127.0.0.1"), &authority).serve("a");
    let caller = Files::issued_by(&authority).caller();
    for (host, expected) in
        [("127.0.0.1", Ok("a".to_owned())), ("localhost", Err(Code::Unavailable))]
    {
        let url = format!("http://{host}:{}", server.address.port()).parse().expect("an address");
        let channel = Channel::connect(&ClientTarget::new("echo", url), &caller);
        let response = say(&channel, "").await.map_err(|status| status.code());
        assert_eq!(response, expected, "{host}");
    }
    caller.stop().await;
}

#[tokio::test]
async fn server_with_invalid_certificate_is_not_called() {
    let (authority, other) = (Authority::new(), Authority::new());
    let caller = Files::issued_by(&authority).caller();
    for (what, leaf, works) in [
        ("valid", authority.issue(ECHO), true),
        ("another CA", other.issue(ECHO), false),
        ("another name", authority.issue("catalog.invalid"), false),
        ("address instead of name", authority.issue("127.0.0.1"), false),
        ("expired", authority.issue_until(ECHO, 2020), false),
    ] {
        let server = Files::new(&leaf, &authority).serve("a");
        let expected = if works { Ok("a".to_owned()) } else { Err(Code::Unavailable) };
        assert_eq!(call(&server, &caller).await, expected, "{what}");
        assert_eq!(server.started_calls() == 1, works, "{what}");
    }
}

#[tokio::test]
async fn client_with_invalid_certificate_is_not_served() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Files::issued_by(&authority).serve("a");
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
    assert_eq!(server.started_calls(), 0);
    // Each call is attempted twice.
    let counted = "grpc_server_handshake_failures_total{component=\"echo\"} 6";
    eventually(|| has_metric(&server.runtime, counted)).await;
    let caller = Files::issued_by(&authority).caller();
    assert_eq!(call(&server, &caller).await.as_deref(), Ok("a"), "valid clients are served");
}

#[tokio::test]
async fn server_requires_client_certificate_tls_1_3_and_http_2() {
    let authority = Authority::new();
    let leaf = authority.issue("grpcurl");
    let server = Files::issued_by(&authority).serve("a");
    let (old, new) = (&version::TLS12, &version::TLS13);
    for (what, config, accepted) in [
        ("all of them", config(&authority, new, b"h2", Some(&leaf)), true),
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
        assert_eq!(is_accepted(&server, config).await, accepted, "{what}");
    }
}

#[tokio::test]
async fn plaintext_and_tls_peers_fail_fast_and_keep_serving() {
    let authority = Authority::new();
    let (plain, secured) =
        (TestServer::start("plain"), Files::issued_by(&authority).serve("secured"));
    let (plain_caller, tls_caller) = (Runtime::for_tests(), Files::issued_by(&authority).caller());
    let start = Instant::now();
    assert_eq!(call(&secured, &plain_caller).await, Err(Code::Unavailable));
    assert_eq!(call(&plain, &tls_caller).await, Err(Code::Unavailable));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(call(&secured, &tls_caller).await.as_deref(), Ok("secured"));
    assert_eq!(call(&plain, &plain_caller).await.as_deref(), Ok("plain"));
    assert!(!plain.runtime.metrics().text().contains("grpc_tls_reload_failures_total"));
}

#[tokio::test]
async fn incomplete_handshakes_do_not_block_and_time_out() {
    let authority = Authority::new();
    let server = Files::issued_by(&authority).serve("a");
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.address).await.expect("a connection"));
    }
    // A handshake record that is shorter than it announces.
    silent[0].write_all(b"\x16\x03\x01\x02\x00\x01").await.expect("written");
    let start = Instant::now();
    let caller = Files::issued_by(&authority).caller();
    assert_eq!(call(&server, &caller).await.as_deref(), Ok("a"));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    for mut stream in silent {
        let ended = timeout(Duration::from_secs(10), stream.read_u8()).await;
        ended.expect("the server closes it").expect_err("no bytes");
    }
    let counted = "grpc_server_handshake_failures_total{component=\"echo\"} 50";
    eventually(|| has_metric(&server.runtime, counted)).await;
}

#[tokio::test]
async fn write_is_retried_when_a_handshake_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let authority = Authority::new();
    let server = Files::issued_by(&authority).serve("a");
    let addresses = [silent.local_addr().expect("an address"), server.address];
    let channel =
        Channel::to_addresses(&addresses, &target(&[]), &Files::issued_by(&authority).caller());
    for _ in 0..2 {
        assert_eq!(say(&channel, "").await.expect("a response of the other server"), "a");
    }
}

#[tokio::test]
async fn drain_completes_calls_over_tls() {
    let authority = Authority::new();
    let mut server = Files::issued_by(&authority).serve("a");
    let channel = channel(&[&server], &Files::issued_by(&authority).caller());
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { say(&channel, "sleep").await }
    });
    eventually(|| server.started_calls() == 1).await;
    server.drain().await;
    assert_eq!(call.await.expect("no panic").expect("a completed call"), "a");
    assert_eq!(say(&channel, "").await.expect_err("closed").code(), Code::Unavailable);
}
