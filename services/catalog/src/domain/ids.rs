//! Ids, each a type of its own, so that none is passed for another.

use std::fmt;

use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A product.
    ProductId
}
id! {
    /// A category.
    CategoryId
}
id! {
    /// An order of the `order` service; what a reservation is keyed by.
    OrderId
}
id! {
    /// A reservation, for people and logs; callers name it by its order.
    ReservationId
}
