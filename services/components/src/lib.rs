//! The shop's components and the facts about them that the services and the operator share: names,
//! addresses, databases and the call graph.
//!
//! This crate is the only definition of these facts. A new component is a new variant of
//! [`Component`] with its [`ComponentInfo`], and a place in [`Component::info`] and
//! [`Component::ALL`].
//!
//! This crate has no dependencies, so that the operator can use it without depending on a service.

mod info;
mod table;

use std::fmt;

pub use info::{ComponentInfo, Database, Listen, Protocol};

/// The exit code of `shop <component> provision` when the database belongs to someone else. The
/// operator recognizes this refusal by it.
pub const DATABASE_IN_USE_EXIT_CODE: u8 = 10;

/// One component of the shop. In a cluster it is one Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Accounts, sign-in, profiles and addresses.
    User,
    /// Categories, products, search, stock and reservations.
    Catalog,
    /// Shopping carts.
    Cart,
    /// Checkout and orders, from the cart to the delivered parcel.
    Order,
    /// Authorizations, captures and refunds.
    Payment,
    /// Shipping rates, shipments and tracking.
    Shipping,
    /// Mails.
    Notification,
    /// The REST API in front of all services.
    Gateway,
    /// The web shop: pages for shoppers.
    Web,
}

impl Component {
    /// All components, in the order in which they are listed to users.
    pub const ALL: [Self; 9] = [
        Self::User,
        Self::Catalog,
        Self::Cart,
        Self::Order,
        Self::Payment,
        Self::Shipping,
        Self::Notification,
        Self::Gateway,
        Self::Web,
    ];

    /// The names of all components, in the order of [`Component::ALL`].
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = Self::ALL[index].name();
            index += 1;
        }
        names
    };

    /// Returns the facts about this component.
    #[must_use]
    pub const fn info(self) -> ComponentInfo {
        match self {
            Self::User => table::USER,
            Self::Catalog => table::CATALOG,
            Self::Cart => table::CART,
            Self::Order => table::ORDER,
            Self::Payment => table::PAYMENT,
            Self::Shipping => table::SHIPPING,
            Self::Notification => table::NOTIFICATION,
            Self::Gateway => table::GATEWAY,
            Self::Web => table::WEB,
        }
    }

    /// Returns the component's name: [`ComponentInfo::name`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// Finds the component with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }

    /// Returns the components that own a database, each with its database.
    pub fn with_database() -> impl Iterator<Item = (Self, Database)> {
        Self::ALL
            .into_iter()
            .filter_map(|component| component.info().database.map(|database| (component, database)))
    }
}

impl fmt::Display for Component {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
