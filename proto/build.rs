//! Compiles the `.proto` files without `protoc`: messages, clients, servers and descriptors.

use std::path::{Path, PathBuf};
use std::{env, error, fs};

use protox::prost::Message;
use protox::prost_reflect::prost_types::{DescriptorProto, FileDescriptorSet};

const PACKAGES: [&str; 8] =
    ["common", "user", "catalog", "cart", "order", "payment", "notification", "shipping"];

/// What is secret, by a word in the name of its field: passwords, tokens, cards. A message with such a
/// field shows nothing of itself in `Debug`, so that no log line and no failed test can.
const SECRETS: [&str; 4] = ["password", "token", "card_number", "cvv"];

fn main() -> Result<(), Box<dyn error::Error>> {
    let files = PACKAGES.map(|package| format!("{package}/v1/{package}.proto"));
    for file in &files {
        println!("cargo::rerun-if-changed={file}");
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut described = protox::compile(&files, [root])?;

    let secret = secret_messages(&described);
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .skip_debug(secret.iter().map(|(package, name)| format!(".{package}.{name}")))
        .compile_fds(described.clone())?;

    // Reflection needs names and numbers; comments would only make the binary larger.
    for file in &mut described.file {
        file.source_code_info = None;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(Path::new(&out).join("descriptors.bin"), described.encode_to_vec())?;
    let debug: String = secret.iter().map(|(package, name)| debug(package, name)).collect();
    fs::write(Path::new(&out).join("secret.rs"), debug)?;
    Ok(())
}

/// Package and name of the messages that hold a secret.
fn secret_messages(described: &FileDescriptorSet) -> Vec<(String, String)> {
    let is_ours = |package: &str| PACKAGES.iter().any(|ours| package == format!("{ours}.v1"));
    let is_secret = |message: &&DescriptorProto| {
        message.field.iter().any(|field| SECRETS.iter().any(|word| field.name().contains(word)))
    };
    let files = described.file.iter().filter(|file| is_ours(file.package()));
    files
        .flat_map(|file| {
            let secret = file.message_type.iter().filter(is_secret);
            secret.map(|message| (file.package().to_owned(), message.name().to_owned()))
        })
        .collect()
}

/// A `Debug` that shows the name of a message alone.
fn debug(package: &str, name: &str) -> String {
    let module = package.replace('.', "::");
    format!(
        "impl ::core::fmt::Debug for {module}::{name} {{
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{
                f.debug_struct(\"{name}\").finish_non_exhaustive()
            }}
        }}\n"
    )
}
