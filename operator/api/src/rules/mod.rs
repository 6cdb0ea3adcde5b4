//! What the API server refuses, as CEL rules with a message that says what to do.
//!
//! Each function is the `x-kubernetes-validations` of one schema node. Where a format can be
//! mistaken it is a rule here and not a `pattern`, whose message would be the expression. Rules on
//! what cannot change sit at the parent and ask `has()` on both sides, so that removing a field and
//! adding it again is caught. The tests in `tests/` prove every rule on a real API server.

pub mod services;

use serde_json::{Value, json};

use crate::component::{Component, reserved_env};
use crate::names::MAX_STOREFRONT_NAME;

/// Rules of the whole object: only here CEL sees the name.
#[must_use]
pub fn storefront() -> Value {
    json!([rule(
        &format!(
            "self.metadata.name.size() <= {MAX_STOREFRONT_NAME} && \
             self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')"
        ),
        &format!(
            "metadata.name must start with a letter, have only lower-case letters, digits and \
             dashes, end with a letter or digit and be at most {MAX_STOREFRONT_NAME} characters \
             long, because it is part of the name of everything the operator makes: create the \
             Storefront under such a name"
        ),
    )])
}

/// Rules of `spec`.
#[must_use]
pub fn spec() -> Value {
    json!([
        rule(
            "self.currency == oldSelf.currency",
            "currency cannot be changed, because stored prices are not converted: keep it, or \
             create another Storefront with its own database",
        ),
        rule(
            "self.mail.mode == 'Inbox' || !has(self.expose.nodePorts) || \
             !has(self.expose.nodePorts.inbox)",
            "expose.nodePorts.inbox is the port of the inbox, which mode Smtp does not have: remove \
             it, or set mail.mode to Inbox",
        ),
    ])
}

/// Rules of `spec.version`.
#[must_use]
pub fn version() -> Value {
    json!([rule(
        "self.matches('^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?$')",
        "version must be an image tag such as 0.1.0: letters, digits, dots, dashes and \
         underscores, with a letter or digit at both ends",
    )])
}

/// Rules of `spec.currency`.
#[must_use]
pub fn currency() -> Value {
    json!([rule(
        "self.matches('^[A-Z]{3}$')",
        "currency must be an ISO 4217 code of three capital letters, such as USD or EUR",
    )])
}

/// Rules of `spec.image.registry`.
#[must_use]
pub fn registry() -> Value {
    json!([rule(
        "self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$')",
        "registry must be a host name, with a port if it needs one, and nothing else: \
         registry.example.com:5000; the rest of the image's name belongs in repository",
    )])
}

/// Rules of `spec.image.repository`.
#[must_use]
pub fn repository() -> Value {
    json!([rule(
        "self.matches('^[a-z0-9]+([._/-]+[a-z0-9]+)*$')",
        "repository must be an image's name without registry and tag, such as storefront/shop: \
         the registry belongs in registry, the tag is version",
    )])
}

/// Rules of every field that is a whole image reference.
#[must_use]
pub fn image() -> Value {
    json!([rule(
        "self.matches('^[A-Za-z0-9][-A-Za-z0-9._/:]*[:@][-A-Za-z0-9._:]+$')",
        "image must be a whole reference with a tag or a digest, such as \
         registry.example.com/storefront/shop:0.1.0",
    )])
}

/// Rules of names of objects.
#[must_use]
pub fn object_name() -> Value {
    json!([rule(
        "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
        "must be the name of an object in Kubernetes: lower-case letters, digits, dashes and dots, \
         with a letter or digit at both ends",
    )])
}

/// Rules of keys of Secrets.
#[must_use]
pub fn secret_key() -> Value {
    json!([rule(
        "self.matches('^[-._A-Za-z0-9]+$')",
        "must be a key of the Secret: letters, digits, dashes, dots and underscores",
    )])
}

/// Rules of `spec.components`: its keys, and that variables which the operator sets are not for
/// others.
#[must_use]
pub fn components() -> Value {
    let names = Component::NAMES;
    let known = rule(
        &format!("self.all(name, name in ['{}'])", names.join("', '")),
        &format!("components only has the components of the shop: {}", names.join(", ")),
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
                "components.{name}.env has a variable that the operator sets itself: remove {} \
                 from it and use the fields of the Storefront",
                variables.join(", ")
            ),
        )
    });
    Value::from_iter([known].into_iter().chain(reserved))
}

