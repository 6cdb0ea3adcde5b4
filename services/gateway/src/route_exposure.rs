//! Where the routes of administrators and the API reference are served: on the port of the API, on
//! a port of their own that shoppers cannot reach, or nowhere.

use clap::ValueEnum;

/// Where a group of routes is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RouteExposure {
    /// On the port of the API, and on the internal port if another group is served there.
    Public,
    /// On the internal port only.
    Internal,
    /// Nowhere.
    Off,
}

/// The groups of routes that a port serves besides the routes of shoppers. Paths of the other
/// groups are answered like unknown paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteGroups {
    /// `/docs` and `/openapi.json`.
    pub(crate) docs: bool,
    /// `/api/v1/admin`.
    pub(crate) admin: bool,
}

impl RouteGroups {
    /// Returns the groups of the API's port.
    pub(crate) fn public(docs: RouteExposure, admin: RouteExposure) -> Self {
        let is_public = |exposure| exposure == RouteExposure::Public;
        Self { docs: is_public(docs), admin: is_public(admin) }
    }

    /// Returns the groups of the internal port; `None` if no group is served only there, so that
    /// there is no such port.
    pub(crate) fn internal(docs: RouteExposure, admin: RouteExposure) -> Option<Self> {
        let is_served = |exposure| exposure != RouteExposure::Off;
        [docs, admin]
            .contains(&RouteExposure::Internal)
            .then(|| Self { docs: is_served(docs), admin: is_served(admin) })
    }
}
