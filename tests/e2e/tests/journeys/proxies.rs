//! The addresses of clients behind proxies: nginx in front of the gateway's Service, and the web
//! shop, which is a proxy of its visitors.

use anyhow::{Context as _, Result, bail, ensure};
use e2e::pods::JourneyPod;
use e2e::storefront::READY_TIMEOUT;
use e2e::wait::until;
use e2e::{Cluster, Shop};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use storefront_api::Component;
use storefront_api::names::{self, Part};

/// Requests that one client may send at once.
const BURST: usize = 3;
/// Calls of the web shop that one of its visitors may cause at once.
const VISITOR_BURST: usize = 10;
/// The image of the proxy and of the clients. `E2E_PROXY_IMAGE` overrides it.
const IMAGE: &str = "nginx:1.28-alpine";
const PORT: u16 = 8080;

#[tokio::test]
async fn clients_behind_a_trusted_proxy_have_separate_rate_limits() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let limit = json!({"requestsPerMinute": 1, "burst": BURST});
    let shop = cluster.shop("proxied", json!({"gateway": {"rateLimit": limit}})).await?;
    shop.ready(READY_TIMEOUT).await?;
    let pod =
        async |name, container| JourneyPod::start(&cluster, &shop.namespace, name, container).await;
    let (proxy, greedy, modest) = tokio::try_join!(
        pod("proxy", proxy_container(&shop)),
        pod("greedy", client_container()),
        pod("modest", client_container()),
    )?;

    // The gateway sees only the proxy: the clients share its limit, whatever they send.
    for _ in 0..BURST {
        ensure!(status(&greedy, &proxy, "").await? == 200, "a request within the limit is refused");
    }
    ensure!(status(&modest, &proxy, "").await? == 429, "the untrusted proxy has no limit");
    ensure!(status(&modest, &proxy, "192.0.2.1").await? == 429, "an untrusted header counts");

    let trusted = [format!("{}/32", proxy.address)];
    shop.patch(json!({"gateway": {"trustedProxies": trusted}})).await?;
    shop.ready(READY_TIMEOUT).await?;
    until("only one pod", READY_TIMEOUT, async || only_one(&shop, Component::Gateway).await)
        .await?;
    for _ in 0..BURST {
        ensure!(status(&greedy, &proxy, "").await? == 200, "the proxy's own limit still applies");
    }
    ensure!(status(&greedy, &proxy, "").await? == 429, "a client exceeds its limit");
    // The proxy appends the real address to the addresses that a client sends.
    for chosen in ["192.0.2.1", &modest.address, &format!("192.0.2.1, {}", proxy.address)] {
        ensure!(status(&greedy, &proxy, chosen).await? == 429, "{chosen} counts, sent by a client");
    }
    // None of these requests counts against another client.
    for _ in 0..BURST {
        ensure!(status(&modest, &proxy, "").await? == 200, "clients share a limit");
    }
    cluster.remove_namespace(&shop.namespace).await
}

/// The web shop shares a key with the gateway, so that each of its visitors has a limit, which the
/// other visitors do not use up.
#[tokio::test]
async fn visitors_of_the_web_shop_have_separate_rate_limits() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let limit = |name, value: usize| json!({"name": name, "value": value.to_string()});
    let env = [limit("RATE_LIMIT_WEB_PER_MINUTE", 1), limit("RATE_LIMIT_WEB_BURST", VISITOR_BURST)];
    let spec = json!({"components": {"gateway": {"env": env}}});
    let shop = cluster.shop("visited", spec).await?;
    shop.ready(READY_TIMEOUT).await?;
    let pod =
        async |name| JourneyPod::start(&cluster, &shop.namespace, name, client_container()).await;
    let (greedy, modest) = tokio::try_join!(pod("greedy"), pod("modest"))?;
    let (web, port) =
        (names::component(&shop.name, Component::Web), Component::Web.info().listen.port);
    let page = format!("http://{web}:{port}/products");

    until_limited(&greedy, &page, "").await?;
    ensure!(status_of(&greedy, &page, "192.0.2.1").await? == 429, "an untrusted header counts");
    ensure!(status_of(&modest, &page, "").await? == 200, "visitors share a limit");

    // The greedy visitor becomes the proxy in front of the web shop.
    let trusted = [format!("{}/32", greedy.address)];
    shop.patch(json!({"gateway": {"trustedProxies": trusted}})).await?;
    shop.ready(READY_TIMEOUT).await?;
    for component in [Component::Gateway, Component::Web] {
        until("only one pod", READY_TIMEOUT, async || only_one(&shop, component).await).await?;
    }
    until_limited(&greedy, &page, "192.0.2.1").await?;
    ensure!(status_of(&greedy, &page, "192.0.2.2").await? == 200, "visitors share a limit");
    cluster.remove_namespace(&shop.namespace).await
}

