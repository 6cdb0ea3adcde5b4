//! What holds when a Storefront says nothing: the defaults of each profile, and the values that
//! follow from what is said. All of it pure, and none of it in the schema, because a default that
//! depends on another field cannot be there.

use crate::component::Component;
use crate::quantity::Quantity;
use crate::spec::{Profile, StorefrontSpec};
use crate::workload::{Amounts, LogLevel, Resources};

/// A memory limit is this many times the request: room for a peak, and an end to a leak.
const MEMORY_LIMIT_FACTOR: i128 = 4;

/// What a container asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// CPUs.
    pub cpu: &'static str,
    /// Bytes.
    pub memory: &'static str,
}

/// The defaults of one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileDefaults {
    /// Pods of each component.
    pub replicas: i32,
    /// For each component and each job of the shop.
    pub component: Requests,
    /// For the managed PostgreSQL.
    pub postgres: Requests,
    /// For the managed Redis.
    pub redis: Requests,
}

impl Profile {
    /// The table of the profiles.
    #[must_use]
    pub const fn defaults(self) -> ProfileDefaults {
        match self {
            Self::Dev => ProfileDefaults {
                replicas: 1,
                component: Requests { cpu: "5m", memory: "16Mi" },
                postgres: Requests { cpu: "25m", memory: "96Mi" },
                redis: Requests { cpu: "5m", memory: "16Mi" },
            },
            Self::Standard => ProfileDefaults {
                replicas: 1,
                component: Requests { cpu: "25m", memory: "32Mi" },
                postgres: Requests { cpu: "100m", memory: "256Mi" },
                redis: Requests { cpu: "25m", memory: "64Mi" },
            },
            Self::Production => ProfileDefaults {
                replicas: 2,
                component: Requests { cpu: "50m", memory: "64Mi" },
                postgres: Requests { cpu: "250m", memory: "512Mi" },
                redis: Requests { cpu: "50m", memory: "128Mi" },
            },
        }
    }
}

impl Requests {
    /// As a container's resources: the requests, and a memory limit; CPU is not limited, because a
    /// limit only slows down a node that has time to spare.
    #[must_use]
    pub fn resources(self) -> Resources {
        let memory = Quantity::from(self.memory);
        Resources {
            limits: Some(Amounts { cpu: None, memory: memory.times(MEMORY_LIMIT_FACTOR) }),
            requests: Some(Amounts { cpu: Some(Quantity::from(self.cpu)), memory: Some(memory) }),
        }
    }
}

/// How many pods a component runs.
#[must_use]
pub fn replicas(spec: &StorefrontSpec, component: Component) -> i32 {
    if spec.suspend {
        return 0;
    }
    spec.components
        .get(component)
        .and_then(|said| said.replicas)
        .or(spec.replicas)
        .unwrap_or(spec.profile.defaults().replicas)
}

/// What a component's container asks for and may use: what is said, the profile's for the rest. A
/// request that nobody made gives way to a limit below it.
#[must_use]
pub fn resources(spec: &StorefrontSpec, component: Component) -> Resources {
    let defaults = spec.profile.defaults().component;
    let said = spec.components.get(component).and_then(|said| said.resources.clone());
    let Resources { requests, limits } = said.unwrap_or_default();
    let (requests, limits) = (requests.unwrap_or_default(), limits.unwrap_or_default());
    let cpu = requests.cpu.unwrap_or_else(|| at_most(defaults.cpu, limits.cpu.as_ref()));
    let memory =
        requests.memory.unwrap_or_else(|| at_most(defaults.memory, limits.memory.as_ref()));
    let memory_limit = limits.memory.or_else(|| memory.times(MEMORY_LIMIT_FACTOR));
    Resources {
        requests: Some(Amounts { cpu: Some(cpu), memory: Some(memory) }),
        limits: Some(Amounts { cpu: limits.cpu, memory: memory_limit }),
    }
}

fn at_most(default: &str, limit: Option<&Quantity>) -> Quantity {
    let default = Quantity::from(default);
    match limit {
        Some(limit) if limit.millis() < default.millis() => limit.clone(),
        _ => default,
    }
}

/// How much a component logs.
#[must_use]
pub fn log_level(spec: &StorefrontSpec, component: Component) -> LogLevel {
    spec.components.get(component).and_then(|said| said.log_level).unwrap_or_default()
}

