//! The resource as the API server serves it: defaults, status, columns.

#![expect(clippy::unwrap_used, reason = "a fixture that fails fails the test")]

use apiserver::ApiServer;
use http::Request;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use storefront_api::component::Component;
use storefront_api::crd;
use storefront_api::defaults;
use storefront_api::quantity::Quantity;
use storefront_api::status::{
    ComponentState, ComponentStatus, DatabaseStatus, Endpoints, StorefrontStatus, VersionStatus,
};
use storefront_api::{Storefront, StorefrontSpec};

struct Fixture {
    client: Client,
    namespace: String,
    api: Api<Storefront>,
}

async fn fixture() -> Fixture {
    let server = ApiServer::shared().unwrap();
    let client = server.client().unwrap();
    server.install(&client, &crd::definition().unwrap()).await.unwrap();
    let namespace = server.namespace(&client).await.unwrap();
    Fixture { api: Api::namespaced(client.clone(), &namespace), client, namespace }
}

/// The operator sees the defaults that the API server filled in; tests and builders see those of
/// the types. They have to be the same.
#[tokio::test]
async fn the_smallest_storefront_gets_the_defaults_that_the_types_have() {
    let Fixture { client, namespace, api } = fixture().await;
    let smallest = json!({
        "apiVersion": "storefront.dev/v1alpha1",
        "kind": "Storefront",
        "metadata": { "name": "shop" },
        "spec": { "version": "0.1.0" },
    });
    let path = format!("/apis/storefront.dev/v1alpha1/namespaces/{namespace}/storefronts");
    let request = Request::post(path).body(smallest.to_string().into_bytes()).unwrap();
    client.request::<Value>(request).await.unwrap();

    let served = api.get("shop").await.unwrap().spec;
    assert_eq!(served.postgres.storage.size, Some(Quantity::from("10Gi")));
    assert_eq!(served.redis.storage.size, Some(Quantity::from("1Gi")));
    let mut ours = StorefrontSpec::with_version("0.1.0");
    assert_eq!(served.postgres.storage_size(), ours.postgres.storage_size());
    assert_eq!(served.redis.storage_size(), ours.redis.storage_size());
    // The types leave the sizes out: which of them is the default depends on the server.
    ours.postgres.storage.size = Some(ours.postgres.storage_size());
    ours.redis.storage.size = Some(ours.redis.storage_size());
    assert_eq!(served, ours);
}

/// What the operator writes must never be refused, whatever the Storefront says.
#[tokio::test]
async fn what_is_filled_in_for_a_component_would_itself_be_accepted() {
    let Fixture { api, .. } = fixture().await;
    for (number, limit) in ["1m", "1Ki", "16Mi", "999999999999Ei"].into_iter().enumerate() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        let said = json!({ "resources": { "limits": { "memory": limit } } });
        spec.components.0.insert(Component::Catalog, serde_json::from_value(said).unwrap());
        let filled_in = defaults::resources(&spec, Component::Catalog);
        let component = spec.components.0.get_mut(&Component::Catalog).unwrap();
        component.resources = Some(filled_in);
        let storefront = Storefront::new(&format!("shop-{number}"), spec);
        api.create(&PostParams::default(), &storefront).await.unwrap();
    }
}

fn ready() -> StorefrontStatus {
    let condition = Condition {
        type_: "Ready".to_owned(),
        status: "True".to_owned(),
        reason: "AllReady".to_owned(),
        message: "Every component is ready.".to_owned(),
        observed_generation: Some(1),
        last_transition_time: Time("2026-01-02T03:04:05Z".parse().unwrap()),
    };
    let component = |name| ComponentStatus {
        name,
        ready: 1,
        desired: 1,
        version: Some("0.1.0".to_owned()),
        state: ComponentState::Ready,
        reason: None,
        message: None,
    };
    let version = Some("0.1.0".to_owned());
    StorefrontStatus {
        observed_generation: Some(1),
        conditions: vec![condition],
        version: Some(VersionStatus {
            current: version.clone(),
            target: version.clone(),
            last_stable: version,
        }),
        ready: Some("8/8".to_owned()),
        components: Component::ALL.map(component).to_vec(),
        endpoints: Some(Endpoints { web: None, api: Some("http://localhost:8080".to_owned()) }),
        database: Some(DatabaseStatus {
            host: Some("shop-postgres".to_owned()),
            ..DatabaseStatus::default()
        }),
    }
}

async fn with_status(api: &Api<Storefront>) -> Storefront {
    let storefront = Storefront::new("shop", StorefrontSpec::with_version("0.1.0"));
    api.create(&PostParams::default(), &storefront).await.unwrap();
    let status = json!({
        "apiVersion": "storefront.dev/v1alpha1", "kind": "Storefront", "status": ready(),
    });
    let by = PatchParams::apply("test").force();
    api.patch_status("shop", &by, &Patch::Apply(&status)).await.unwrap()
}

#[tokio::test]
async fn a_status_is_served_as_it_was_written() {
    let Fixture { api, .. } = fixture().await;
    assert_eq!(with_status(&api).await.status, Some(ready()));
}

#[tokio::test]
async fn kubectl_get_shows_how_the_shop_is() {
    let Fixture { client, namespace, api } = fixture().await;
    with_status(&api).await;
    let path = format!("/apis/storefront.dev/v1alpha1/namespaces/{namespace}/storefronts");
    let request = Request::get(path)
        .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .body(Vec::new())
        .unwrap();
    let table: Value = client.request(request).await.unwrap();
    let shown: Vec<(&str, &Value)> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .zip(table["rows"][0]["cells"].as_array().unwrap())
        .map(|(column, cell)| (column["name"].as_str().unwrap(), cell))
        .filter(|(column, _)| *column != "Age")
        .collect();
    let wanted = [
        ("Name", "shop"),
        ("Ready", "True"),
        ("Reason", "AllReady"),
        ("Version", "0.1.0"),
        ("Components", "8/8"),
        ("URL", "http://localhost:8080"),
        ("Profile", "Standard"),
        ("Database", "Managed"),
        ("Message", "Every component is ready."),
    ];
    assert_eq!(shown.len(), wanted.len());
    for ((column, cell), wanted) in shown.into_iter().zip(wanted) {
        assert_eq!((column, cell.as_str().unwrap()), wanted);
    }
}
