//! A private kube-apiserver with its etcd for tests: the validation, defaults and responses of a
//! real cluster, without a cluster. No controllers run, so nothing is garbage-collected, scheduled
//! or started.
//!
//! The programs come from the folder that `KUBEBUILDER_ASSETS` names; if it is not set,
//! `hack/offline/assets.sh` builds them once. A test binary shares one server
//! ([`ApiServer::shared`]) and isolates its tests by namespaces ([`ApiServer::namespace`]). It uses
//! free ports and temporary folders. The programs and their data are removed when the test binary
//! ends, also when it is killed.
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
mod process;
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

use process::SupervisedProcess;

/// How long a definition may take to be established. It normally takes a second or two.
const ESTABLISH_TIMEOUT: Duration = Duration::from_secs(30);

/// A running kube-apiserver. It ends when this value is dropped, or when the process ends.
#[derive(Debug)]
pub struct ApiServer {
    url: Uri,
    token: String,
    /// The server's self-signed certificate, in DER.
    certificate: Vec<u8>,
    /// Dropped in the order of the fields: the server before its etcd.
    server: SupervisedProcess,
    _etcd: SupervisedProcess,
    namespaces: AtomicU32,
}

impl ApiServer {
    /// Starts a server and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When the programs are missing and cannot be built, or when they do not start.
    pub fn start() -> Result<Self, Error> {
        start::start(start::SERVICE_NETWORK)
    }

    /// Starts a server that allocates the addresses of Services from these networks, in CIDR
    /// notation and separated by a comma: one for a cluster with one IP family, two for both.
    ///
    /// # Errors
    ///
    /// As [`ApiServer::start`], or when the server rejects the networks.
    pub fn start_with_service_networks(networks: &str) -> Result<Self, Error> {
        start::start(networks)
    }

    /// Returns the server that all tests of this process share. The first call starts it.
    ///
    /// # Errors
    ///
    /// The errors of [`ApiServer::start`]; later calls return the error of the first one.
    pub fn shared() -> Result<&'static Self, Error> {
        static SHARED: OnceLock<Result<ApiServer, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| Self::start().map_err(|error| error.to_string()));
        started.as_ref().map_err(|error| Error::Shared(error.clone()))
    }

    /// Returns the client configuration of an administrator with all permissions.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = Config::new(self.url.clone());
        config.root_cert = Some(vec![self.certificate.clone()]);
        config.auth_info =
            AuthInfo { token: Some(self.token.clone().into()), ..AuthInfo::default() };
        config
    }

    /// Returns the client configuration of a service account, with only the permissions granted to
    /// it.
    ///
    /// # Errors
    ///
    /// When the names are not valid header values.
    pub fn config_as(&self, namespace: &str, service_account: &str) -> Result<Config, Error> {
        let user = format!("system:serviceaccount:{namespace}:{service_account}");
        with_header(self.config(), HeaderName::from_static("impersonate-user"), &user)
    }

    /// Creates a client of the administrator. Each test needs its own, because a client's
    /// connections belong to the runtime of the test.
    ///
    /// # Errors
    ///
    /// When the client cannot be created.
    pub fn client(&self) -> Result<Client, Error> {
        Ok(Client::try_from(self.config())?)
    }

    /// Creates a namespace that no other test uses, and returns its name.
    ///
    /// # Errors
    ///
    /// When the server rejects it.
    pub async fn namespace(&self, client: &Client) -> Result<String, Error> {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        let name = format!("test-{number}");
        let metadata = ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::all(client.clone()).create(&PostParams::default(), &namespace).await?;
        Ok(name)
    }

    /// Applies a definition and waits until it is established.
    ///
    /// # Errors
    ///
    /// When the server rejects it or does not establish it in time.
    pub async fn install(
        &self,
        client: &Client,
        definition: &CustomResourceDefinition,
    ) -> Result<(), Error> {
        let name = definition.metadata.name.clone().unwrap_or_default();
        let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
        let params = PatchParams::apply("test").force();
        definitions.patch(&name, &params, &Patch::Apply(definition)).await?;
        let established = await_condition(definitions, &name, conditions::is_crd_established());
        tokio::time::timeout(ESTABLISH_TIMEOUT, established)
            .await
            .map_err(|_| Error::NotEstablished(name))??;
        Ok(())
    }

    /// Returns every request that the server has answered, and every watch whose response has
    /// started, in order.
    ///
    /// # Errors
    ///
    /// When the audit log cannot be read.
    pub fn requests(&self) -> Result<Vec<Request>, Error> {
        audit::read(&self.server.folder().join(start::AUDIT_LOG))
    }

    /// Returns the path of the administrator's kubeconfig, for programs such as kubectl and helm.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.server.folder().join(start::KUBECONFIG)
    }

    /// Returns the path of the server's log, for the analysis of unexpected failures.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.server.log()
    }
}

/// Sets the `User-Agent` of a client, by which [`ApiServer::requests`] can be filtered.
///
/// # Errors
///
/// When the name is not a valid header value.
pub fn with_user_agent(config: Config, agent: &str) -> Result<Config, Error> {
    with_header(config, http::header::USER_AGENT, agent)
}

fn with_header(mut config: Config, header: HeaderName, value: &str) -> Result<Config, Error> {
    config.headers.push((header, HeaderValue::from_str(value)?));
    Ok(config)
}
