//! The shop's protobuf packages, compiled.
//!
//! Each package of `proto/` is a module: the package `catalog.v1` is [`catalog::v1`], with its
//! messages, its client in `catalog_service_client` and its server in `catalog_service_server`.
//! The `.proto` files are the reference. The snapshot of `tests/contract.rs` is the promise made to
//! clients: names and numbers in it are added to and never changed.

/// Descriptors of all packages and what they import, an encoded
/// `google.protobuf.FileDescriptorSet` without source information, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

macro_rules! packages {
    ($($package:ident: $about:literal),+ $(,)?) => {$(
        #[doc = $about]
        pub mod $package {
            #[doc = $about]
            #[allow(
                missing_docs,
                unreachable_pub,
                unused_qualifications,
                clippy::all,
                clippy::allow_attributes_without_reason,
                clippy::too_many_lines,
                reason = "generated code is not ours to style"
            )]
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($package), ".v1.rs"));
            }
        }
    )+};
}

packages! {
    cart: "Carts.",
    catalog: "Categories, products, search, stock and reservations.",
    common: "What the packages share: money, addresses and pages.",
    notification: "Mail to customers.",
    order: "Orders and their checkout.",
    payment: "Payment methods and money movements.",
    shipping: "Quotes, shipments and tracking.",
    user: "Accounts: sign-in, tokens, profiles, addresses and wishlists.",
}

// `Debug` of messages that hold secrets: it shows none (`build.rs` says which they are).
include!(concat!(env!("OUT_DIR"), "/secret.rs"));
