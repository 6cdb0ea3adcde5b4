//! The `Storefront` resource: a complete web shop in one Kubernetes object.
//!
//! - [`spec`]: the desired state that users write. Larger topics are in [`workload`],
//!   [`datastores`], [`services`], [`exposure`] and [`jobs`].
//! - [`status`]: the observed state that the operator reports.
//! - [`component`]: the table of the shop's components. A new component is a new entry there; the
//!   schema, the names and the rules follow.
//! - [`defaults`]: the values that the operator fills in for absent fields, as pure functions.
//! - [`names`]: the name and the labels of every child object.
//! - [`rules`]: the validation rules of the API server (CEL), with messages that say what to do.
//! - [`crd`]: the CustomResourceDefinition, generated from all of these.
//! - [`mod@reference`]: the reference page of the resource, generated from the same definition.
//!
//! This crate makes no API requests.

pub mod component;
pub mod crd;
pub mod datastores;
pub mod defaults;
pub mod exposure;
pub mod jobs;
pub mod names;
pub mod quantity;
pub mod reference;
pub mod rules;
pub mod services;
pub mod spec;
pub mod status;
pub mod web;
pub mod workload;

pub use component::Component;
pub use spec::{Storefront, StorefrontSpec};
pub use status::StorefrontStatus;