/// Rules of `resources`.
#[must_use]
pub fn resources() -> Value {
    let within = |field: &str| {
        let (request, limit) = (format!("self.requests.{field}"), format!("self.limits.{field}"));
        rule(
            &format!(
                "!has(self.requests) || !has({request}) || !has(self.limits) || !has({limit}) || \
                 !isQuantity({request}) || !isQuantity({limit}) || \
                 quantity({request}).compareTo(quantity({limit})) <= 0"
            ),
            &format!(
                "requests.{field} must not be more than limits.{field}: lower the request or raise \
                 the limit"
            ),
        )
    };
    json!([within("cpu"), within("memory")])
}

/// Rules of amounts. The number of digits is bounded so that the operator can compare any two.
#[must_use]
pub fn quantity() -> Value {
    json!([rule(
        "self.matches('^[0-9]{1,12}([.][0-9]{1,3})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|Ei)?$') && \
         self.matches('[1-9]')",
        "must be an amount above zero such as 500m, 2, 64Mi or 10Gi",
    )])
}

/// Rules of one environment variable.
#[must_use]
pub fn env_var() -> Value {
    json!([rule(
        "!(has(self.value) && has(self.secret))",
        "an environment variable has either a value or a secret to take it from: remove one of them",
    )])
}

/// Rules of an environment variable's name.
#[must_use]
pub fn env_name() -> Value {
    json!([rule(
        "self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",
        "must be the name of an environment variable: letters, digits and underscores, not \
         starting with a digit",
    )])
}

/// Rules of `spec.postgres`.
#[must_use]
pub fn postgres() -> Value {
    json!([
        mode_is_fixed("postgres"),
        external_goes_with_mode("postgres", "host and adminSecret"),
        image_goes_with_managed("postgres"),
    ])
}

/// Rules of `spec.redis`.
#[must_use]
pub fn redis() -> Value {
    json!([
        mode_is_fixed("redis"),
        external_goes_with_mode("redis", "urlSecret"),
        image_goes_with_managed("redis"),
    ])
}

/// Rules of a managed server's volume.
#[must_use]
pub fn storage() -> Value {
    json!([
        rule(
            "!has(oldSelf.size) || has(self.size) && (!isQuantity(self.size) || \
             !isQuantity(oldSelf.size) || \
             quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0)",
            "storage.size cannot shrink, because volumes cannot: keep it or set a larger one",
        ),
        rule(
            "has(self.className) == has(oldSelf.className) && \
             (!has(self.className) || self.className == oldSelf.className)",
            "storage.className cannot be changed, because a volume stays where it was made: set it \
             back to what it was",
        ),
    ])
}

/// Rules of `spec.postgres.external.host`.
#[must_use]
pub fn host() -> Value {
    json!([rule(
        "self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$') || isIP(self)",
        "host must be a DNS name or an IP address, without a scheme and a port: the port belongs \
         in port",
    )])
}

/// Rules of origins: a scheme and a host, and nothing behind it.
#[must_use]
pub fn origin() -> Value {
    json!([rule(
        "self.matches('^https?://([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+[]])\
         (:[0-9]{1,5})?$')",
        "must be http:// or https:// with a host and a port if it needs one, without a path or a \
         slash at the end: https://shop.example.com",
    )])
}

/// Rules of `spec.expose`.
#[must_use]
pub fn expose() -> Value {
    json!([rule(
        "!has(self.nodePorts) || self.type == 'NodePort'",
        "nodePorts only means something with type NodePort: set expose.type to NodePort or remove \
         expose.nodePorts",
    )])
}

/// Rules of `spec.expose.nodePorts`.
#[must_use]
pub fn node_ports() -> Value {
    json!([rule(
        "!has(self.gateway) || !has(self.inbox) || self.gateway != self.inbox",
        "nodePorts.gateway and nodePorts.inbox must be different: give one of them another port",
    )])
}

fn mode_is_fixed(server: &str) -> Value {
    rule(
        "self.mode == oldSelf.mode",
        &format!(
            "{server}.mode cannot be changed, because data is not moved: set it back, or create \
             another Storefront"
        ),
    )
}

fn external_goes_with_mode(server: &str, fields: &str) -> Value {
    rule(
        "(self.mode == 'External') == has(self.external)",
        &format!(
            "{server}.external describes the server of mode External: set it (with {fields}) with \
             mode External, and remove it with mode Managed"
        ),
    )
}

fn image_goes_with_managed(server: &str) -> Value {
    rule(
        "self.mode == 'Managed' || !has(self.image)",
        &format!("{server}.image is the managed server's: remove it with mode External"),
    )
}

fn rule(expression: &str, message: &str) -> Value {
    json!({ "rule": expression, "message": message })
}
