//! The operator's settings; `--help` is their reference.

use std::net::SocketAddr;

use clap::{Args as ClapArgs, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// The Storefront operator: a whole web shop is one Kubernetes resource.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Args {
    /// What to do; without it the operator runs.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings of `run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What the program can do.
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

    /// The operator's own namespace: the leader lease is there.
    #[arg(long, env = "POD_NAMESPACE", default_value = "default")]
    pub pod_namespace: String,

    /// This replica's name, another one for each replica.
    #[arg(long, env = "POD_NAME", default_value = "storefront-operator")]
    pub pod_name: String,

    /// The registry of the shop's image; empty for images that the nodes have or find by default.
    #[arg(long, env = "SHOP_IMAGE_REGISTRY", default_value = "")]
    pub shop_image_registry: String,

    /// The repository of the shop's image. Its tag is a Storefront's `spec.version`.
    #[arg(long, env = "SHOP_IMAGE_REPOSITORY", default_value = "storefront/shop")]
    pub shop_image_repository: String,

    /// The PostgreSQL image of Storefronts that do not name one.
    #[arg(long, env = "POSTGRES_IMAGE", default_value = "postgres:17")]
    pub postgres_image: String,

    /// The Redis image of Storefronts that do not name one.
    #[arg(long, env = "REDIS_IMAGE", default_value = "redis:7")]
    pub redis_image: String,

    /// Where to serve /metrics, /livez, /readyz and /log-level. A PUT to /log-level changes what is
    /// logged, and is taken from the pod itself only (`kubectl port-forward` comes from there).
    #[arg(long, env = "LISTEN_ADDR", default_value = "0.0.0.0:8080")]
    pub listen_addr: SocketAddr,

    /// What to log: a level, or levels by module as tracing's EnvFilter reads them.
    #[arg(long, env = "RUST_LOG", default_value = "info", value_parser = filter)]
    pub log: String,
}

fn filter(text: &str) -> Result<String, String> {
    text.parse::<EnvFilter>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

impl RunArgs {
    /// The namespaces to watch; none for the whole cluster.
    #[must_use]
    pub fn namespaces(&self) -> Vec<String> {
        let names = self.watch_namespaces.iter().map(|name| name.trim());
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}
