//! The shop's protobuf packages, compiled.
//!
//! Each package of `proto/` is a module: the package `catalog.v1` is [`catalog::v1`], with its
//! messages, its client in `catalog_service_client` and its server in `catalog_service_server`. The
//! `.proto` files are the reference. The snapshot of `tests/contract.rs` is the contract with
//! clients: names and numbers are added to it and never changed.

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
                clippy::missing_errors_doc,
                clippy::must_use_candidate,
                clippy::too_many_lines,
                reason = "generated code"
            )]
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($package), ".v1.rs"));
            }
        }
    )+};
}

packages! {
    audit: "The audit log: what administrators changed.",
    cart: "Carts.",
    catalog: "Categories, products, search, stock and reservations.",
    common: "Shared messages: money, addresses and pagination.",
    notification: "E-mails to customers.",
    order: "Orders and their checkout.",
    payment: "Payment methods and transactions.",
    shipping: "Quotes, shipments and tracking.",
    user: "Accounts: sign-in, tokens, profiles, addresses and wishlists.",
}

// `Debug` of messages with secret fields, which hides them (see `build.rs`).
include!(concat!(env!("OUT_DIR"), "/secret.rs"));
