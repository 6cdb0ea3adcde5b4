//! Gateways that respond as a test wants.

use axum::Router;
use tokio::net::TcpListener;

/// Serves these routes, below `/api/v1`, and returns the URL.
pub(crate) async fn start_fake_gateway(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let gateway = Router::new().nest("/api/v1", routes);
    tokio::spawn(async { axum::serve(listener, gateway).await.expect("the gateway serves") });
    format!("http://{address}")
}
