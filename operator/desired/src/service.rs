//! The Service and the ServiceAccount of each part.

use k8s_openapi::api::core::v1::{Service, ServiceAccount, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use storefront_api::component::{Component, Protocol};
use storefront_api::exposure::{ExposeType, NodePorts};
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::{Kind, Object, ports};

/// Builds the ServiceAccount of a part's pods. It has no permissions, and its token is not mounted.
pub(crate) fn account(context: &BuildContext<'_>, name: String, part: Part) -> Object {
    let account = ServiceAccount {
        automount_service_account_token: Some(false),
        metadata: context.metadata(name.clone(), part),
        ..ServiceAccount::default()
    };
    Object::apply(Kind::ServiceAccount, name, &account)
}

/// Builds the Service of a component: headless for gRPC, because clients balance over the pods
/// themselves, and with a node port if the Storefront exposes the component on one.
pub(crate) fn for_component(context: &BuildContext<'_>, component: Component) -> Object {
    let listen = component.info().listen;
    let spec = match listen.protocol {
        Protocol::Grpc => ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            ..cluster_ip("grpc", "kubernetes.io/h2c", listen.port)
        },
        Protocol::Http => {
            let spec = cluster_ip("http", "http", listen.port);
            match exposed_port(context, component) {
                // `Local` preserves the client address: a node routes only to its own pods.
                Some(port) => with_node_port(spec, "Local", port),
                None => spec,
            }
        }
    };
    service(context, names::component(&context.name, component), Part::Component(component), spec)
}

/// Builds the Service of the gateway's internal port, which is never exposed outside the cluster.
/// Returns `None` if the gateway has no such port.
pub(crate) fn for_internal_gateway(context: &BuildContext<'_>) -> Option<Object> {
    let spec = cluster_ip(ports::GATEWAY_INTERNAL_NAME, "http", ports::GATEWAY_INTERNAL);
    let (name, part) =
        (names::internal_gateway(&context.name), Part::Component(Component::Gateway));
    context.spec.gateway.has_internal_routes().then(|| service(context, name, part, spec))
}

/// Builds the Service of a datastore.
pub(crate) fn for_datastore(
    context: &BuildContext<'_>,
    name: String,
    part: Part,
    port_name: &str,
    port: u16,
) -> Object {
    service(context, name, part, cluster_ip(port_name, "tcp", port))
}

/// Builds the Services of the inbox: a ClusterIP Service for mails and the web page, and a NodePort
/// Service for the web page if the Storefront exposes it.
pub(crate) fn for_inbox(context: &BuildContext<'_>) -> Vec<Object> {
    let http = cluster_ip(ports::INBOX_HTTP_NAME, "http", ports::INBOX_HTTP);
    let mut internal = cluster_ip(ports::INBOX_SMTP_NAME, "tcp", ports::INBOX_SMTP);
    internal.ports.get_or_insert_default().extend(http.ports.clone().unwrap_or_default());
    let mut services = vec![service(context, names::inbox(&context.name), Part::Inbox, internal)];
    if let Some(port) = node_ports(context).inbox.filter(|_| uses_node_ports(context)) {
        // `Cluster`: every node routes to the only pod.
        let page = with_node_port(http, "Cluster", Some(port));
        services.push(service(context, names::inbox_page(&context.name), Part::Inbox, page));
    }
    services
}

fn service(context: &BuildContext<'_>, name: String, part: Part, spec: ServiceSpec) -> Object {
    let service = Service {
        metadata: context.metadata(name.clone(), part),
        spec: Some(ServiceSpec {
            // Every IP family of the cluster: IPv4, IPv6 or both.
            ip_family_policy: Some("PreferDualStack".to_owned()),
            selector: Some(names::selector(&context.name, part)),
            ..spec
        }),
        ..Service::default()
    };
    Object::apply(Kind::Service, name, &service)
}

fn cluster_ip(port_name: &str, app_protocol: &str, port: u16) -> ServiceSpec {
    ServiceSpec {
        ports: Some(vec![ServicePort {
            app_protocol: (app_protocol != "tcp").then(|| app_protocol.to_owned()),
            name: Some(port_name.to_owned()),
            port: i32::from(port),
            protocol: Some("TCP".to_owned()),
            target_port: Some(IntOrString::String(port_name.to_owned())),
            ..ServicePort::default()
        }]),
        type_: Some("ClusterIP".to_owned()),
        ..ServiceSpec::default()
    }
}

fn with_node_port(mut spec: ServiceSpec, policy: &str, node_port: Option<u16>) -> ServiceSpec {
    spec.type_ = Some("NodePort".to_owned());
    spec.external_traffic_policy = Some(policy.to_owned());
    for port in spec.ports.iter_mut().flatten() {
        port.node_port = node_port.map(i32::from);
    }
    spec
}

/// Returns the node port of a component that the Storefront exposes on one: `Some(None)` if the
/// cluster allocates it.
fn exposed_port(context: &BuildContext<'_>, component: Component) -> Option<Option<u16>> {
    let ports = node_ports(context);
    let port = match component {
        Component::Gateway => ports.gateway,
        Component::Web => ports.web,
        _ => return None,
    };
    uses_node_ports(context).then_some(port)
}

fn uses_node_ports(context: &BuildContext<'_>) -> bool {
    context.spec.expose.kind == ExposeType::NodePort
}

fn node_ports(context: &BuildContext<'_>) -> NodePorts {
    context.spec.expose.node_ports.clone().unwrap_or_default()
}
