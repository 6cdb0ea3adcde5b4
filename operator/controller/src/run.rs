//! Startup and graceful shutdown of the operator.

use std::sync::Arc;

use futures::future::try_join_all;
use kube::Client;
use kube::client::ClientBuilder;
use storefront_desired::InstallationDefaults;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args::RunArgs;
use crate::cluster_id;
use crate::error::Error;
use crate::events::EventRecorder;
use crate::leader_election::Elector;
use crate::logging::LogFilter;
use crate::operator::Operator;
use crate::requests::CountRequests;
use crate::server::{self, ServerState};
use crate::state::State;
use crate::watch::{self, Watch};
use crate::{redis_memory, work_queue};

/// Creates a client for the cluster that the environment configures, with its requests counted.
///
/// # Errors
///
/// When no cluster is configured, or its certificates are unusable.
pub async fn connect(state: &Arc<State>) -> Result<Client, Error> {
    let config = kube::Config::infer().await.map_err(Error::NoCluster)?;
    client(config, state)
}

/// Creates a client with this configuration, with its requests counted.
///
/// # Errors
///
/// When its certificates are unusable.
pub fn client(mut config: kube::Config, state: &Arc<State>) -> Result<Client, Error> {
    // Callers retry failures according to their kind. Retries in the client would multiply with
    // theirs and exceed the timeouts.
    config.default_retry = false;
    let builder = ClientBuilder::try_from(config).map_err(Error::Client)?;
    Ok(builder.with_layer(&CountRequests::new(state.clone())).build())
}

/// Binds the listener for metrics and health.
///
/// # Errors
///
/// When the address cannot be bound.
pub async fn listen(args: &RunArgs) -> Result<TcpListener, Error> {
    let address = args.listen_addr;
    listener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// Runs the operator until `stop` is cancelled.
///
/// Every replica watches and fills its index; the leader writes. At shutdown the reconciles are
/// drained first, then the lease is released.
///
/// # Errors
///
/// When the lease is lost, or when a task ends that must run as long as the process. The process
/// must exit then, because another replica may be writing.
pub async fn run(
    args: &RunArgs,
    client: Client,
    state: Arc<State>,
    listener: TcpListener,
    log_filter: LogFilter,
    stop: CancellationToken,
) -> Result<(), Error> {
    let server_state = ServerState::new(state.clone(), log_filter);
    let mut tasks = JoinSet::new();
    let server = server::serve(listener, server_state.clone());
    tasks.spawn(async move {
        let result = server.await;
        format!("the server of metrics and health ({result:?})")
    });
    let mut synced = Vec::new();
    for Watch { name, run, synced: done } in watch::watches(&client, &state, &args.namespaces()) {
        synced.push(done);
        tasks.spawn(async move {
            run.await;
            format!("the watch on {name}")
        });
    }
    let lead = async {
        tokio::select! {
            all = try_join_all(synced) => if all.is_err() {
                // A watch that ends before its first list is complete ends `tasks` as well.
                return std::future::pending().await;
            },
            () = stop.cancelled() => return Ok(()),
        }
        tracing::info!("index synced");
        server_state.set_ready(true);
        let elector = Elector::new(client.clone(), &args.pod_namespace, &args.pod_name);
        let outcome = run_as_leader(args, &client, &state, elector, &stop).await;
        server_state.set_ready(false);
        outcome
    };
    tokio::select! {
        outcome = lead => outcome,
        Some(ended) = tasks.join_next() => {
            Err(Error::Ended(ended.unwrap_or_else(|error| error.to_string())))
        }
    }
}

async fn run_as_leader(
    args: &RunArgs,
    client: &Client,
    state: &Arc<State>,
    elector: Elector,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let leadership = tokio::select! {
        leadership = elector.acquire() => leadership?,
        () = stop.cancelled() => return Ok(()),
    };
    tracing::info!("became leader");
    state.metrics.set_leader(true);
    let drained = CancellationToken::new();
    let reconciles = async {
        let cluster_id = cluster_id::resolve(client, &args.cluster_id);
        if let Some(cluster_id) = stop.run_until_cancelled(cluster_id).await {
            let operator = Arc::new(Operator {
                client: client.clone(),
                state: state.clone(),
                defaults: defaults(args, cluster_id),
                recorder: EventRecorder::new(client.clone(), &args.pod_name),
            });
            let reconciles = work_queue::run(state.queue.clone(), stop.clone(), |key| {
                let operator = operator.clone();
                async move { operator.reconcile(key).await }
            });
            tokio::select! {
                () = reconciles => {}
                () = redis_memory::run(state.clone(), redis_memory::metrics_url) => {}
            }
        }
        drained.cancel();
    };
    // The lease is renewed until the last write has ended. If it is lost, the running reconciles
    // are dropped.
    let keep = leadership.keep(drained.cancelled());
    let (leadership, ()) = tokio::try_join!(keep, async {
        reconciles.await;
        Ok::<(), Error>(())
    })?;
    state.metrics.set_leader(false);
    leadership.release().await;
    tracing::info!("lease released");
    Ok(())
}

fn defaults(args: &RunArgs, cluster_id: Option<String>) -> InstallationDefaults {
    let repository = &args.shop_image_repository;
    InstallationDefaults {
        shop_image: match args.shop_image_registry.as_str() {
            "" => repository.clone(),
            registry => format!("{registry}/{repository}"),
        },
        postgres_image: args.postgres_image.clone(),
        redis_image: args.redis_image.clone(),
        cluster_id,
    }
}
