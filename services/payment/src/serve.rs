//! Entry points that run the service: RPCs and background jobs.

use std::sync::Arc;

use kit::Runtime;
use kit::grpc::Server;
use proto::payment::v1::payment_service_server::PaymentServiceServer;
use tokio::net::TcpListener;

use crate::api::Api;
use crate::fingerprint::Fingerprinter;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::provider::simulator::Simulator;
use crate::provider::{Provider, ProviderClient};
use crate::{Args, ProviderKind, jobs};

/// Maximum number of connections of the simulator, which count against the connection limit of the
/// process.
const SIMULATOR_CONNECTIONS: u32 = 2;

/// Serves payments until the process drains. It starts without PostgreSQL: calls fail with
/// UNAVAILABLE until the database is reachable.
///
/// # Errors
/// Fails when the address is in use or a setting is invalid.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), kit::Error> {
    let runtime = runtime.component("payment");
    let server = Server::new(&runtime, args.listen);
    serve_with(server, args, &runtime).await
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
    let runtime = runtime.component("payment");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, args, &runtime).await
}

async fn serve_with(server: Server, mut args: Args, runtime: &Runtime) -> Result<(), kit::Error> {
    let provider: Arc<dyn Provider> = match args.payment_provider {
        ProviderKind::Simulator => Arc::new(simulator(&mut args, runtime)?),
    };
    let fingerprinter = Fingerprinter::new(&args, &runtime.env)?;
    let metrics = Metrics::register(runtime.metrics());
    let ledger = Ledger {
        pool: kit::postgres::connect(&args.database, runtime)?,
        env: runtime.env.clone(),
        provider: ProviderClient::new(provider, metrics.clone()),
        authorization_ttl: args.authorization_ttl,
    };
    runtime.spawn("intents", jobs::settle_intents(ledger.clone(), runtime.clone()));
    runtime.spawn("sweeper", jobs::sweep(ledger.clone()));
    runtime.spawn("gauges", jobs::update_gauges(ledger.clone(), metrics.clone()));
    runtime.spawn("checker", jobs::check_consistency(ledger.clone(), metrics));
    let api = Api { ledger, currency: args.currency, fingerprinter };
    server.descriptors(proto::DESCRIPTORS).add_service(PaymentServiceServer::new(api)).serve().await
}

/// Creates the simulator with a separate connection pool. Its size is subtracted from the
/// configured limit, so that both pools together stay within it, except for a limit of one.
fn simulator(args: &mut Args, runtime: &Runtime) -> Result<Simulator, kit::Error> {
    let all = args.database.database_max_connections;
    let mut database = args.database.clone();
    database.database_max_connections = SIMULATOR_CONNECTIONS.min(all / 2).max(1);
    args.database.database_max_connections =
        all.saturating_sub(database.database_max_connections).max(1);
    let runtime = runtime.component("payment-simulator");
    Ok(Simulator {
        pool: kit::postgres::connect(&database, &runtime)?,
        latency: args.simulator_latency,
        late_answer: args.simulator_late_answer,
        runtime,
    })
}
