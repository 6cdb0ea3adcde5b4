//! Entry points that run the service.

use kit::Runtime;
use kit::grpc::Server;
use proto::cart::v1::cart_service_server::CartServiceServer;
use tokio::net::TcpListener;

use crate::Args;
use crate::api::Api;
use crate::carts::Carts;
use crate::catalog::Catalog;
use crate::metrics::Metrics;
use crate::redis_memory;
use crate::store::{CartTtls, Store};

/// Serves carts until the process drains. It starts without Redis and the catalog: calls that need
/// them fail with UNAVAILABLE until they are reachable.
///
/// # Errors
/// Fails when the address is in use or a setting is invalid.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), kit::Error> {
    let runtime = runtime.component("cart");
    let server = Server::new(&runtime, args.listen);
    serve_with(server, &args, &runtime).await
}

/// Serves on an existing listener, such as one on a port that the system chose.
///
/// # Errors
/// Fails when the address is in use or a setting is invalid.
pub async fn serve_on(
    listener: TcpListener,
    args: Args,
    runtime: Runtime,
) -> Result<(), kit::Error> {
    let runtime = runtime.component("cart");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, &args, &runtime).await
}

async fn serve_with(server: Server, args: &Args, runtime: &Runtime) -> Result<(), kit::Error> {
    let redis = kit::redis::connect(&args.redis, runtime)?;
    redis_memory::observe(redis.clone(), runtime);
    let ttls = CartTtls { customer: args.cart_ttl, guest: args.guest_cart_ttl };
    let api = Api {
        carts: Carts {
            redis: redis.clone(),
            store: Store::new(redis, ttls),
            catalog: Catalog::connect(args.catalog_url.clone(), runtime),
            currency: args.currency,
            metrics: Metrics::register(runtime.metrics()),
        },
    };
    server.descriptors(proto::DESCRIPTORS).add_service(CartServiceServer::new(api)).serve().await
}
