//! Compiles the `.proto` files without `protoc`: messages, clients, servers and descriptors.

use std::path::{Path, PathBuf};
use std::{env, error, fs};

use protox::prost::Message;
use protox::prost_reflect::prost_types::{DescriptorProto, FileDescriptorSet};

const PACKAGES: [&str; 9] =
    ["common", "audit", "user", "catalog", "cart", "order", "payment", "notification", "shipping"];

/// The words that mark a field as secret: passwords, tokens, cards. `Debug` hides all fields of a
/// message with such a field, so that no log line and no failed test contains a secret.
const SECRET_WORDS: [&str; 4] = ["password", "token", "card_number", "cvv"];

fn main() -> Result<(), Box<dyn error::Error>> {
    let files = PACKAGES.map(|package| format!("{package}/v1/{package}.proto"));
    for file in &files {
        println!("cargo::rerun-if-changed={file}");
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut descriptors = protox::compile(&files, [root])?;

    let secret = secret_messages(&descriptors);
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .skip_debug(secret.iter().map(|(package, name)| format!(".{package}.{name}")))
        .compile_fds(descriptors.clone())?;

    // Reflection needs names and numbers; comments would only increase the size of the binary.
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(Path::new(&out).join("descriptors.bin"), descriptors.encode_to_vec())?;
    let debug: String = secret.iter().map(|(package, name)| debug(package, name)).collect();
    fs::write(Path::new(&out).join("secret.rs"), debug)?;
    Ok(())
}

/// Returns package and name of the messages with a secret field.
fn secret_messages(descriptors: &FileDescriptorSet) -> Vec<(String, String)> {
    let is_ours = |package: &str| PACKAGES.iter().any(|ours| package == format!("{ours}.v1"));
    let is_secret = |message: &&DescriptorProto| {
        message
            .field
            .iter()
            .any(|field| SECRET_WORDS.iter().any(|word| field.name().contains(word)))
    };
    let files = descriptors.file.iter().filter(|file| is_ours(file.package()));
    files
        .flat_map(|file| {
            let secret = file.message_type.iter().filter(is_secret);
            secret.map(|message| (file.package().to_owned(), message.name().to_owned()))
        })
        .collect()
}

/// Generates a `Debug` that shows only the name of a message.
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
