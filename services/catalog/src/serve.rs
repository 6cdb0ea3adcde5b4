//! The running service: RPCs, the listener of the change stream, the sweeper of reservations.

use kit::Runtime;
use kit::grpc::Server;
use proto::catalog::v1::catalog_service_server::CatalogServiceServer;
use tokio::net::TcpListener;

use crate::api::Api;
use crate::changes::{self, Changes};
use crate::metrics::Metrics;
use crate::{Args, jobs};

/// Serves the catalog until the process drains. Starts without PostgreSQL: calls fail with
/// UNAVAILABLE until the database is reachable.
///
/// # Errors
/// Fails when the address is in use or a setting is invalid.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), kit::Error> {
    let runtime = runtime.component("catalog");
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
    let runtime = runtime.component("catalog");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, &args, &runtime).await
}

async fn serve_with(server: Server, args: &Args, runtime: &Runtime) -> Result<(), kit::Error> {
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let metrics = Metrics::register(runtime.metrics());
    let changes = Changes::new();
    let signals = kit::postgres::listen(&pool, changes::CHANNEL, runtime);
    runtime.spawn("changes", changes.clone().follow(signals));
    let sweeper = jobs::sweep_reservations(
        pool.clone(),
        runtime.env.clone(),
        args.reservation_sweep_interval,
        metrics.clone(),
    );
    runtime.spawn("reservation-sweeper", sweeper);
    let audit_sweep = audit::sweep(pool.clone(), runtime.env.clone(), args.audit.clone());
    runtime.spawn("audit-sweeper", audit_sweep);
    let audit = audit::service(pool.clone());
    let api = Api {
        pool,
        env: runtime.env.clone(),
        currency: args.currency,
        reservation_ttl: args.reservation_ttl,
        changes,
        metrics,
    };
    server
        .descriptors(proto::DESCRIPTORS)
        .add_service(CatalogServiceServer::new(api))
        .add_service(audit)
        .serve()
        .await
}
