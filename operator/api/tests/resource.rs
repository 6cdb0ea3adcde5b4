//! The resource as the API server serves it: defaults, status, columns.

#![expect(clippy::unwrap_used, reason = "a fixture that fails fails the test")]

use apiserver::ApiServer;
use http::Request;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use storefront_api::component::Component;
use storefront_api::quantity::Quantity;
use storefront_api::status::{
    ComponentState, ComponentStatus, DatabaseStatus, Endpoints, StorefrontStatus, VersionStatus,
};
use storefront_api::{Storefront, StorefrontSpec, crd, defaults};

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

/// The operator receives the defaults of the schema, while tests and builders use those of the
/// types. They must be equal.
#[tokio::test]
async fn schema_defaults_equal_the_defaults_of_the_types() {
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
    let mut spec = StorefrontSpec::with_version("0.1.0");
    assert_eq!(served.postgres.storage_size(), spec.postgres.storage_size());
    assert_eq!(served.redis.storage_size(), spec.redis.storage_size());
    // `Storage::default()` has no size, because the default size depends on the server.
    spec.postgres.storage.size = Some(spec.postgres.storage_size());
    spec.redis.storage.size = Some(spec.redis.storage_size());
    assert_eq!(served, spec);
}

/// The operator must never compute resources that the API server rejects.
#[tokio::test]
async fn effective_resources_of_a_component_are_valid() {
    let Fixture { api, .. } = fixture().await;
    for (number, limit) in ["1m", "1Ki", "16Mi", "999999999999Ei"].into_iter().enumerate() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        let catalog = json!({ "resources": { "limits": { "memory": limit } } });
        spec.components.0.insert(Component::Catalog, serde_json::from_value(catalog).unwrap());
        let effective = defaults::resources(&spec, Component::Catalog);
        let component = spec.components.0.get_mut(&Component::Catalog).unwrap();
        component.resources = Some(effective);
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
        ready: Some("9/9".to_owned()),
        components: Component::ALL.map(component).to_vec(),
        endpoints: Some(Endpoints {
            web: Some("http://localhost:3000".to_owned()),
            api: Some("http://localhost:8080".to_owned()),
        }),
        database: Some(DatabaseStatus {
            host: Some("shop-postgres".to_owned()),
            ..DatabaseStatus::default()
        }),
    }
}

async fn create_with_status(api: &Api<Storefront>) -> Storefront {
    let storefront = Storefront::new("shop", StorefrontSpec::with_version("0.1.0"));
    api.create(&PostParams::default(), &storefront).await.unwrap();
    let status = json!({
        "apiVersion": "storefront.dev/v1alpha1", "kind": "Storefront", "status": ready(),
    });
    let params = PatchParams::apply("test").force();
    api.patch_status("shop", &params, &Patch::Apply(&status)).await.unwrap()
}

#[tokio::test]
async fn status_is_served_as_written() {
    let Fixture { api, .. } = fixture().await;
    assert_eq!(create_with_status(&api).await.status, Some(ready()));
}

#[tokio::test]
async fn kubectl_get_shows_the_printer_columns() {
    let Fixture { client, namespace, api } = fixture().await;
    create_with_status(&api).await;
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
    let expected = [
        ("Name", "shop"),
        ("Ready", "True"),
        ("Reason", "AllReady"),
        ("Version", "0.1.0"),
        ("Components", "9/9"),
        ("URL", "http://localhost:3000"),
        ("Profile", "Standard"),
        ("Database", "Managed"),
        ("API", "http://localhost:8080"),
        ("Message", "Every component is ready."),
    ];
    assert_eq!(shown.len(), expected.len());
    for ((column, cell), expected) in shown.into_iter().zip(expected) {
        assert_eq!((column, cell.as_str().unwrap()), expected);
    }
}
