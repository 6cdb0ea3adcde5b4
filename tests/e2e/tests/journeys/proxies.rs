//! Clients behind a reverse proxy. The proxy is that of the API server: it forwards requests to the
//! gateway's pods and extends `X-Forwarded-For`, as an ingress controller does.

use anyhow::{Result, ensure};
use e2e::storefront::READY_TIMEOUT;
use e2e::{Cluster, Shop};
use serde_json::json;

/// Requests that one client may send at once.
const BURST: usize = 3;
/// The networks that contain the API server and what is between it and this machine.
const PROXIES: [&str; 6] =
    ["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"];

#[tokio::test]
async fn clients_behind_a_trusted_proxy_have_separate_rate_limits() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let limit = json!({"requestsPerMinute": 1, "burst": BURST});
    let shop = cluster.shop("proxied", json!({"gateway": {"rateLimit": limit}})).await?;
    shop.ready(READY_TIMEOUT).await?;
    let one_request_each = async |network: &str| {
        let mut refused = 0;
        for host in 1..=2 * BURST {
            refused += u32::from(status(&shop, &format!("{network}.{host}")).await? == 429);
        }
        anyhow::Ok(refused)
    };
    ensure!(one_request_each("198.51.100").await? > 0, "the proxy is trusted without being named");

    shop.patch(json!({"gateway": {"trustedProxies": PROXIES}})).await?;
    shop.ready(READY_TIMEOUT).await?;
    let refused = one_request_each("203.0.113").await?;
    ensure!(refused == 0, "{refused} of {} clients are refused", 2 * BURST);
    // The limit applies to the forwarded address, and not to one that the client adds before it.
    let mut last = 200;
    for host in 0..BURST {
        last = status(&shop, &format!("192.0.2.{host}, 203.0.113.1")).await?;
    }
    ensure!(last == 429, "a client exceeded its limit: {last}");
    cluster.remove_namespace(&shop.namespace).await
}

/// Sends a request through the proxy as a client with this address, and returns the status.
async fn status(shop: &Shop, client: &str) -> Result<u16> {
    let status = shop.forwarded_status("/api/v1/categories", client).await?;
    ensure!([200, 429].contains(&status), "{client}: {status}");
    Ok(status)
}
