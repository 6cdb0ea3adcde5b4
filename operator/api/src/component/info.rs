//! What a row of the component table consists of.

use super::Component;
use super::secret::{GeneratedSecret, SecretDelivery};
use crate::spec::StorefrontSpec;

/// What the operator knows of a component.
#[derive(Clone, Copy, Debug)]
pub struct ComponentInfo {
    /// Its name in `spec.components`, in object names and on the command line of `shop`.
    pub name: &'static str,
    /// Where it listens.
    pub listen: Listen,
    /// The setting by which its callers are told where it is; `None` if no component calls it.
    pub url_env: Option<&'static str>,
    /// Its database, if it owns one.
    pub database: Option<Database>,
    /// The components it calls.
    pub calls: &'static [Component],
    /// Whether it uses Redis.
    pub redis: bool,
    /// Whether it sends mail.
    pub mail: bool,
    /// When it follows in a rollout.
    pub wave: Wave,
    /// What the Storefront tells it besides.
    pub settings: &'static [Setting],
    /// What it is told besides that the operator makes up and keeps in a Secret.
    pub secrets: &'static [SecretSetting],
}

/// Where a component listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// What it speaks there.
    pub protocol: Protocol,
    /// The port, which is the same on its pods and its Service.
    pub port: u16,
    /// The setting that tells it the address to listen on.
    pub env: &'static str,
}

/// What a component speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC. Callers balance over the pods themselves, so its Service is headless.
    Grpc,
    /// HTTP/1.1 and h2c, balanced by the Service.
    Http,
}

impl Protocol {
    /// The name of the port on containers and Services.
    #[must_use]
    pub const fn port_name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }
}

/// A component's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Database {
    /// The database's name.
    pub name: &'static str,
    /// The role that owns it and as which the component connects.
    pub role: &'static str,
}

/// The order of a rollout: a wave starts when the one before it has come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wave {
    /// Services that others stand on.
    Services,
    /// The checkout, which calls most services.
    Checkout,
    /// The REST API in front of all services.
    Gateway,
    /// The web shop.
    Web,
}

impl Wave {
    /// Every wave, first to last.
    pub const ALL: [Self; 4] = [Self::Services, Self::Checkout, Self::Gateway, Self::Web];
}

/// A setting that comes from a field of the Storefront.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name of the environment variable.
    pub env: &'static str,
    /// Its value; `None` leaves it to the component's own default.
    pub value: fn(&StorefrontSpec) -> Option<String>,
}

/// A setting whose value the operator makes up.
#[derive(Clone, Copy, Debug)]
pub struct SecretSetting {
    /// The name of the environment variable.
    pub env: &'static str,
    /// The Secret that has the value, where it is wanted.
    pub secret: GeneratedSecret,
    /// The value's key in the Secret.
    pub key: &'static str,
    /// How the component gets it.
    pub delivery: SecretDelivery,
}
