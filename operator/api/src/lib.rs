//! The `Storefront` resource: a whole web shop in one object.
//!
//! - [`spec`]: what people write; the parts that have a topic of their own are in [`workload`],
//!   [`stores`], [`services`] and [`edge`].
//! - [`status`]: what the operator answers.
//! - [`component`]: the table of the shop's components. A new component is a new row there; the
//!   schema, the names and the rules follow.
//! - [`settings`]: what the fields of a Storefront tell its components.
//! - [`generated`]: the Secrets that the operator makes up.
//! - [`profile`]: what is filled in when a Storefront says nothing, as pure functions.
//! - [`names`]: the name and the labels of every child object.
//! - [`rules`]: what the API server refuses, and what it tells people to do instead.
//! - [`crd`]: the definition that is installed, generated from all of these.
//! - [`mod@reference`]: the same as a page to read.
//!
//! Nothing here talks to a cluster.

pub mod component;
pub mod crd;
pub mod edge;
pub mod generated;
pub mod names;
pub mod profile;
pub mod quantity;
pub mod reference;
pub mod rules;
pub mod services;
pub mod settings;
pub mod spec;
pub mod status;
pub mod stores;
pub mod workload;

pub use component::Component;
pub use spec::{Storefront, StorefrontSpec};
pub use status::StorefrontStatus;
