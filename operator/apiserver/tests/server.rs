//! What tests rely on: an API server of their own that knows who asked for what, and is gone
//! afterwards.

use std::time::{Duration, Instant};

use apiserver::ApiServer;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, ObjectMeta, PostParams};
use kube::{Api, Client};

fn config_map(name: &str) -> ConfigMap {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    ConfigMap { metadata, ..ConfigMap::default() }
}

#[tokio::test]
async fn requests_are_known_by_agent_verb_and_object() {
    let server = ApiServer::shared().unwrap();
    let client = Client::try_from(apiserver::named(server.config(), "counted").unwrap()).unwrap();
    let namespace = server.namespace(&server.client().unwrap()).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client, &namespace);
    maps.create(&PostParams::default(), &config_map("one")).await.unwrap();
    maps.get("one").await.unwrap();
    maps.get_opt("two").await.unwrap();

    let counted: Vec<(String, String, u16)> = server
        .requests()
        .unwrap()
        .into_iter()
        .filter(|request| request.agent == "counted")
        .inspect(|request| assert_eq!(request.namespace, namespace))
        .inspect(|request| assert_eq!(request.resource, "configmaps"))
        .map(|request| (request.verb, request.name, request.code))
        .collect();
    let wanted = [("create", "one", 201), ("get", "one", 200), ("get", "two", 404)]
        .map(|(verb, name, code)| (verb.to_owned(), name.to_owned(), code));
    assert_eq!(counted, wanted);
}

#[tokio::test]
async fn a_service_account_may_only_do_what_it_was_given() {
    let server = ApiServer::shared().unwrap();
    let client = Client::try_from(server.config_as("default", "nobody").unwrap()).unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    let refusal = maps.list(&ListParams::default()).await.unwrap_err();
    assert!(refusal.to_string().contains("forbidden"), "{refusal}");
}

#[test]
fn a_server_that_is_dropped_leaves_nothing() {
    let server = ApiServer::start().unwrap();
    let kubeconfig = server.kubeconfig();
    let address = server.config().cluster_url.authority().unwrap().to_string();
    assert!(kubeconfig.exists());
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(server);
    let deadline = Instant::now() + Duration::from_secs(10);
    while kubeconfig.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!kubeconfig.exists());
    assert!(std::net::TcpStream::connect(&address).is_err());
}
