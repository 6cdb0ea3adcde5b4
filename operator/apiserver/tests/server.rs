//! Tests of the private API server: audit of requests, permissions, and clean-up.

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
async fn requests_have_agent_verb_and_object() {
    let server = ApiServer::shared().unwrap();
    let client =
        Client::try_from(apiserver::with_user_agent(server.config(), "counted").unwrap()).unwrap();
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
    let expected = [("create", "one", 201), ("get", "one", 200), ("get", "two", 404)]
        .map(|(verb, name, code)| (verb.to_owned(), name.to_owned(), code));
    assert_eq!(counted, expected);
}

#[tokio::test]
async fn service_account_without_permissions_is_forbidden() {
    let server = ApiServer::shared().unwrap();
    let client = Client::try_from(server.config_as("default", "nobody").unwrap()).unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    let error = maps.list(&ListParams::default()).await.unwrap_err();
    assert!(error.to_string().contains("forbidden"), "{error}");
}

#[test]
fn dropped_server_leaves_no_process_and_no_files() {
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
