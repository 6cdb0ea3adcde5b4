//! Links the program so that it stays small.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A static program that may be loaded anywhere has an entry of 24 bytes for each address in its
    // data, hundreds of thousands of them; packed, they take a few bits each.
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
