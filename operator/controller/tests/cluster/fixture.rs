//! A namespace for each test, with operators that watch only this namespace.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use apiserver::{ApiServer, Request};
use clap::Parser as _;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use storefront_api::{Storefront, crd};
use storefront_desired::Kind;
use storefront_operator::args::Args;
use storefront_operator::error::Error;
use storefront_operator::logging::LogFilter;
use storefront_operator::state::State;
use storefront_operator::{apply, logging, run};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::rbac;

/// The log filter. All tests share one process, and so its logging.
static LOG_FILTER: OnceLock<LogFilter> = OnceLock::new();

/// The timeout of waits for a condition. Two cores are shared with other tests.
const CONDITION_TIMEOUT: Duration = Duration::from_secs(60);

/// The namespace of one test.
pub(crate) struct Cluster {
    pub(crate) server: &'static ApiServer,
    pub(crate) client: Client,
    pub(crate) namespace: String,
}

impl Cluster {
    pub(crate) async fn new() -> Self {
        static INSTALLED: OnceCell<()> = OnceCell::const_new();
        let server = ApiServer::shared().unwrap();
        let client = server.client().unwrap();
        INSTALLED
            .get_or_init(|| async {
                let client = server.client().unwrap();
                server.install(&client, &crd::definition().unwrap()).await.unwrap();
            })
            .await;
        let namespace = server.namespace(&client).await.unwrap();
        rbac::grant(&client, &namespace).await;
        Self { server, client, namespace }
    }

    /// Returns the client configuration of a replica: the permissions of the chart, and a user
    /// agent that identifies its requests in the audit log.
    pub(crate) fn config(&self, name: &str) -> Config {
        let config = self.server.config_as(&self.namespace, rbac::ACCOUNT).unwrap();
        apiserver::with_user_agent(config, &self.agent(name)).unwrap()
    }

    /// Starts a replica of the operator.
    pub(crate) async fn operator(&self, name: &str) -> Replica {
        let state = Arc::new(State::default());
        let client = run::client(self.config(name), &state).unwrap();
        self.operator_with(name, client, state).await
    }

    pub(crate) async fn operator_with(
        &self,
        name: &str,
        client: Client,
        state: Arc<State>,
    ) -> Replica {
        let namespace = &self.namespace;
        let args = [
            "storefront-operator",
            "--watch-namespaces",
            namespace,
            "--pod-namespace",
            namespace,
            "--pod-name",
            name,
        ];
        let args = Args::try_parse_from(args).unwrap().run;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log_filter = LOG_FILTER.get_or_init(|| logging::init("warn".parse().unwrap())).clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = tokio::spawn(async move {
            run::run(&args, client, state, listener, log_filter, stopped).await
        });
        Replica { stop, running, address }
    }

    /// Returns the user agent of a replica.
    pub(crate) fn agent(&self, name: &str) -> String {
        format!("{}-{name}", self.namespace)
    }

    /// Returns the requests that a replica has sent.
    pub(crate) fn requests(&self, name: &str) -> Vec<Request> {
        let agent = self.agent(name);
        let requests = self.server.requests().unwrap();
        requests.into_iter().filter(|request| request.agent == agent).collect()
    }

    pub(crate) fn storefronts(&self) -> Api<Storefront> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates a Storefront of the Dev profile with these fields of the spec.
    pub(crate) async fn create(&self, name: &str, spec: Value) -> Storefront {
        let mut object = json!({
            "apiVersion": "storefront.dev/v1alpha1",
            "kind": "Storefront",
            "metadata": { "name": name },
            "spec": { "version": "0.1.0", "profile": "Dev" },
        });
        merge(&mut object["spec"], spec);
        let storefront: Storefront = serde_json::from_value(object).unwrap();
        self.storefronts().create(&PostParams::default(), &storefront).await.unwrap()
    }

    pub(crate) async fn patch(&self, name: &str, patch: Value) {
        let patch = Patch::Merge(patch);
        self.storefronts().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    pub(crate) fn children(&self, kind: Kind) -> Api<DynamicObject> {
        let resource: ApiResource = apply::resource(kind);
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// Returns every child in the namespace: kind and name, with uid and resource version.
    pub(crate) async fn all_children(&self) -> BTreeMap<(&'static str, String), (String, String)> {
        let mut all = BTreeMap::new();
        let labeled = ListParams::default().labels("storefront.dev/storefront");
        for kind in Kind::ALL {
            for object in self.children(kind).list(&labeled).await.unwrap() {
                let metadata = object.metadata;
                all.insert(
                    (kind.as_str(), metadata.name.unwrap()),
                    (metadata.uid.unwrap(), metadata.resource_version.unwrap()),
                );
            }
        }
        all
    }

    pub(crate) async fn until_ready(&self, name: &str) -> Storefront {
        self.until_condition(name, "Ready", "True").await
    }

    /// Waits until a condition has this status or this reason.
    pub(crate) async fn until_condition(
        &self,
        name: &str,
        type_: &str,
        status_or_reason: &str,
    ) -> Storefront {
        let what = format!("{name} is {type_} {status_or_reason}");
        let found = until(&what, || async {
            let storefront = self.storefronts().get(name).await.unwrap();
            let current = condition(&storefront, type_);
            let matches = current.is_some_and(|(status, reason)| {
                [status, reason].contains(&status_or_reason.into())
            });
            let observed = storefront.status.as_ref().and_then(|s| s.observed_generation)
                == storefront.metadata.generation;
            (matches && observed).then_some(storefront)
        });
        match tokio::time::timeout(CONDITION_TIMEOUT, found).await {
            Ok(found) => found,
            Err(_) => {
                let now = self.storefronts().get(name).await.unwrap().status;
                panic!("{what}: timed out: {}", serde_json::to_string_pretty(&now).unwrap())
            }
        }
    }
}

/// Returns the status and reason of a condition.
pub(crate) fn condition(storefront: &Storefront, type_: &str) -> Option<(String, String)> {
    let conditions = &storefront.status.as_ref()?.conditions;
    let found = conditions.iter().find(|condition| condition.type_ == type_)?;
    Some((found.status.clone(), found.reason.clone()))
}

/// Polls until there is a result.
pub(crate) async fn until<T, F>(what: &str, mut poll: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(result) = poll().await {
            return result;
        }
        assert!(start.elapsed() < CONDITION_TIMEOUT * 2, "{what}: timed out");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// A running replica of the operator.
pub(crate) struct Replica {
    stop: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
    pub(crate) address: std::net::SocketAddr,
}

impl Replica {
    /// Stops the replica gracefully, as SIGTERM does.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }

    /// Ends the replica at once, as SIGKILL does.
    pub(crate) async fn kill(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }

    pub(crate) fn is_running(&self) -> bool {
        !self.running.is_finished()
    }
}
