//! A private kube-apiserver, with its etcd, for tests: what a cluster refuses, defaults and answers,
//! without a cluster. No controllers run, so nothing is garbage-collected, scheduled or started.
//!
//! The programs come from the folder that `KUBEBUILDER_ASSETS` names; if it is not set, they are
//! built once by `hack/offline/assets.sh`. A test binary shares one server ([`ApiServer::shared`]) and keeps its tests apart by namespaces
//! ([`ApiServer::namespace`]). Ports are free ones, data is in temporary folders, and all of it is
//! gone when the test binary has ended, however it ended.
//!
//! ```no_run
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let server = apiserver::ApiServer::shared()?;
//! let client = server.client()?;
//! let namespace = server.namespace(&client).await?;
//! # Ok(())
//! # }
//! ```

mod assets;
mod audit;
mod error;
mod guard;
mod start;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::config::AuthInfo;
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client, Config};

pub use audit::Request;
pub use error::Error;

use guard::Guarded;

/// A definition is served within a second or two; a machine that needs longer is stuck.
const ESTABLISHED_WITHIN: Duration = Duration::from_secs(30);

/// A running kube-apiserver. It ends when this is dropped, or when the process ends.
#[derive(Debug)]
pub struct ApiServer {
    url: Uri,
    token: String,
    /// The server's certificate, which is its own issuer.
    certificate: Vec<u8>,
    /// Held to be dropped in this order: the server before its etcd.
    server: Guarded,
    _etcd: Guarded,
    namespaces: AtomicU32,
}

impl ApiServer {
    /// Starts a server and waits until it serves.
    ///
    /// # Errors
    /// If the programs are missing and cannot be built, or they do not start.
    pub fn start() -> Result<Self, Error> {
        start::start()
    }

    /// The server that all tests of this process share, started by the first who asks.
    ///
    /// # Errors
    /// As [`ApiServer::start`]; the first failure is everybody's.
    pub fn shared() -> Result<&'static Self, Error> {
        static SHARED: OnceLock<Result<ApiServer, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| Self::start().map_err(|error| error.to_string()));
        started.as_ref().map_err(|error| Error::Shared(error.clone()))
    }

    /// How to connect as an administrator whom no rule limits.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = Config::new(self.url.clone());
        config.root_cert = Some(vec![self.certificate.clone()]);
        config.auth_info =
            AuthInfo { token: Some(self.token.clone().into()), ..AuthInfo::default() };
        config
    }

    /// How to connect as this service account, with only the rights that it was given.
    ///
    /// # Errors
    /// If the names cannot be sent in a header.
    pub fn config_as(&self, namespace: &str, service_account: &str) -> Result<Config, Error> {
        let user = format!("system:serviceaccount:{namespace}:{service_account}");
        with_header(self.config(), HeaderName::from_static("impersonate-user"), &user)
    }

    /// A client of an administrator. Each test makes its own: a client's connections belong to the
    /// test's runtime and end with it.
    ///
    /// # Errors
    /// If the client cannot be set up.
    pub fn client(&self) -> Result<Client, Error> {
        Ok(Client::try_from(self.config())?)
    }

    /// Makes a namespace that no other test uses, and returns its name.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn namespace(&self, client: &Client) -> Result<String, Error> {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        let name = format!("test-{number}");
        let metadata = ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::all(client.clone()).create(&PostParams::default(), &namespace).await?;
        Ok(name)
    }

    /// Applies a definition and waits until its resource is served.
    ///
    /// # Errors
    /// If the server refuses it or does not serve it in time.
    pub async fn install(
        &self,
        client: &Client,
        definition: &CustomResourceDefinition,
    ) -> Result<(), Error> {
        let name = definition.metadata.name.clone().unwrap_or_default();
        let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
        let by = PatchParams::apply("test").force();
        definitions.patch(&name, &by, &Patch::Apply(definition)).await?;
        let established = await_condition(definitions, &name, conditions::is_crd_established());
        tokio::time::timeout(ESTABLISHED_WITHIN, established)
            .await
            .map_err(|_| Error::NotEstablished(name))??;
        Ok(())
    }

    /// Every request that the server has answered so far, and every watch that it has begun to
    /// answer, in order.
    ///
    /// # Errors
    /// If the audit log cannot be read.
    pub fn requests(&self) -> Result<Vec<Request>, Error> {
        audit::read(&self.server.folder().join(start::AUDIT_LOG))
    }

    /// A kubeconfig file of the administrator, for programs such as kubectl and helm.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.server.folder().join(start::KUBECONFIG)
    }

    /// What the server logged, to look at when a test fails for no reason of its own.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.server.log()
    }
}

/// Gives connections a `User-Agent` by which [`ApiServer::requests`] are told apart.
///
/// # Errors
/// If the name cannot be sent in a header.
pub fn named(config: Config, agent: &str) -> Result<Config, Error> {
    with_header(config, http::header::USER_AGENT, agent)
}

fn with_header(mut config: Config, header: HeaderName, value: &str) -> Result<Config, Error> {
    config.headers.push((header, HeaderValue::from_str(value)?));
    Ok(config)
}
