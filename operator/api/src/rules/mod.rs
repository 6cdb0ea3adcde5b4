//! The validation rules of the API server (CEL), with messages that say what to do.
//!
//! Formats are rules and not a `pattern`, because the message of a failed pattern would be the
//! regular expression. The rules on immutable fields are at the parent and use `has()` on both
//! sides, so that they also reject removing a field and adding it again. The tests in `tests/`
//! prove every rule on a real API server.
//!
//! A rule of a single struct or field is beside it, as an attribute `x_kube` of
//! [`KubeSchema`](kube::KubeSchema). The functions of this module return the other rules, for
//! `x-kubernetes-validations` in the schema:
//!
//! - rules that several fields share;
//! - rules that are generated from the component table;
//! - the rule on `metadata.name`, which is outside of the spec;
//! - rules of structs that take their defaults from `#[serde(default)]` on the struct, and of
//!   newtypes. `KubeSchema` supports neither: it derives a copy of the struct that does not
//!   implement `Default`, and only for structs with named fields.

pub mod services;
pub mod web;

use kube::core::Rule;

use crate::component::{Component, reserved_env};
use crate::names::MAX_STOREFRONT_NAME;

/// The rule for the whole object: the only place where CEL can access the name.
#[must_use]
pub fn storefront() -> Rule {
    rule(
        &format!(
            "self.metadata.name.size() <= {MAX_STOREFRONT_NAME} && \
             self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')"
        ),
        &format!(
            "metadata.name must start with a letter, contain only lower-case letters, digits and \
             dashes, end with a letter or digit and have at most {MAX_STOREFRONT_NAME} characters, \
             because it is part of the names of all child objects: create the Storefront with such \
             a name"
        ),
    )
}

/// The rule for `spec.currency`: the codes that the shop's services accept. They end at their start
/// with any other one.
#[must_use]
pub fn currency() -> Rule {
    let codes: Vec<_> = money::Currency::all().map(|currency| format!("'{currency}'")).collect();
    rule(
        &format!("self in [{}]", codes.join(", ")),
        "currency must be an ISO 4217 code of a currency in use, such as USD or EUR",
    )
}

/// The rule for `spec.image.registry`.
#[must_use]
pub fn registry() -> Rule {
    rule(
        "self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$')",
        "registry must be a host name with an optional port, such as registry.example.com:5000: \
         move the rest of the image's name to repository",
    )
}

/// The rule for `spec.image.repository`.
#[must_use]
pub fn repository() -> Rule {
    rule(
        "self.matches('^[a-z0-9]+([._/-]+[a-z0-9]+)*$')",
        "repository must be an image's name without registry and tag, such as storefront/shop: \
         move the registry to registry and the tag to version",
    )
}

/// The rule for a complete image reference.
#[must_use]
pub fn image() -> Rule {
    rule(
        "self.matches('^[A-Za-z0-9][-A-Za-z0-9._/:]*[:@][-A-Za-z0-9._:]+$')",
        "image must be a complete reference with a tag or a digest, such as \
         registry.example.com/storefront/shop:0.1.0",
    )
}

/// The rule for the name of a Kubernetes object.
#[must_use]
pub fn object_name() -> Rule {
    rule(
        "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
        "must be the name of a Kubernetes object: lower-case letters, digits, dashes and dots, \
         with a letter or digit at the start and at the end",
    )
}

/// The rules for `spec.components`: the keys, which of them can be disabled, and the environment
/// variables that are reserved for the operator.
#[must_use]
pub fn components() -> Vec<Rule> {
    let names = Component::NAMES;
    let keys = rule(
        &format!("self.all(name, name in ['{}'])", names.join("', '")),
        &format!("components can contain only the components of the shop: {}", names.join(", ")),
    );
    let reserved = Component::ALL.map(|component| {
        let (name, variables) = (component.name(), reserved_env(component));
        rule(
            &format!(
                "!('{name}' in self) || !has(self['{name}'].env) || \
                 self['{name}'].env.all(e, !(e.name in ['{}']))",
                variables.join("', '")
            ),
            &format!(
                "components.{name}.env contains a variable that the operator sets: remove {} and \
                 use the fields of the Storefront",
                variables.join(", ")
            ),
        )
    });
    let disabled = rule(
        "self.all(name, name == 'web' || !has(self[name].enabled))",
        "only components.web can be disabled, because the shop does not work without the other \
         components: remove enabled",
    );
    [keys, disabled].into_iter().chain(reserved).collect()
}

/// The rules for `resources`.
#[must_use]
pub fn resources() -> [Rule; 2] {
    let within = |field: &str| {
        let (request, limit) = (format!("self.requests.{field}"), format!("self.limits.{field}"));
        rule(
            &format!(
                "!has(self.requests) || !has({request}) || !has(self.limits) || !has({limit}) || \
                 !isQuantity({request}) || !isQuantity({limit}) || \
                 quantity({request}).compareTo(quantity({limit})) <= 0"
            ),
            &format!(
                "requests.{field} must not exceed limits.{field}: lower the request or raise the \
                 limit"
            ),
        )
    };
    [within("cpu"), within("memory")]
}

