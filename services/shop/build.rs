//! Sets linker flags that reduce the size of the program.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| var(name).is_ok_and(|set| set == value);
    if !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    // A static position-independent program has a relocation of 24 bytes for each address in its
    // data, hundreds of thousands in total. Packed relocations take a few bits each.
    println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    // Generic functions have many instances with the same machine code. LLD, the default linker of
    // this target only, keeps one of them.
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("PROFILE", "release") {
        println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    }
}
