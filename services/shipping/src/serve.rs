//! Entry points that run the service: RPCs, and the simulated carrier if it is enabled.

use kit::Runtime;
use kit::grpc::Server;
use money::PriceLevel;
use proto::shipping::v1::shipping_service_server::ShippingServiceServer;
use tokio::net::TcpListener;

use crate::api::Api;
use crate::metrics::Metrics;
use crate::{Args, jobs};

/// Serves shipping until the process drains. It starts without PostgreSQL: calls fail with
/// UNAVAILABLE until the database is reachable.
///
/// # Errors
/// Fails when the address is in use or a setting is invalid.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), kit::Error> {
    let runtime = runtime.component("shipping");
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
    let runtime = runtime.component("shipping");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, &args, &runtime).await
}

async fn serve_with(server: Server, args: &Args, runtime: &Runtime) -> Result<(), kit::Error> {
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let env = runtime.env.clone();
    let metrics = Metrics::register(runtime.metrics());
    if args.simulate_carrier {
        let step = args.carrier_step_interval;
        let carrier = jobs::simulate_carrier(pool.clone(), env.clone(), step, metrics.clone());
        runtime.spawn("carrier", carrier);
    }
    let api = Api { pool, env, currency: args.currency, price_level: price_level(args), metrics };
    server
        .descriptors(proto::DESCRIPTORS)
        .add_service(ShippingServiceServer::new(api))
        .serve()
        .await
}

/// Returns the price level of the settings, or that of the currency.
fn price_level(args: &Args) -> PriceLevel {
    let configured = args.shipping_price_percent.and_then(PriceLevel::new);
    configured.or_else(|| PriceLevel::of(args.currency)).unwrap_or_else(|| {
        let currency = args.currency.code();
        tracing::warn!(
            currency,
            "currency has no shipping price level: set SHIPPING_PRICE_PERCENT"
        );
        PriceLevel::default()
    })
}
