//! The running service: RPCs, the worker that delivers, and what keeps the table in order.

use std::sync::Arc;

use kit::{Runtime, grpc::Server};
use proto::notification::v1::notification_service_server::NotificationServiceServer;
use tokio::{net::TcpListener, sync::Notify};

use crate::{
    Args,
    api::Api,
    jobs::{self, Worker},
    mail::{Mailer, Shop},
    metrics::Metrics,
};

/// Serves until the process drains. It starts while PostgreSQL or the mail server is away: without the
/// former, calls are answered UNAVAILABLE; without the latter, mails wait.
///
/// # Errors
/// When a setting cannot be used or the address cannot be listened on.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), kit::Error> {
    let runtime = runtime.component("notification");
    let server = Server::new(&runtime, args.listen);
    serve_with(server, &args, &runtime).await
}

/// Serves on a listener that is there already, such as one on a port that the system chose.
///
/// # Errors
/// When a setting cannot be used.
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
    let shop = Shop::new(args)?;
    let mailer = Mailer::new(args, shop.clone())?;
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let metrics = Metrics::register(runtime.metrics());
    let wake = Arc::new(Notify::new());
    let worker = Worker {
        pool: pool.clone(),
        env: runtime.env.clone(),
        mailer,
        metrics: metrics.clone(),
        max_attempts: args.mail_max_attempts,
        poll_interval: args.mail_poll_interval,
        wake: Arc::clone(&wake),
        stopping: runtime.stopping(),
    };
    runtime.spawn_stopping("delivery", worker.run());
    let ending = jobs::end_overdue(
        pool.clone(),
        runtime.env.clone(),
        metrics.clone(),
        args.mail_max_attempts,
        args.mail_poll_interval,
    );
    runtime.spawn("overdue", ending);
    let watch = jobs::watch_queue(pool.clone(), runtime.env.clone(), metrics);
    runtime.spawn("queue-watch", watch);
    let forget = jobs::forget_old(pool.clone(), runtime.env.clone(), args.mail_retention);
    runtime.spawn("retention", forget);
    let api = Api { pool, env: runtime.env.clone(), shop_name: shop.name, wake };
    server
        .descriptors(proto::DESCRIPTORS)
        .add_service(NotificationServiceServer::new(api))
        .serve()
        .await
}
