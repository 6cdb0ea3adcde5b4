//! A PostgreSQL server that no Storefront manages.

use anyhow::{Context as _, Result};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use storefront_api::names;

use crate::pods::JourneyPod;
use crate::{Cluster, Shop};

/// Password of the server's administrator.
pub const PASSWORD: &str = "journey";

/// Name of the administrator's Secret in the namespaces of Storefronts.
const SECRET: &str = "admin";

/// Requires the same programs of the image as the operator. The data is in the container.
const START: &str = "\
    printf %s \"$PASSWORD\" >/tmp/password && \
    initdb -D /tmp/data -U postgres --pwfile=/tmp/password --auth=scram-sha-256 \
      --encoding=UTF8 --locale=C.UTF-8 --no-sync && \
    echo 'host all all all scram-sha-256' >>/tmp/data/pg_hba.conf && \
    exec postgres -D /tmp/data -k /tmp -c listen_addresses='*' -c max_connections=400 -c fsync=off";

/// A running PostgreSQL server.
pub struct ExternalPostgres {
    pod: JourneyPod,
}

impl ExternalPostgres {
    /// Starts a server from the image of the example's PostgreSQL.
    ///
    /// # Errors
    /// Fails when the example does not exist, or the server does not start.
    pub async fn start(cluster: &Cluster, namespace: &str) -> Result<Self> {
        let demo = cluster.demo();
        let managed = demo.api::<StatefulSet>().get(&names::postgres(&demo.name)).await?;
        let template = managed.spec.and_then(|spec| spec.template.spec);
        let image = template.and_then(|pod| pod.containers.into_iter().next()?.image);
        let container = json!({
            "image": image.context("the example has no PostgreSQL image")?,
            "command": ["sh", "-c", START],
            "env": [{"name": "PASSWORD", "value": PASSWORD}],
            "readinessProbe": {
                "exec": {"command": ["pg_isready", "--quiet", "--host=127.0.0.1"]},
                "periodSeconds": 1,
                "timeoutSeconds": 5,
            },
            // initdb refuses to run as root. The operator uses the same user.
            "securityContext": {"runAsUser": 999},
        });
        Ok(Self { pod: JourneyPod::start(cluster, namespace, "postgres", container).await? })
    }

    /// Creates a small Storefront that uses this server, with a password of the administrator.
    /// `overrides` are merged into its spec.
    ///
    /// # Errors
    /// Fails when the API server refuses.
    pub async fn create_shop(
        &self,
        cluster: &Cluster,
        shop: &Shop,
        password: &str,
        overrides: Value,
    ) -> Result<()> {
        set_password(shop, password).await?;
        let mut spec = cluster.small_spec(overrides).await?;
        spec["postgres"] = json!({
            "mode": "External",
            "external": {
                "host": self.pod.address,
                "sslMode": "Disable",
                "adminSecret": {"name": SECRET},
            },
        });
        shop.create(spec).await
    }
}

/// Sets the password in the administrator's Secret of a Storefront.
///
/// # Errors
/// Fails when the API server refuses.
pub async fn set_password(shop: &Shop, password: &str) -> Result<()> {
    let secret = Patch::Apply(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET},
        "stringData": {"username": "postgres", "password": password},
    }));
    shop.api::<Secret>().patch(SECRET, &PatchParams::apply("e2e").force(), &secret).await?;
    Ok(())
}
