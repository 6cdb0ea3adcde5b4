//! Grants the permissions of the chart. Every test runs with exactly these, so a request of the
//! operator that they do not cover fails a test.

use std::fs;
use std::path::Path;

use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, Client};

/// The operator's service account.
pub(crate) const ACCOUNT: &str = "storefront-operator";

const RULES: [&str; 2] = ["rules.yaml", "leader-rules.yaml"];
const CLUSTER_RULES: [&str; 1] = ["cluster-rules.yaml"];
/// The namespace that identifies the cluster.
const SYSTEM: &str = "kube-system";

/// Grants the permissions of the chart to the service account in this namespace.
pub(crate) async fn grant(client: &Client, namespace: &str) {
    bind(client, namespace, ACCOUNT, namespace, &RULES).await;
    bind(client, SYSTEM, &format!("{namespace}:{ACCOUNT}"), namespace, &CLUSTER_RULES).await;
}

/// Takes the permission to read the id of the cluster.
pub(crate) async fn revoke_cluster_rules(client: &Client, namespace: &str) {
    let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), SYSTEM);
    let name = format!("{namespace}:{ACCOUNT}");
    bindings.delete(&name, &DeleteParams::default()).await.unwrap();
}

/// Creates a Role with the rules of these files in the namespace `scope`, and binds it to the
/// service account in `namespace`.
async fn bind(client: &Client, scope: &str, name: &str, namespace: &str, files: &[&str]) {
    let chart =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/storefront-operator/files");
    let mut rules: Vec<PolicyRule> = Vec::new();
    for file in files {
        let yaml = fs::read_to_string(chart.join(file)).unwrap();
        rules.extend(serde_yaml::from_str::<Vec<PolicyRule>>(&yaml).unwrap());
    }
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let role = Role { metadata: metadata.clone(), rules: Some(rules) };
    let binding = RoleBinding {
        metadata,
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "Role".to_owned(),
            name: name.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: ACCOUNT.to_owned(),
            namespace: Some(namespace.to_owned()),
            ..Subject::default()
        }]),
    };
    let params = PostParams::default();
    Api::namespaced(client.clone(), scope).create(&params, &role).await.unwrap();
    Api::namespaced(client.clone(), scope).create(&params, &binding).await.unwrap();
}
