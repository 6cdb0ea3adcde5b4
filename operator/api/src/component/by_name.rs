//! Serialization of a component as its name, for `#[serde(with = "by_name")]`. [`Component`] itself
//! has no dependencies and thus no serialization.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer};

use super::Component;

/// Serializes a component as its name.
///
/// # Errors
/// If the serializer fails.
pub fn serialize<S: Serializer>(component: &Component, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(component.name())
}

/// Deserializes a component from its name.
///
/// # Errors
/// If the value is not a string or not the name of a component.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Component, D::Error> {
    parse(&String::deserialize(deserializer)?)
}

/// Parses a component's name.
///
/// # Errors
/// If no component has this name.
pub fn parse<E: serde::de::Error>(name: &str) -> Result<Component, E> {
    Component::from_name(name).ok_or_else(|| E::unknown_variant(name, &Component::NAMES))
}

/// Returns the schema of a component's name.
#[must_use]
pub fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Component::NAMES })
}
