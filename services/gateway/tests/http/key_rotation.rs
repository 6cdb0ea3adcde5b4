//! New signing keys, while the gateway runs.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::shop::Gateway;
use crate::tokens::Signer;

/// Whether the gateway knows the signer: with a good token the body, which is empty, is the trouble.
async fn knows(gateway: &Gateway, signer: &Signer) -> bool {
    let call = gateway.request(Method::POST, "/api/v1/admin/products").bearer(&signer.admin());
    match call.send().await.told() {
        (400, _) => true,
        (401, code) if code == "invalid_token" => false,
        other => panic!("neither known nor unknown: {other:?}"),
    }
}

async fn comes_to_know(gateway: &Gateway, signer: &Signer) {
    let known = async {
        while !knows(gateway, signer).await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), known).await.expect("the key is taken over");
}

#[tokio::test]
async fn keys_rotate_without_a_restart_and_a_broken_file_locks_nobody_out() {
    let nowhere = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(nowhere, &["--rate-limit-per-minute", "0"]).await;
    let (first, second, third) = (gateway.signer(), Signer::new("test-2"), Signer::new("test-3"));
    assert!(knows(&gateway, first).await && !knows(&gateway, &second).await);

    gateway.replace_keys(&json!({"keys": [first.public_key(), second.public_key()]}).to_string());
    comes_to_know(&gateway, &second).await;
    assert!(knows(&gateway, first).await, "both hold during the rotation");

    gateway.replace_keys("not a key set");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(knows(&gateway, first).await && knows(&gateway, &second).await);

    gateway.replace_keys(&json!({"keys": [third.public_key()]}).to_string());
    comes_to_know(&gateway, &third).await;
    assert!(!knows(&gateway, first).await && !knows(&gateway, &second).await);
}
