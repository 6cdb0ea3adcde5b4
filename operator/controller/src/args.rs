//! The operator's command line and environment; `--help` is the reference.

use std::net::SocketAddr;

use clap::{Args as ClapArgs, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// The Storefront operator: runs a complete web shop from one Kubernetes resource.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Args {
    /// The command; `run` if omitted.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings of `run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The commands.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Command {
    /// Run the operator (the default).
    Run,
    /// Print the CustomResourceDefinition as YAML.
    Crd,
}

/// The settings of a running operator.
#[derive(Clone, Debug, ClapArgs)]
pub struct RunArgs {
    /// The namespaces to watch, separated by commas; empty for the whole cluster.
    #[arg(long, env = "WATCH_NAMESPACES", value_delimiter = ',', default_value = "")]
    pub watch_namespaces: Vec<String>,

    /// The operator's own namespace, which contains the leader election lease.
    #[arg(long, env = "POD_NAMESPACE", default_value = "default")]
    pub pod_namespace: String,

    /// The name of this replica, unique among the replicas.
    #[arg(long, env = "POD_NAME", default_value = "storefront-operator")]
    pub pod_name: String,

    /// The registry of the shop's image; empty for images that are present on the nodes or in their
    /// default registry.
    #[arg(long, env = "SHOP_IMAGE_REGISTRY", default_value = "")]
    pub shop_image_registry: String,

    /// The repository of the shop's image. Its tag is a Storefront's `spec.version`.
    #[arg(long, env = "SHOP_IMAGE_REPOSITORY", default_value = "storefront/shop")]
    pub shop_image_repository: String,

    /// The PostgreSQL image of Storefronts that do not specify one.
    #[arg(long, env = "POSTGRES_IMAGE", default_value = "postgres:17")]
    pub postgres_image: String,

    /// The Redis image of Storefronts that do not specify one.
    #[arg(long, env = "REDIS_IMAGE", default_value = "redis:7")]
    pub redis_image: String,

    /// The id of this cluster in the identity of databases on external PostgreSQL servers. Default:
    /// the uid of the namespace kube-system.
    #[arg(long, env = "CLUSTER_ID", default_value = "")]
    pub cluster_id: String,

    /// The address that serves /metrics, /livez, /readyz and /log-level. A PUT to /log-level
    /// changes the log filter; it is accepted only from the pod itself (as with `kubectl
    /// port-forward`).
    #[arg(long, env = "LISTEN_ADDR", default_value = "[::]:8080")]
    pub listen_addr: SocketAddr,

    /// The log filter: a level, or levels by module in the syntax of tracing's EnvFilter.
    #[arg(long, env = "RUST_LOG", default_value = "info", value_parser = parse_filter)]
    pub log: String,
}

fn parse_filter(text: &str) -> Result<String, String> {
    text.parse::<EnvFilter>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

impl RunArgs {
    /// Returns the namespaces to watch; none for the whole cluster.
    #[must_use]
    pub fn namespaces(&self) -> Vec<String> {
        let names = self.watch_namespaces.iter().map(|name| name.trim());
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}
