//! Certificate files that are replaced while they are in use.

use crate::Runtime;
use crate::grpc::client::Channel;
use crate::grpc::testing::{TestServer, eventually, say, target};
use crate::grpc::tls::testing::{Authority, ECHO, Files, has_metric};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpStream;
use tonic::{Code, Status};

/// Whether the certificate in use expires at the start of the year.
fn expires(runtime: &Runtime, year: i16) -> bool {
    let midnight = jiff::civil::date(year, 1, 1).at(0, 0, 0, 0);
    let midnight = midnight.in_tz("UTC").expect("a time").timestamp().as_second();
    let name = "grpc_tls_certificate_expiration_timestamp_seconds";
    has_metric(runtime, &format!("{name}{{component=\"{}\"}} {midnight}", runtime.name()))
}

fn failures(runtime: &Runtime, count: u32) -> bool {
    let name = "grpc_tls_reload_failures_total";
    has_metric(runtime, &format!("{name}{{component=\"{}\"}} {count}", runtime.name()))
}

/// Calls over a new connection.
async fn call(server: &TestServer, runtime: &Runtime) -> Result<String, Status> {
    say(&Channel::to_addresses(&[server.address], &target(&[]), runtime), "").await
}

/// The certificate that the server presents on a new connection.
async fn presented_certificate(server: &TestServer, caller: &Runtime) -> CertificateDer<'static> {
    let stream = TcpStream::connect(server.address).await.expect("a connection");
    let tls = caller.tls().expect("TLS is configured");
    let stream = tls.connect(ECHO.to_owned(), stream).await.expect("a handshake");
    stream.get_ref().1.peer_certificates().expect("some")[0].clone()
}

/// Calls over new connections and over one that stays open, until `stop` is set. Returns the number
/// of calls.
async fn call_until(stop: Arc<AtomicBool>, server: Arc<TestServer>, caller: Runtime) -> usize {
    let old = Channel::to_addresses(&[server.address], &target(&[]), &caller);
    let mut calls = 0;
    while !stop.load(Ordering::SeqCst) {
        call(&server, &caller).await.expect("a response over a new connection");
        say(&old, "").await.expect("a response over the old connection");
        calls += 2;
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificate_reload_fails_no_call() {
    let authority = Authority::new();
    let files = [Files::issued_by(&authority), Files::issued_by(&authority)];
    let (server, caller) = (Arc::new(files[0].serve("a")), files[1].caller());
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(call_until(Arc::clone(&stop), Arc::clone(&server), caller.clone())))
        .collect();
    for year in [2091, 2092] {
        let leaf = authority.issue_until(ECHO, year.into());
        for files in &files {
            files.replace(&leaf);
        }
        eventually(|| expires(&server.runtime, year) && expires(&caller, year)).await;
        assert_eq!(presented_certificate(&server, &caller).await, leaf.certificate);
    }
    stop.store(true, Ordering::SeqCst);
    let mut all_calls = 0;
    for caller in callers {
        all_calls += caller.await.expect("no call has failed");
    }
    assert!(all_calls > 20, "the test made only {all_calls} calls");
    assert!(failures(&server.runtime, 0) && failures(&caller, 0));
}

#[tokio::test]
async fn new_authority_applies_to_new_connections_of_both_sides() {
    let (before, after) = (Authority::new(), Authority::new());
    let files = [Files::issued_by(&before), Files::issued_by(&before)];
    let (server, caller) = (files[0].serve("a"), files[1].caller());
    call(&server, &caller).await.expect("a response");

    // Only the server's files change, so neither side trusts the other.
    files[0].replace(&after.issue_until(ECHO, 2091));
    files[0].write("ca.crt", &after.pem());
    eventually(|| expires(&server.runtime, 2091)).await;
    let status = call(&server, &caller).await.expect_err("another CA");
    assert_eq!(status.code(), Code::Unavailable);

    files[1].replace(&after.issue_until(ECHO, 2091));
    files[1].write("ca.crt", &after.pem());
    eventually(|| expires(&caller, 2091)).await;
    assert_eq!(call(&server, &caller).await.expect("a response after both sides changed"), "a");
}

#[tokio::test]
async fn invalid_files_keep_the_previous_certificate() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue_until(ECHO, 2090), &authority);
    let server = files.serve("a");
    let caller = Files::issued_by(&authority).caller();
    let next = authority.issue_until(ECHO, 2091);
    for (count, (name, text)) in
        (1..).zip([("tls.crt", &next.pem), ("ca.crt", &"nothing".to_owned())])
    {
        files.write(name, text);
        eventually(|| failures(&server.runtime, count)).await;
        assert!(expires(&server.runtime, 2090), "{name}");
        assert_eq!(call(&server, &caller).await.expect("a response"), "a", "{name}");
    }
    files.replace(&next);
    files.write("ca.crt", &authority.pem());
    eventually(|| expires(&server.runtime, 2091)).await;
    assert_eq!(call(&server, &caller).await.expect("a response"), "a");
    assert!(failures(&server.runtime, 2));
}
