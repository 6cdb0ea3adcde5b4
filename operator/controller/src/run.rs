//! From settings to a running operator, and its ordered end.

use std::sync::Arc;

use futures::future::try_join_all;
use kube::Client;
use kube::client::ClientBuilder;
use storefront_desired::InstallationDefaults;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args::RunArgs;
use crate::engine;
use crate::error::Error;
use crate::events::Teller;
use crate::lease::Candidate;
use crate::logging::Level;
use crate::operator::Operator;
use crate::requests::CountRequests;
use crate::server::{self, Pages};
use crate::state::State;
use crate::watch::{self, Watch};

/// A client for the cluster that the environment names, with its requests counted.
///
/// # Errors
///
/// When no cluster is configured, or its certificates are unusable.
pub async fn connect(state: &Arc<State>) -> Result<Client, Error> {
    let config = kube::Config::infer().await.map_err(Error::NoCluster)?;
    client(config, state)
}

/// A client with this configuration, with its requests counted.
///
/// # Errors
///
/// When its certificates are unusable.
pub fn client(mut config: kube::Config, state: &Arc<State>) -> Result<Client, Error> {
    // Every failure is retried by whoever knows what it means; retries below that would only
    // multiply with ours and stretch the deadlines.
    config.default_retry = false;
    let builder = ClientBuilder::try_from(config).map_err(Error::Client)?;
    Ok(builder.with_layer(&CountRequests::new(state.clone())).build())
}

/// Listens for metrics and health.
///
/// # Errors
///
/// When the address cannot be had.
pub async fn listen(args: &RunArgs) -> Result<TcpListener, Error> {
    let address = args.listen_addr;
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// Runs until `stop`.
///
/// Every replica watches and keeps its index; the one that holds the lease writes. At the end it
/// stops writing first and gives the lease back then.
///
/// # Errors
///
/// When the lease is lost or a part that runs for as long as the process ends. The process has to
/// end then: another replica may be writing.
pub async fn run(
    args: &RunArgs,
    client: Client,
    state: Arc<State>,
    listener: TcpListener,
    level: Level,
    stop: CancellationToken,
) -> Result<(), Error> {
    let pages = Pages::new(state.clone(), level);
    let mut parts = JoinSet::new();
    let served = server::serve(listener, pages.clone());
    parts.spawn(async move {
        let ended = served.await;
        format!("the server of metrics and health ({ended:?})")
    });
    let mut synced = Vec::new();
    for Watch { name, run, synced: done } in watch::watches(&client, &state, &args.namespaces()) {
        synced.push(done);
        parts.spawn(async move {
            run.await;
            format!("the watch on {name}")
        });
    }
    let lead = async {
        tokio::select! {
            all = try_join_all(synced) => if all.is_err() {
                // A watch that ends before it has seen everything ends `parts` as well.
                return std::future::pending().await;
            },
            () = stop.cancelled() => return Ok(()),
        }
        tracing::info!("the index is complete");
        pages.open();
        let candidate = Candidate::new(client.clone(), &args.pod_namespace, &args.pod_name);
        let outcome = lead(args, &client, &state, candidate, &stop).await;
        pages.close();
        outcome
    };
    tokio::select! {
        outcome = lead => outcome,
        Some(ended) = parts.join_next() => {
            Err(Error::Ended(ended.unwrap_or_else(|error| error.to_string())))
        }
    }
}

async fn lead(
    args: &RunArgs,
    client: &Client,
    state: &Arc<State>,
    candidate: Candidate,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let held = tokio::select! {
        held = candidate.acquire() => held?,
        () = stop.cancelled() => return Ok(()),
    };
    tracing::info!("this replica leads");
    state.metrics.leads(true);
    let operator = Arc::new(Operator {
        client: client.clone(),
        state: state.clone(),
        defaults: defaults(args),
        teller: Teller::new(client.clone(), &args.pod_name),
    });
    let written = CancellationToken::new();
    let passes = async {
        engine::run(state.queue.clone(), stop.clone(), |key| {
            let operator = operator.clone();
            async move { operator.pass(key).await }
        })
        .await;
        written.cancel();
    };
    // The lease is kept until the last write is done. Its loss drops the passes at once.
    let keep = held.keep(written.cancelled());
    let (held, ()) = tokio::try_join!(keep, async {
        passes.await;
        Ok::<(), Error>(())
    })?;
    state.metrics.leads(false);
    held.release().await;
    tracing::info!("the lease is given back");
    Ok(())
}

fn defaults(args: &RunArgs) -> InstallationDefaults {
    let repository = &args.shop_image_repository;
    InstallationDefaults {
        shop_image: match args.shop_image_registry.as_str() {
            "" => repository.clone(),
            registry => format!("{registry}/{repository}"),
        },
        postgres_image: args.postgres_image.clone(),
        redis_image: args.redis_image.clone(),
    }
}
