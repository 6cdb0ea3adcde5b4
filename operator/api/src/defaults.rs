//! The defaults of each profile, and the effective values that follow from the spec and the
//! defaults, as pure functions. They are not in the schema, because a schema default cannot depend
//! on another field.

use crate::component::Component;
use crate::quantity::Quantity;
use crate::spec::{Profile, StorefrontSpec};
use crate::workload::{Amounts, LogLevel, Resources};

/// The default memory limit is the request times this factor: it allows peaks and bounds leaks.
const MEMORY_LIMIT_FACTOR: i128 = 4;

/// The resource requests of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// CPUs, as a Kubernetes quantity.
    pub cpu: &'static str,
    /// Bytes, as a Kubernetes quantity.
    pub memory: &'static str,
}

/// The defaults of one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileDefaults {
    /// The number of pods of each component.
    pub replicas: i32,
    /// The requests of each component and of each Job of the shop.
    pub component: Requests,
    /// The requests of the managed PostgreSQL.
    pub postgres: Requests,
    /// The requests of the managed Redis.
    pub redis: Requests,
}

impl Profile {
    /// Returns the defaults of this profile.
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
    /// Returns these requests and a memory limit. CPU is not limited, because a limit throttles a
    /// container even when its node has idle CPU time.
    #[must_use]
    pub fn resources(self) -> Resources {
        let memory = Quantity::from(self.memory);
        Resources {
            limits: Some(Amounts { cpu: None, memory: memory.times(MEMORY_LIMIT_FACTOR) }),
            requests: Some(Amounts { cpu: Some(Quantity::from(self.cpu)), memory: Some(memory) }),
        }
    }
}

/// Returns the components that run, in the order in which they are listed to users.
pub fn components(spec: &StorefrontSpec) -> impl Iterator<Item = Component> {
    Component::ALL.into_iter().filter(|component| is_enabled(spec, *component))
}

/// Reports whether a component runs.
#[must_use]
pub fn is_enabled(spec: &StorefrontSpec, component: Component) -> bool {
    spec.components.get(component).and_then(|component| component.enabled).unwrap_or(true)
}

/// Returns the number of pods of a component.
#[must_use]
pub fn replicas(spec: &StorefrontSpec, component: Component) -> i32 {
    if spec.suspend {
        return 0;
    }
    spec.components
        .get(component)
        .and_then(|component| component.replicas)
        .or(spec.replicas)
        .unwrap_or(spec.profile.defaults().replicas)
}

/// Returns the resource requests and limits of a component: those of the spec, completed by those
/// of the profile. A default request is lowered to a limit below it.
#[must_use]
pub fn resources(spec: &StorefrontSpec, component: Component) -> Resources {
    let resources = spec.components.get(component).and_then(|spec| spec.resources.clone());
    completed(resources, spec.profile.defaults().component)
}

/// Returns the resource requests and limits of the managed Redis, completed as those of a
/// component.
#[must_use]
pub fn redis_resources(spec: &StorefrontSpec) -> Resources {
    completed(spec.redis.resources.clone(), spec.profile.defaults().redis)
}

fn completed(resources: Option<Resources>, defaults: Requests) -> Resources {
    let Resources { requests, limits } = resources.unwrap_or_default();
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

/// Returns the log level of a component.
#[must_use]
pub fn log_level(spec: &StorefrontSpec, component: Component) -> LogLevel {
    spec.components.get(component).and_then(|spec| spec.log_level).unwrap_or_default()
}

/// Returns the image of a component: the one that the spec sets for it, or else the image of the
/// whole shop.
#[must_use]
pub fn image(spec: &StorefrontSpec, component: Component, default: &ShopImage) -> String {
    match spec.components.get(component).and_then(|spec| spec.image.clone()) {
        Some(image) => image,
        None => shop_image(spec, default),
    }
}

/// Returns the image of the whole shop: the registry and repository of the Storefront, or else of
/// the operator's installation, with the version as the tag.
#[must_use]
pub fn shop_image(spec: &StorefrontSpec, default: &ShopImage) -> String {
    let repository = spec.image.repository.as_ref().unwrap_or(&default.repository);
    match spec.image.registry.as_ref().or(default.registry.as_ref()) {
        Some(registry) => format!("{registry}/{repository}:{}", spec.version),
        None => format!("{repository}:{}", spec.version),
    }
}

/// The default source of the shop's image, for Storefronts that do not set one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopImage {
    /// The host of the registry; `None` for an image that the nodes have or find in their default
    /// registry.
    pub registry: Option<String>,
    /// The repository in the registry.
    pub repository: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::ComponentSpec;

    fn amounts(cpu: Option<&str>, memory: Option<&str>) -> Option<Amounts> {
        Some(Amounts { cpu: cpu.map(Quantity::from), memory: memory.map(Quantity::from) })
    }

    fn with_catalog(catalog: ComponentSpec) -> StorefrontSpec {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        spec.components.0.insert(Component::Catalog, catalog);
        spec
    }

    #[test]
    fn replicas_come_from_component_then_storefront_then_profile() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        assert_eq!(replicas(&spec, Component::Catalog), 1);
        spec.profile = Profile::Production;
        assert_eq!(replicas(&spec, Component::Catalog), 2);
        spec.replicas = Some(3);
        assert_eq!(replicas(&spec, Component::Catalog), 3);
        let catalog = ComponentSpec { replicas: Some(5), ..ComponentSpec::default() };
        spec.components.0.insert(Component::Catalog, catalog);
        assert_eq!(replicas(&spec, Component::Catalog), 5);
        assert_eq!(replicas(&spec, Component::Gateway), 3);
    }

    #[test]
    fn suspended_shop_has_no_replicas() {
        let mut spec = with_catalog(ComponentSpec { replicas: Some(5), ..Default::default() });
        spec.suspend = true;
        for component in Component::ALL {
            assert_eq!(replicas(&spec, component), 0);
        }
    }

    #[test]
    fn missing_resources_are_completed_from_the_profile() {
        // (requests, limits) of the spec -> effective requests and limits. The profile Standard has
        // 25m and 32Mi.
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
        for (requests, limits, expected_requests, expected_limits) in cases {
            let set = Resources { requests, limits };
            let spec = with_catalog(ComponentSpec {
                resources: Some(set.clone()),
                ..ComponentSpec::default()
            });
            let expected = Resources {
                requests: amounts(expected_requests.0, expected_requests.1),
                limits: amounts(expected_limits.0, expected_limits.1),
            };
            assert_eq!(resources(&spec, Component::Catalog), expected, "{set:?}");
        }
    }

    #[test]
    fn image_is_composed_of_spec_and_installation_defaults() {
        let default = ShopImage { registry: None, repository: "storefront/shop".to_owned() };
        let mut spec = StorefrontSpec::with_version("0.1.0");
        assert_eq!(image(&spec, Component::Catalog, &default), "storefront/shop:0.1.0");
        spec.image.registry = Some("registry.example.com:5000".to_owned());
        let image_in_registry = "registry.example.com:5000/storefront/shop:0.1.0";
        assert_eq!(image(&spec, Component::Catalog, &default), image_in_registry);
        let own = ComponentSpec {
            image: Some("example/catalog:2".to_owned()),
            ..ComponentSpec::default()
        };
        spec.components.0.insert(Component::Catalog, own);
        assert_eq!(image(&spec, Component::Catalog, &default), "example/catalog:2");
        assert_eq!(image(&spec, Component::Gateway, &default), image_in_registry);
    }
}
