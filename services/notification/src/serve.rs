//! Startup of the service: RPCs, the delivery worker and the other background jobs.

use std::sync::Arc;

use kit::Runtime;
use kit::grpc::Server;
use kit::postgres::Wakeup;
use proto::notification::v1::notification_service_server::NotificationServiceServer;
use tokio::net::TcpListener;

use crate::Args;
use crate::api::Api;
use crate::jobs::{self, DeliveryQueue};
use crate::mail::{Mailer, ShopIdentity};
use crate::metrics::Metrics;

/// Serves the gRPC API until the process drains. The service also starts while PostgreSQL or the
/// mail server is unavailable: without PostgreSQL, calls fail with UNAVAILABLE; without the mail
/// server, mails stay in the queue.
///
/// # Errors
/// Returns an error if a setting is invalid or the address cannot be bound.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), kit::Error> {
    let runtime = runtime.component("notification");
    let server = Server::new(&runtime, args.listen);
    serve_with(server, &args, &runtime).await
}

/// Serves on an existing listener, for example one on a port chosen by the system.
///
/// # Errors
/// Returns an error if a setting is invalid.
pub async fn serve_on(
    listener: TcpListener,
    args: Args,
    runtime: Runtime,
) -> Result<(), kit::Error> {
    let runtime = runtime.component("notification");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, &args, &runtime).await
}

async fn serve_with(server: Server, args: &Args, runtime: &Runtime) -> Result<(), kit::Error> {
    let shop = ShopIdentity::new(args)?;
    let mailer = Mailer::new(args, shop.clone())?;
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let metrics = Metrics::register(runtime.metrics());
    let wakeup = Wakeup::default();
    let queue = DeliveryQueue {
        pool: pool.clone(),
        env: runtime.env.clone(),
        mailer,
        metrics: metrics.clone(),
        max_attempts: args.mail_max_attempts,
    };
    let worker = jobs::delivery_worker(args.mail_poll_interval);
    let delivery = worker.run(Arc::new(queue), wakeup.clone(), runtime.stopping());
    runtime.spawn_stopping("delivery", delivery);
    let failing = jobs::fail_overdue(
        pool.clone(),
        runtime.env.clone(),
        metrics.clone(),
        args.mail_max_attempts,
        args.mail_poll_interval,
    );
    runtime.spawn("overdue", failing);
    let measure = jobs::measure_queue(pool.clone(), runtime.env.clone(), metrics);
    runtime.spawn("queue-watch", measure);
    let retention = jobs::delete_old(pool.clone(), runtime.env.clone(), args.mail_retention);
    runtime.spawn("retention", retention);
    let audit_sweep = audit::sweep(pool.clone(), runtime.env.clone(), args.audit.clone());
    runtime.spawn("audit-sweeper", audit_sweep);
    let audit = audit::service(pool.clone());
    let api = Api { pool, env: runtime.env.clone(), shop_name: shop.name, wakeup };
    server
        .descriptors(proto::DESCRIPTORS)
        .add_service(NotificationServiceServer::new(api))
        .add_service(audit)
        .serve()
        .await
}
