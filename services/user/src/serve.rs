//! Startup of the service: RPCs, the outbox worker, the sweeper, the first administrator.

use std::sync::Arc;

use kit::Runtime;
use kit::grpc::Server;
use proto::user::v1::user_service_server::UserServiceServer;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::access_tokens::AccessTokens;
use crate::accounts::{Accounts, FirstAdmin, to_signed_duration};
use crate::api::Api;
use crate::domain::session::SessionMaxAge;
use crate::hasher::Hasher;
use crate::jobs::Retention;
use crate::metrics::Metrics;
use crate::outbox::OutboxWorker;
use crate::transactions::sessions::RefreshTokenPolicy;
use crate::{Args, Error, ended_sessions, jobs};

/// Serves the gRPC API until the process drains. The service also starts while PostgreSQL is
/// unavailable; until then, calls fail with UNAVAILABLE.
///
/// # Errors
/// Returns an error if a setting is invalid or the address cannot be bound.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("user");
    let server = Server::new(&runtime, args.listen);
    serve_with(server, &args, &runtime).await
}

/// Serves on an existing listener, for example one on a port chosen by the system.
///
/// # Errors
/// Returns an error if a setting is invalid.
pub async fn serve_on(listener: TcpListener, args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("user");
    let server = Server::from_listener(&runtime, listener);
    serve_with(server, &args, &runtime).await
}

async fn serve_with(server: Server, args: &Args, runtime: &Runtime) -> Result<(), Error> {
    let first_admin = FirstAdmin::from_args(args)?;
    let tokens = AccessTokens::new(args, runtime)?;
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let metrics = Metrics::register(runtime.metrics());
    let accounts = Accounts {
        pool: pool.clone(),
        env: runtime.env.clone(),
        hasher: Hasher::new(args.bcrypt_cost, runtime.env.clone()).await?,
        tokens: Arc::new(tokens),
        refresh_tokens: RefreshTokenPolicy {
            ttl: to_signed_duration(args.refresh_token_ttl),
            grace: to_signed_duration(args.refresh_token_grace),
            max_age: SessionMaxAge {
                customer: to_signed_duration(args.session_max_age),
                admin: to_signed_duration(args.admin_session_max_age),
            },
        },
        metrics: metrics.clone(),
        runtime: runtime.clone(),
    };
    let url = args.notification_url.clone();
    OutboxWorker::new(pool.clone(), url, metrics, runtime).start(runtime);
    let ended_session_retention = ended_sessions::retention(args.access_token_ttl);
    let retention = Retention {
        grace: accounts.refresh_tokens.grace,
        access_token_ttl: to_signed_duration(args.access_token_ttl),
        ended_sessions: ended_session_retention,
    };
    runtime.spawn("sweeper", jobs::sweep(pool.clone(), runtime.env.clone(), retention));
    let audit_sweep = audit::sweep(pool.clone(), runtime.env.clone(), args.audit.clone());
    runtime.spawn("audit-sweeper", audit_sweep);
    let (refuse, refused) = oneshot::channel();
    if let Some(admin) = first_admin {
        let created = admin.ensure(accounts.clone());
        runtime.spawn("first-admin", async move {
            if let Err(error) = created.await {
                refuse.send(error).ok();
            }
        });
    }
    let api = UserServiceServer::new(Api { accounts, ended_session_retention });
    let audit = audit::service(pool);
    let server = server.descriptors(proto::DESCRIPTORS).add_service(api).add_service(audit);
    tokio::select! {
        served = server.serve() => Ok(served?),
        Ok(error) = refused => Err(error.into()),
    }
}
