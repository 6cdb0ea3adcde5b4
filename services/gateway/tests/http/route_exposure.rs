//! The API reference and the routes of administrators, on the port of the API, on the internal
//! port, or switched off.

use std::net::SocketAddr;

use testing::free_address;

use crate::shop::Gateway;

/// Paths of the API reference.
const DOCS: [&str; 2] = ["/openapi.json", "/docs/"];
/// Paths of administrators. Without a token they are 401, before any service is called.
const ADMIN: [&str; 3] =
    ["/api/v1/admin/users", "/api/v1/admin/orders?page=1", "/api/v1/admin/stats"];

/// Starts a gateway without services.
async fn start(docs: &str, admin: &str, internal: SocketAddr) -> Gateway {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let internal = internal.to_string();
    let settings = [
        ["--rate-limit-per-minute", "0"],
        ["--docs-routes", docs],
        ["--admin-routes", admin],
        ["--gateway-internal-listen", &internal],
    ];
    Gateway::start_with(unused_address, &settings.concat()).await
}

/// Returns the statuses of all paths on a port.
async fn statuses(origin: &str, paths: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for path in paths {
        let response = reqwest::get(format!("{origin}{path}")).await.expect("a response");
        statuses.push(response.status().as_u16());
        if response.status() == 404 {
            let problem: serde_json::Value = response.json().await.expect("a problem");
            assert_eq!(problem["code"], "not_found", "{path}");
        }
    }
    statuses
}

#[tokio::test]
async fn docs_and_admin_routes_are_public_by_default() {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(unused_address, &["--rate-limit-per-minute", "0"]).await;
    assert_eq!(statuses(&gateway.url, &DOCS).await, [200; 2]);
    assert_eq!(statuses(&gateway.url, &ADMIN).await, [401; 3]);
}

#[tokio::test]
async fn switched_off_routes_are_unknown_on_every_port() {
    let internal = free_address();
    let gateway = start("off", "off", internal).await;
    assert_eq!(statuses(&gateway.url, &DOCS).await, [404; 2]);
    assert_eq!(statuses(&gateway.url, &ADMIN).await, [404; 3]);
    assert_eq!(statuses(&gateway.url, &["/health", "/api/v1/me"]).await, [200, 401]);
    let connection = tokio::net::TcpStream::connect(internal).await;
    assert!(connection.is_err(), "no internal port is open");
}

#[tokio::test]
async fn internal_routes_are_served_on_the_internal_port_only() {
    let internal = free_address();
    let gateway = start("off", "internal", internal).await;
    let internal = format!("http://{internal}");
    assert_eq!(statuses(&gateway.url, &ADMIN).await, [404; 3]);
    assert_eq!(statuses(&internal, &ADMIN).await, [401; 3]);
    assert_eq!(statuses(&internal, &DOCS).await, [404; 2], "they are switched off");
    assert_eq!(statuses(&internal, &["/health", "/api/v1/me"]).await, [200, 401]);
}

#[tokio::test]
async fn internal_port_also_serves_public_groups() {
    let internal = free_address();
    let gateway = start("internal", "public", internal).await;
    let internal = format!("http://{internal}");
    assert_eq!(statuses(&gateway.url, &DOCS).await, [404; 2]);
    assert_eq!(statuses(&gateway.url, &ADMIN).await, [401; 3]);
    assert_eq!(statuses(&internal, &DOCS).await, [200; 2]);
    assert_eq!(statuses(&internal, &ADMIN).await, [401; 3]);
}
