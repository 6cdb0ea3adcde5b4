//! Key rotation while the gateway runs.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use shop_fixture::Signer;

use crate::shop::Gateway;

/// Whether the gateway accepts tokens of the signer. With a valid token, the error is the empty
/// body.
async fn accepts(gateway: &Gateway, signer: &Signer) -> bool {
    let call = gateway.request(Method::POST, "/api/v1/admin/products").bearer(&signer.admin());
    match call.send().await.status_and_code() {
        (400, _) => true,
        (401, code) if code == "invalid_token" => false,
        other => panic!("unexpected response: {other:?}"),
    }
}

async fn wait_until_accepted(gateway: &Gateway, signer: &Signer) {
    let accepted = async {
        while !accepts(gateway, signer).await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), accepted).await.expect("the key set is reloaded");
}

#[tokio::test]
async fn key_set_is_reloaded_and_invalid_file_is_ignored() {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(unused_address, &["--rate-limit-per-minute", "0"]).await;
    let (first, second, third) = (gateway.signer(), Signer::new("test-2"), Signer::new("test-3"));
    assert!(accepts(&gateway, first).await && !accepts(&gateway, &second).await);

    gateway.replace_keys(&json!({"keys": [first.public_key(), second.public_key()]}).to_string());
    wait_until_accepted(&gateway, &second).await;
    assert!(accepts(&gateway, first).await, "both keys are valid during the rotation");

    gateway.replace_keys("not a key set");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(accepts(&gateway, first).await && accepts(&gateway, &second).await);

    gateway.replace_keys(&json!({"keys": [third.public_key()]}).to_string());
    wait_until_accepted(&gateway, &third).await;
    assert!(!accepts(&gateway, first).await && !accepts(&gateway, &second).await);
}
