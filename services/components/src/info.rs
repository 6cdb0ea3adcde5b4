//! Types of the entries of the component table.

use crate::Component;

/// The facts about one component.
#[derive(Clone, Copy, Debug)]
pub struct ComponentInfo {
    /// The name, as in `spec.components`, in the names of Kubernetes objects and in the arguments
    /// of the `shop` binary.
    pub name: &'static str,
    /// The address on which the component listens.
    pub listen: Listen,
    /// The environment variable with which its callers receive its URL; `None` if no component
    /// calls it.
    pub url_env: Option<&'static str>,
    /// The database that the component owns, if any.
    pub database: Option<Database>,
    /// The components that this component calls.
    pub calls: &'static [Component],
    /// Whether the component needs Redis.
    pub redis: bool,
    /// Whether the component sends mail.
    pub mail: bool,
}

/// The address on which a component listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The protocol.
    pub protocol: Protocol,
    /// The port, which is the same in the component's pods and on its Service.
    pub port: u16,
    /// The environment variable that sets the address.
    pub env: &'static str,
}

/// The protocol of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC. Clients balance over the pods themselves, so the Service is headless.
    Grpc,
    /// HTTP/1.1 and h2c, balanced by the Service.
    Http,
}

impl Protocol {
    /// Returns the name of the port on containers and Services.
    #[must_use]
    pub const fn port_name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }
}

/// The database of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Database {
    /// The name of the database.
    pub name: &'static str,
    /// The role that owns the database and as which the component connects.
    pub role: &'static str,
}