/// Requests a page until the limit of the client is reached. A page makes several calls.
async fn until_limited(client: &JourneyPod, page: &str, forwarded: &str) -> Result<()> {
    for number in 0..=VISITOR_BURST {
        match status_of(client, page, forwarded).await? {
            200 => {}
            429 if number > 0 => return Ok(()),
            status => bail!("{status} for request {number}"),
        }
    }
    bail!("no limit after {VISITOR_BURST} pages")
}

/// Checks that the pod of the former settings has ended: while it drains, requests may still reach
/// it.
async fn only_one(shop: &Shop, component: Component) -> Result<std::result::Result<(), String>> {
    let pods: Vec<Pod> = shop.parts(Part::Component(component)).await?;
    Ok(if pods.len() == 1 { Ok(()) } else { Err(format!("{} pods of {component}", pods.len())) })
}

fn image() -> String {
    std::env::var("E2E_PROXY_IMAGE").unwrap_or_else(|_| IMAGE.to_owned())
}

/// A proxy with the usual configuration: it appends the address of the client to
/// `X-Forwarded-For`. It writes only below /tmp, so it can run as any user.
fn proxy_container(shop: &Shop) -> Value {
    let gateway = names::component(&shop.name, Component::Gateway);
    let port = Component::Gateway.info().listen.port;
    let temporary_paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|module| format!("{module}_temp_path /tmp/{module};"))
        .concat();
    let configuration = format!(
        "daemon off; pid /tmp/nginx.pid; error_log stderr; events {{}}
         http {{
           access_log off; {temporary_paths}
           server {{
             listen {PORT};
             location / {{
               proxy_pass http://{gateway}:{port};
               proxy_http_version 1.1;
               proxy_set_header Host $host;
               proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
             }}
           }}
         }}"
    );
    let start = "printf %s \"$CONFIGURATION\" >/tmp/nginx.conf && exec nginx -c /tmp/nginx.conf";
    json!({
        "image": image(),
        "command": ["sh", "-c", start],
        "env": [{"name": "CONFIGURATION", "value": configuration}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
    })
}

fn client_container() -> Value {
    json!({"image": image(), "command": ["sleep", "3600"]})
}

/// Sends a request from a pod through the proxy, with this `X-Forwarded-For` unless it is empty,
/// and returns the status of the response.
async fn status(client: &JourneyPod, proxy: &JourneyPod, forwarded: &str) -> Result<u16> {
    let url = format!("http://{}:{PORT}/api/v1/categories", proxy.address);
    status_of(client, &url, forwarded).await
}

/// Sends a request for a URL from a pod, as [`status`] does.
async fn status_of(client: &JourneyPod, url: &str, forwarded: &str) -> Result<u16> {
    let header = match forwarded {
        "" => String::new(),
        addresses => format!("--header 'X-Forwarded-For: {addresses}'"),
    };
    // wget fails with a status that is not 2xx, and prints it.
    let script = format!("wget -S -O /dev/null {header} '{url}' 2>&1 || true");
    let output = client.shell(&script).await?;
    let line = output.lines().find(|line| line.contains("HTTP/1.1 ")).context(output.clone())?;
    let (_, rest) = line.split_once("HTTP/1.1 ").unwrap_or_default();
    rest.split(' ').next().unwrap_or_default().parse().context(output)
}
