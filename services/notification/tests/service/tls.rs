//! TLS and authentication with the mail server.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sqlx::PgPool;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

use crate::fixture::TestService;
use crate::scripted_relay::{Encryption, ScriptedRelay};

/// Returns a TLS acceptor and a file with its self-signed certificate.
fn self_signed_identity() -> (TlsAcceptor, NamedTempFile) {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certified.cert.pem()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

async fn assert_delivered_over_tls(
    pool: &PgPool,
    relay: &ScriptedRelay,
    mode: &str,
    authority: &NamedTempFile,
) {
    let ca_file = authority.path().to_str().unwrap();
    let password = NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "secret\n").unwrap();
    let password_file = password.path().to_str().unwrap();
    let extra_args = [
        "--smtp-tls",
        mode,
        "--smtp-ca-file",
        ca_file,
        "--smtp-username",
        "shop",
        "--smtp-password-file",
        password_file,
    ];
    let service = TestService::start_with(pool, relay.port, &extra_args).await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    service.wait_for("sent", 1).await;
    // base64 of "\0shop\0secret"
    assert!(
        relay.received_lines().contains(&"AUTH PLAIN AHNob3AAc2VjcmV0".to_owned()),
        "{:?}",
        relay.received_lines()
    );
    service.stop().await;
}

#[tokio::test]
async fn mail_is_delivered_over_implicit_tls() {
    let database = testing::database(&notification::MIGRATOR).await;
    let (acceptor, authority) = self_signed_identity();
    let relay = ScriptedRelay::start(Encryption::Tls(acceptor)).await;
    assert_delivered_over_tls(database.pool(), &relay, "tls", &authority).await;
}

#[tokio::test]
async fn mail_is_delivered_over_starttls() {
    let database = testing::database(&notification::MIGRATOR).await;
    let (acceptor, authority) = self_signed_identity();
    let relay = ScriptedRelay::start(Encryption::Starttls(acceptor)).await;
    assert_delivered_over_tls(database.pool(), &relay, "starttls", &authority).await;
}

#[tokio::test]
async fn untrusted_server_receives_no_mail() {
    let database = testing::database(&notification::MIGRATOR).await;
    let plain = ScriptedRelay::start(Encryption::None).await;
    let service =
        TestService::start_with(database.pool(), plain.port, &["--smtp-tls", "starttls"]).await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    service.wait_for_all("queued", 1, |mail| !mail.error.is_empty()).await;
    service.stop().await;
    assert!(
        !plain.received_lines().iter().any(|line| line.starts_with("MAIL")),
        "{:?}",
        plain.received_lines()
    );

    let (acceptor, _) = self_signed_identity();
    let (_, another) = self_signed_identity();
    let untrusted = ScriptedRelay::start(Encryption::Tls(acceptor)).await;
    let extra_args = ["--smtp-tls", "tls", "--smtp-ca-file", another.path().to_str().unwrap()];
    let service = TestService::start_with(database.pool(), untrusted.port, &extra_args).await;
    service.advance(5);
    service
        .wait_for_all("queued", 1, |mail| mail.attempts == 2 && mail.error.contains("ertificate"))
        .await;
    assert!(untrusted.received_lines().is_empty());
    service.stop().await;
}
