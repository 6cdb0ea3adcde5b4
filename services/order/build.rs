//! Recompiles the crate when files change that its macros read and the compiler does not track.

fn main() {
    for path in ["migrations", ".sqlx", "sqlx.toml"] {
        println!("cargo::rerun-if-changed={path}");
    }
}
