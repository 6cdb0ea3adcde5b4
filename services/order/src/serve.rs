//! The running service: RPCs, saga executors and periodic jobs.

use std::sync::Arc;

use jiff::SignedDuration;
use kit::Runtime;
use kit::grpc::Server;
use proto::order::v1::order_service_server::OrderServiceServer;
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::api::{Api, OrderStreams};
use crate::check::Checker;
use crate::metrics::Metrics;
use crate::order_changes::{self, OrderChanges};
use crate::place_order::OrderPlacement;
use crate::saga::{
    CHANNEL, EXECUTOR, InlineExecutor, RemoteServices, SagaKind, SagaQueue, Wakeups,
};
use crate::transactions::OrderRepository;
use crate::{Args, jobs};

/// Serves orders until the process drains. It starts without PostgreSQL and the other services;
/// calls that need them return UNAVAILABLE until they are reachable.
///
/// # Errors
/// Fails when the address is in use or a setting is invalid.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), kit::Error> {
    let runtime = runtime.component("order");
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
    let runtime = runtime.component("order");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, &args, &runtime).await
}

async fn serve_with(server: Server, args: &Args, runtime: &Runtime) -> Result<(), kit::Error> {
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let metrics = Metrics::register(runtime.metrics());
    // Cannot fail: the setting's parser allows at most four minutes.
    let step_deadline = SignedDuration::try_from(args.checkout_step_deadline)
        .unwrap_or(SignedDuration::from_mins(2));
    let repository = Arc::new(OrderRepository { pool, env: runtime.env.clone(), step_deadline });
    let services = Arc::new(RemoteServices::connect(args, runtime));
    spawn_background_tasks(&repository, &services, &metrics, runtime);
    let placement = OrderPlacement {
        repository: Arc::clone(&repository),
        services: Arc::clone(&services),
        env: runtime.env.clone(),
        currency: args.currency,
        tax_basis_points: args.tax_basis_points,
    };
    let inline = InlineExecutor {
        repository: Arc::clone(&repository),
        services,
        metrics,
        runtime: runtime.clone(),
        wait: args.checkout_wait,
    };
    let env = runtime.env.clone();
    let pool = repository.pool.clone();
    let audit_sweep = audit::sweep(pool.clone(), runtime.env.clone(), args.audit.clone());
    runtime.spawn("audit-sweeper", audit_sweep);
    let streams = OrderStreams::new(Arc::clone(&repository), watch_changes(&pool, runtime));
    let api = Api { repository, placement, inline, streams, env, currency: args.currency };
    server
        .descriptors(proto::DESCRIPTORS)
        .add_service(OrderServiceServer::new(api))
        .add_service(audit::service(pool))
        .serve()
        .await
}

/// Starts the listener for changes of orders.
fn watch_changes(pool: &PgPool, runtime: &Runtime) -> OrderChanges {
    let changes = OrderChanges::default();
    let notifications = kit::postgres::listen(pool, order_changes::CHANNEL, runtime);
    runtime.spawn("order changes", changes.clone().follow(notifications));
    changes
}

/// Starts the background tasks.
fn spawn_background_tasks(
    repository: &Arc<OrderRepository>,
    services: &Arc<RemoteServices>,
    metrics: &Metrics,
    runtime: &Runtime,
) {
    let notifications = kit::postgres::listen(&repository.pool, CHANNEL, runtime);
    let wakeups = Wakeups::default();
    runtime.spawn("wake", wakeups.clone().forward(notifications));
    for (name, kind) in [
        ("checkouts", SagaKind::Checkout),
        ("refunds", SagaKind::Refund),
        ("carts", SagaKind::Cart),
        ("mails", SagaKind::Mail),
    ] {
        let queue = SagaQueue {
            kind,
            repository: Arc::clone(repository),
            services: Arc::clone(services),
            metrics: metrics.clone(),
            runtime: runtime.clone(),
        };
        let executor = EXECUTOR.run(Arc::new(queue), wakeups.get(kind), runtime.stopping());
        runtime.spawn_stopping(name, executor);
    }
    runtime.spawn("measure", jobs::measure(Arc::clone(repository), metrics.clone()));
    let checker = Checker { repository: Arc::clone(repository), services: Arc::clone(services) };
    runtime.spawn("checker", jobs::check(checker, metrics.clone()));
}