/// The shop's image for a component: its own, or the Storefront's registry and repository with the
/// operator's for what is not said, and the version as its tag.
#[must_use]
pub fn image(spec: &StorefrontSpec, component: Component, shop: &ShopImage) -> String {
    match spec.components.get(component).and_then(|said| said.image.clone()) {
        Some(image) => image,
        None => shop_image(spec, shop),
    }
}

/// The image of the shop as a whole, which jobs use that belong to no component.
#[must_use]
pub fn shop_image(spec: &StorefrontSpec, shop: &ShopImage) -> String {
    let repository = spec.image.repository.as_ref().unwrap_or(&shop.repository);
    match spec.image.registry.as_ref().or(shop.registry.as_ref()) {
        Some(registry) => format!("{registry}/{repository}:{}", spec.version),
        None => format!("{repository}:{}", spec.version),
    }
}

/// Where the shop's image comes from when a Storefront does not say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopImage {
    /// The registry's host; `None` for an image that the nodes have, or for their default registry.
    pub registry: Option<String>,
    /// The image's name in the registry.
    pub repository: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::ComponentSpec;

    fn amounts(cpu: Option<&str>, memory: Option<&str>) -> Option<Amounts> {
        Some(Amounts { cpu: cpu.map(Quantity::from), memory: memory.map(Quantity::from) })
    }

    fn with_catalog(said: ComponentSpec) -> StorefrontSpec {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        spec.components.0.insert(Component::Catalog, said);
        spec
    }

    #[test]
    fn replicas_come_from_the_component_then_the_storefront_then_the_profile() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        assert_eq!(replicas(&spec, Component::Catalog), 1);
        spec.profile = Profile::Production;
        assert_eq!(replicas(&spec, Component::Catalog), 2);
        spec.replicas = Some(3);
        assert_eq!(replicas(&spec, Component::Catalog), 3);
        let said = ComponentSpec { replicas: Some(5), ..ComponentSpec::default() };
        spec.components.0.insert(Component::Catalog, said);
        assert_eq!(replicas(&spec, Component::Catalog), 5);
        assert_eq!(replicas(&spec, Component::Gateway), 3);
    }

    #[test]
    fn a_suspended_shop_runs_no_pods_whatever_is_said() {
        let mut spec = with_catalog(ComponentSpec { replicas: Some(5), ..Default::default() });
        spec.suspend = true;
        for component in Component::ALL {
            assert_eq!(replicas(&spec, component), 0);
        }
    }

    #[test]
    fn what_is_not_said_of_resources_is_filled_in() {
        // (requests said, limits said) -> (requests, limits), in the profile Standard: 25m, 32Mi
        let cases = [
            (None, None, (Some("25m"), Some("32Mi")), (None, Some("128Mi"))),
            (amounts(None, Some("1Gi")), None, (Some("25m"), Some("1Gi")), (None, Some("4Gi"))),
            (
                None,
                amounts(Some("10m"), Some("24Mi")),
                (Some("10m"), Some("24Mi")),
                (Some("10m"), Some("24Mi")),
            ),
            (
                None,
                amounts(Some("1"), Some("1Gi")),
                (Some("25m"), Some("32Mi")),
                (Some("1"), Some("1Gi")),
            ),
        ];
        for (requests, limits, wanted_requests, wanted_limits) in cases {
            let said = Resources { requests, limits };
            let spec = with_catalog(ComponentSpec {
                resources: Some(said.clone()),
                ..ComponentSpec::default()
            });
            let wanted = Resources {
                requests: amounts(wanted_requests.0, wanted_requests.1),
                limits: amounts(wanted_limits.0, wanted_limits.1),
            };
            assert_eq!(resources(&spec, Component::Catalog), wanted, "{said:?}");
        }
    }

    #[test]
    fn the_image_is_put_together_from_what_is_said_and_what_the_operator_knows() {
        let known = ShopImage { registry: None, repository: "storefront/shop".to_owned() };
        let mut spec = StorefrontSpec::with_version("0.1.0");
        assert_eq!(image(&spec, Component::Catalog, &known), "storefront/shop:0.1.0");
        spec.image.registry = Some("registry.example.com:5000".to_owned());
        let image_there = "registry.example.com:5000/storefront/shop:0.1.0";
        assert_eq!(image(&spec, Component::Catalog, &known), image_there);
        let own = ComponentSpec { image: Some("mine:2".to_owned()), ..ComponentSpec::default() };
        spec.components.0.insert(Component::Catalog, own);
        assert_eq!(image(&spec, Component::Catalog, &known), "mine:2");
        assert_eq!(image(&spec, Component::Gateway, &known), image_there);
    }
}
