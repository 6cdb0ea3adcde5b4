//! The waves of a rollout.

use super::Component;

/// One step of a rollout. A wave starts when every component of the earlier waves is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wave {
    /// The services that other components depend on.
    Services,
    /// The checkout, which calls most services.
    Checkout,
    /// The REST API in front of all services.
    Gateway,
    /// The web shop.
    Web,
}

impl Wave {
    /// All waves, in the order of a rollout.
    pub const ALL: [Self; 4] = [Self::Services, Self::Checkout, Self::Gateway, Self::Web];
}

/// Returns the wave in which a component rolls out.
#[must_use]
pub const fn wave(component: Component) -> Wave {
    match component {
        Component::User
        | Component::Catalog
        | Component::Cart
        | Component::Payment
        | Component::Shipping
        | Component::Notification => Wave::Services,
        Component::Order => Wave::Checkout,
        Component::Gateway => Wave::Gateway,
        Component::Web => Wave::Web,
    }
}

/// Returns the components that roll out in a wave.
pub fn in_wave(selected: Wave) -> impl Iterator<Item = Component> {
    Component::ALL.into_iter().filter(move |component| wave(*component) == selected)
}
