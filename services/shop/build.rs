//! Sets linker flags that reduce the size of the program.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A static position-independent program has a relocation of 24 bytes for each address in its
    // data, hundreds of thousands in total. Packed relocations take a few bits each.
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
