//! Ids as newtypes, so that they cannot be confused.

/// Defines the id type of an entity, which [`crate::Fields::id`] parses.
///
/// ```
/// wire::id! {
///     /// A shipment.
///     ShipmentId
/// }
/// # let id = ShipmentId(uuid::Uuid::nil());
/// assert_eq!(id.to_string(), "00000000-0000-0000-0000-000000000000");
/// ```
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub uuid::Uuid);

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// Id of an account of the `user` service.
    UserId
}
id! {
    /// Id of a product of the `catalog` service.
    ProductId
}
id! {
    /// Id of an order of the `order` service.
    OrderId
}
