//! The running service: RPCs, drivers, what is measured.

use std::sync::Arc;

use jiff::SignedDuration;
use kit::{Runtime, grpc::Server};
use proto::order::v1::order_service_server::OrderServiceServer;
use tokio::net::TcpListener;

use crate::{
    Args,
    api::Api,
    check::Checker,
    driver::{self, CHANNEL, Inline, Kind, Remotes, Wakes},
    jobs,
    metrics::Metrics,
    ordering::Ordering,
    transactions::Records,
};

/// Serves orders until the process drains. It starts while PostgreSQL and other services are away:
/// calls that need them are answered UNAVAILABLE until they are there.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), kit::Error> {
    let runtime = runtime.component("order");
    let server = Server::new(&runtime, args.listen);
    serve_with(server, &args, &runtime).await
}

/// Serves on a listener that is there already, such as one on a port that the system chose.
pub async fn serve_on(
    listener: TcpListener,
    args: Args,
    runtime: Runtime,
) -> Result<(), kit::Error> {
    let runtime = runtime.component("order");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, &args, &runtime).await
}

async fn serve_with(server: Server, args: &Args, runtime: &Runtime) -> Result<(), kit::Error> {
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let metrics = Metrics::register(runtime.metrics());
    // The parser of the setting allows four minutes at most.
    let step_deadline = SignedDuration::try_from(args.checkout_step_deadline)
        .unwrap_or(SignedDuration::from_mins(2));
    let records = Arc::new(Records { pool, env: runtime.env.clone(), step_deadline });
    let remotes = Arc::new(Remotes::connect(args, runtime));
    work(&records, &remotes, &metrics, runtime);
    let ordering = Ordering {
        records: Arc::clone(&records),
        remotes: Arc::clone(&remotes),
        env: runtime.env.clone(),
        currency: args.currency,
        tax_basis_points: args.tax_basis_points,
    };
    let inline = Inline {
        records: Arc::clone(&records),
        remotes,
        metrics,
        runtime: runtime.clone(),
        wait: args.checkout_wait,
    };
    let env = runtime.env.clone();
    let api = Api { records, ordering, inline, env, currency: args.currency };
    server.descriptors(proto::DESCRIPTORS).add_service(OrderServiceServer::new(api)).serve().await
}

/// Starts what runs in the background.
fn work(records: &Arc<Records>, remotes: &Arc<Remotes>, metrics: &Metrics, runtime: &Runtime) {
    let signals = kit::postgres::listen(&records.pool, CHANNEL, runtime);
    let (wakes, follower) = Wakes::follow(signals);
    runtime.spawn("wake", follower);
    for (name, kind) in [
        ("checkouts", Kind::Checkout),
        ("refunds", Kind::Refund),
        ("carts", Kind::Cart),
        ("mails", Kind::Mail),
    ] {
        let (records, remotes) = (Arc::clone(records), Arc::clone(remotes));
        let (metrics, wake) = (metrics.clone(), wakes.of(kind));
        let driver = driver::run(kind, records, remotes, metrics, wake, runtime.clone());
        runtime.spawn_stopping(name, driver);
    }
    runtime.spawn("measure", jobs::measure(Arc::clone(records), metrics.clone()));
    let checker = Checker { records: Arc::clone(records), remotes: Arc::clone(remotes) };
    runtime.spawn("checker", jobs::check(checker, metrics.clone()));
}
