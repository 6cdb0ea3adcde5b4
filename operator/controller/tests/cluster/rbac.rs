//! Grants the permissions of the chart. Every test runs with exactly these, so a request of the
//! operator that they do not cover fails a test.

use std::fs;
use std::path::Path;

use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

/// The operator's service account.
pub(crate) const ACCOUNT: &str = "storefront-operator";

const RULES: [&str; 2] = ["rules.yaml", "leader-rules.yaml"];

/// Grants the permissions of the chart to the service account in this namespace.
pub(crate) async fn grant(client: &Client, namespace: &str) {
    let chart =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/storefront-operator/files");
    let mut rules: Vec<PolicyRule> = Vec::new();
    for file in RULES {
        let yaml = fs::read_to_string(chart.join(file)).unwrap();
        rules.extend(serde_yaml::from_str::<Vec<PolicyRule>>(&yaml).unwrap());
    }
    let metadata = ObjectMeta { name: Some(ACCOUNT.to_owned()), ..ObjectMeta::default() };
    let role = Role { metadata: metadata.clone(), rules: Some(rules) };
    let binding = RoleBinding {
        metadata,
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "Role".to_owned(),
            name: ACCOUNT.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: ACCOUNT.to_owned(),
            namespace: Some(namespace.to_owned()),
            ..Subject::default()
        }]),
    };
    let params = PostParams::default();
    Api::namespaced(client.clone(), namespace).create(&params, &role).await.unwrap();
    Api::namespaced(client.clone(), namespace).create(&params, &binding).await.unwrap();
}