/// The rule for a quantity. The number of digits is bounded, so that the operator can compare all
/// quantities without overflow.
#[must_use]
pub fn quantity() -> Rule {
    rule(
        "self.matches('^[0-9]{1,12}([.][0-9]{1,3})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|Ei)?$') && \
         self.matches('[1-9]')",
        "must be a quantity above zero, such as 500m, 2, 64Mi or 10Gi",
    )
}

/// The rules for `spec.postgres`.
#[must_use]
pub fn postgres() -> [Rule; 3] {
    [
        mode_is_immutable("postgres"),
        external_matches_mode("postgres", "host and adminSecret"),
        image_requires_managed("postgres"),
    ]
}

/// The rules for `spec.redis`.
#[must_use]
pub fn redis() -> [Rule; 5] {
    [
        mode_is_immutable("redis"),
        external_matches_mode("redis", "urlSecret"),
        image_requires_managed("redis"),
        rule(
            "self.mode == 'Managed' || !has(self.resources)",
            "redis.resources are the resources of the managed server: remove them with mode \
             External",
        ),
        rule(
            &format!("{} && {}", at_least("requests", "4Mi"), at_least("limits", "16Mi")),
            "redis.resources must leave Redis room to work: set requests.memory to at least 4Mi \
             and limits.memory to at least 16Mi",
        ),
    ]
}

/// The rules for a managed server's volume.
#[must_use]
pub fn storage() -> [Rule; 2] {
    [
        rule(
            "!has(oldSelf.size) || has(self.size) && (!isQuantity(self.size) || \
             !isQuantity(oldSelf.size) || \
             quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0)",
            "storage.size cannot decrease, because volumes cannot shrink: set it back or increase \
             it",
        ),
        rule(
            "has(self.className) == has(oldSelf.className) && \
             (!has(self.className) || self.className == oldSelf.className)",
            "storage.className is immutable, because an existing volume cannot change its \
             StorageClass: set it back",
        ),
    ]
}

/// The rule for the host of an external server.
#[must_use]
pub fn host() -> Rule {
    rule(
        "self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$') || isIP(self)",
        "host must be a DNS name or an IP address, without scheme and port: move the port to port",
    )
}

/// The rule for an origin: a scheme and a host without a path.
#[must_use]
pub fn origin() -> Rule {
    rule(
        "self.matches('^https?://([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+[]])\
         (:[0-9]{1,5})?$')",
        "must be http:// or https:// with a host and an optional port, without a path or a \
         trailing slash, such as https://shop.example.com",
    )
}

/// The rule for the network of a trusted proxy. A network that contains every address would let any
/// client choose its own address.
#[must_use]
pub fn network() -> Rule {
    rule(
        "isCIDR(self) && cidr(self).prefixLength() > 0",
        "must be a network in CIDR notation that does not contain every address, such as \
         10.0.0.0/8 or 2001:db8::/32: write a single address as 192.0.2.1/32",
    )
}

/// The rule for `spec.expose`.
#[must_use]
pub fn expose() -> Rule {
    rule(
        "!has(self.nodePorts) || self.type == 'NodePort'",
        "nodePorts requires type NodePort: set expose.type to NodePort or remove expose.nodePorts",
    )
}

/// The rule for `spec.expose.nodePorts`.
#[must_use]
pub fn node_ports() -> Rule {
    rule(
        "(!has(self.gateway) || !has(self.inbox) || self.gateway != self.inbox) && \
         (!has(self.web) || !has(self.gateway) || self.web != self.gateway) && \
         (!has(self.web) || !has(self.inbox) || self.web != self.inbox)",
        "the ports of nodePorts must be different: change one of them",
    )
}

/// Returns an expression that a memory amount of `resources` is absent or at least `least`.
fn at_least(field: &str, least: &str) -> String {
    let memory = format!("self.resources.{field}.memory");
    format!(
        "(!has(self.resources) || !has(self.resources.{field}) || !has({memory}) || \
         !isQuantity({memory}) || quantity({memory}).compareTo(quantity('{least}')) >= 0)"
    )
}

fn mode_is_immutable(server: &str) -> Rule {
    rule(
        "self.mode == oldSelf.mode",
        &format!(
            "{server}.mode is immutable, because data is not migrated: set it back, or create \
             another Storefront"
        ),
    )
}

fn external_matches_mode(server: &str, fields: &str) -> Rule {
    rule(
        "(self.mode == 'External') == has(self.external)",
        &format!(
            "{server}.external describes the server of mode External: set it (with {fields}) with \
             mode External, remove it with mode Managed"
        ),
    )
}

fn image_requires_managed(server: &str) -> Rule {
    rule(
        "self.mode == 'Managed' || !has(self.image)",
        &format!("{server}.image is the image of the managed server: remove it with mode External"),
    )
}

fn rule(expression: &str, message: &str) -> Rule {
    Rule::new(expression).message(message)
}
