//! Protected connections to the mail server, and signing in over them.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sqlx::PgPool;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

use crate::{
    relay::{Protection, Relay},
    shop::Shop,
};

/// A server's half of TLS, and a file with the certificate that it is known by.
fn identity() -> (TlsAcceptor, NamedTempFile) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

async fn arrives_protected(pool: &PgPool, relay: &Relay, mode: &str, authority: &NamedTempFile) {
    let ca_file = authority.path().to_str().unwrap();
    let password = NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "secret\n").unwrap();
    let password_file = password.path().to_str().unwrap();
    let more = [
        "--smtp-tls",
        mode,
        "--smtp-ca-file",
        ca_file,
        "--smtp-username",
        "shop",
        "--smtp-password-file",
        password_file,
    ];
    let shop = Shop::open_with(pool, relay.port, &more).await;
    shop.welcome("ada@example.com", "").await.unwrap();
    shop.until("sent", 1).await;
    // base64 of "\0shop\0secret"
    assert!(
        relay.heard().contains(&"AUTH PLAIN AHNob3AAc2VjcmV0".to_owned()),
        "{:?}",
        relay.heard()
    );
    shop.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn by_tls_from_the_first_byte(pool: PgPool) {
    let (acceptor, authority) = identity();
    let relay = Relay::open(Protection::Tls(acceptor)).await;
    arrives_protected(&pool, &relay, "tls", &authority).await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn by_starttls(pool: PgPool) {
    let (acceptor, authority) = identity();
    let relay = Relay::open(Protection::Starttls(acceptor)).await;
    arrives_protected(&pool, &relay, "starttls", &authority).await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_server_without_starttls_or_with_a_strange_certificate_hears_nothing(pool: PgPool) {
    let plain = Relay::open(Protection::None).await;
    let shop = Shop::open_with(&pool, plain.port, &["--smtp-tls", "starttls"]).await;
    shop.welcome("ada@example.com", "").await.unwrap();
    shop.until_all("queued", 1, |mail| !mail.error.is_empty()).await;
    shop.close().await;
    assert!(!plain.heard().iter().any(|line| line.starts_with("MAIL")), "{:?}", plain.heard());

    let (acceptor, _) = identity();
    let (_, another) = identity();
    let strange = Relay::open(Protection::Tls(acceptor)).await;
    let more = ["--smtp-tls", "tls", "--smtp-ca-file", another.path().to_str().unwrap()];
    let shop = Shop::open_with(&pool, strange.port, &more).await;
    shop.advance(5);
    shop.until_all("queued", 1, |mail| mail.attempts == 2 && mail.error.contains("ertificate"))
        .await;
    assert!(strange.heard().is_empty());
    shop.close().await;
}
