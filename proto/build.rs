//! Compiles the `.proto` files without `protoc`: messages, clients, servers and descriptors.

use std::path::{Path, PathBuf};
use std::{env, error, fs};

use protox::prost::Message;

const PACKAGES: [&str; 8] =
    ["common", "user", "catalog", "cart", "order", "payment", "notification", "shipping"];

fn main() -> Result<(), Box<dyn error::Error>> {
    let files = PACKAGES.map(|package| format!("{package}/v1/{package}.proto"));
    for file in &files {
        println!("cargo::rerun-if-changed={file}");
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut described = protox::compile(&files, [root])?;

    tonic_prost_build::configure().emit_rerun_if_changed(false).compile_fds(described.clone())?;

    // Reflection needs names and numbers; comments would only make the binary larger.
    for file in &mut described.file {
        file.source_code_info = None;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(Path::new(&out).join("descriptors.bin"), described.encode_to_vec())?;
    Ok(())
}
