//! The running service: RPCs, the mailer, the sweeper, the first administrator.

use std::sync::Arc;

use kit::{Runtime, grpc::Server};
use proto::user::v1::user_service_server::UserServiceServer;
use tokio::net::TcpListener;

use crate::{
    Args, Error,
    access_tokens::AccessTokens,
    accounts::{Accounts, FirstAdmin, signed},
    api::Api,
    hasher::Hasher,
    jobs,
    mailer::Mailer,
    metrics::Metrics,
    transactions::sessions::Times,
};

/// Serves accounts until the process drains. It starts while PostgreSQL is away: calls are answered
/// UNAVAILABLE until it is there.
///
/// # Errors
/// When a setting cannot be used or the address cannot be listened on.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("user");
    let server = Server::new(&runtime, args.listen);
    serve_with(server, &args, &runtime).await
}

/// Serves on a listener that is there already, such as one on a port that the system chose.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve_on(listener: TcpListener, args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("user");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, &args, &runtime).await
}

async fn serve_with(server: Server, args: &Args, runtime: &Runtime) -> Result<(), Error> {
    let first_admin = FirstAdmin::of(args)?;
    let tokens = AccessTokens::new(args, runtime)?;
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let metrics = Metrics::register(runtime.metrics());
    let accounts = Accounts {
        pool: pool.clone(),
        env: runtime.env.clone(),
        hasher: Hasher::new(args.bcrypt_cost, runtime.env.clone()).await?,
        tokens: Arc::new(tokens),
        times: Times {
            ttl: signed(args.refresh_token_ttl),
            grace: signed(args.refresh_token_grace),
        },
        metrics: metrics.clone(),
        runtime: runtime.clone(),
    };
    let url = args.notification_url.clone();
    Mailer::new(pool.clone(), url, metrics, runtime).start(runtime);
    runtime.spawn("sweeper", jobs::sweep(pool, runtime.env.clone()));
    if let Some(admin) = first_admin {
        runtime.spawn("first-admin", admin.ensure(accounts.clone()));
    }
    let api = UserServiceServer::new(Api { accounts });
    Ok(server.descriptors(proto::DESCRIPTORS).add_service(api).serve().await?)
}
