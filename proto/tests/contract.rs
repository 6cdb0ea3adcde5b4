//! The wire contract that clients of the shop depend on.
//!
//! A change of the snapshot that only adds lines is safe. A change that modifies or removes a line
//! breaks existing clients and requires a new package version instead.

#![expect(clippy::unwrap_used, reason = "a failing set-up fails its test")]

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, ServiceDescriptorProto,
};

#[test]
fn wire_contract_is_unchanged() {
    let lines: Vec<String> = ours().iter().flat_map(describe_file).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn descriptors_contain_every_import_and_no_source() {
    let files = compiled();
    let names: BTreeSet<_> = files.iter().map(|file| file.name().to_owned()).collect();
    for file in &files {
        assert!(file.source_code_info.is_none(), "{} contains source information", file.name());
        for import in &file.dependency {
            assert!(names.contains(import), "{} imports {import}, which is missing", file.name());
        }
    }
}

#[test]
fn every_element_is_commented() {
    let root = env!("CARGO_MANIFEST_DIR");
    let names: Vec<_> = ours().iter().map(|file| file.name().to_owned()).collect();
    let files = protox::compile(&names, [root]).unwrap().file;
    let uncommented: Vec<_> =
        files.iter().filter(|file| is_ours(file)).flat_map(uncommented_elements).collect();
    assert_eq!(uncommented, Vec::<String>::new(), "elements without a comment");
}

#[test]
fn enum_values_start_at_unspecified_and_have_a_prefix() {
    for file in ours() {
        for declared in &file.enum_type {
            let prefix = format!("{}_", screaming_snake_case(declared.name()));
            let first = &declared.value[0];
            assert_eq!(first.name(), format!("{prefix}UNSPECIFIED"));
            assert_eq!(first.number(), 0);
            for value in &declared.value {
                assert!(value.name().starts_with(&prefix), "{} in {prefix}", value.name());
            }
        }
    }
}

fn compiled() -> Vec<FileDescriptorProto> {
    FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap().file
}

fn ours() -> Vec<FileDescriptorProto> {
    let mut files: Vec<_> = compiled().into_iter().filter(is_ours).collect();
    files.sort_by(|a, b| a.package().cmp(b.package()));
    files
}

fn is_ours(file: &FileDescriptorProto) -> bool {
    !file.package().starts_with("google.")
}

fn describe_file(file: &FileDescriptorProto) -> Vec<String> {
    let mut lines = vec![format!("package {}", file.package())];
    lines.extend(file.service.iter().flat_map(describe_service));
    lines.extend(file.enum_type.iter().flat_map(describe_enum));
    lines.extend(file.message_type.iter().flat_map(describe_message));
    lines.push(String::new());
    lines
}

fn describe_service(service: &ServiceDescriptorProto) -> Vec<String> {
    let mut lines = vec![format!("  service {}", service.name())];
    for method in &service.method {
        let stream = |streams: bool| if streams { "stream " } else { "" };
        lines.push(format!(
            "    {}: {}{} -> {}{}",
            method.name(),
            stream(method.client_streaming()),
            method.input_type(),
            stream(method.server_streaming()),
            method.output_type(),
        ));
    }
    lines
}

fn describe_enum(declared: &EnumDescriptorProto) -> Vec<String> {
    let mut lines = vec![format!("  enum {}", declared.name())];
    for value in &declared.value {
        lines.push(format!("    {} = {}", value.name(), value.number()));
    }
    lines
}

fn describe_message(message: &DescriptorProto) -> Vec<String> {
    assert!(
        message.nested_type.is_empty(),
        "{} has nested types, which are not described",
        message.name()
    );
    assert!(
        message.enum_type.is_empty(),
        "{} has nested types, which are not described",
        message.name()
    );
    let mut lines = vec![format!("  message {}", message.name())];
    lines.extend(message.field.iter().map(|field| describe_field(message, field)));
    lines
}

fn describe_field(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let kind = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().to_owned(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    };
    let label = match field.label() {
        Label::Repeated => "repeated ",
        Label::Optional if field.proto3_optional() => "optional ",
        Label::Optional | Label::Required => "",
    };
    let oneof = match field.oneof_index {
        Some(index) if !field.proto3_optional() => {
            format!(" oneof {}", message.oneof_decl[index as usize].name())
        }
        _ => String::new(),
    };
    format!("    {} = {}: {label}{kind}{oneof}", field.name(), field.number())
}

/// Returns the elements without a comment. Their paths in the source information consist of field
/// numbers of the descriptor messages.
fn uncommented_elements(file: &FileDescriptorProto) -> Vec<String> {
    const MESSAGE: i32 = 4;
    const ENUM: i32 = 5;
    const SERVICE: i32 = 6;
    const MEMBER: i32 = 2;
    const ONEOF: i32 = 8;

    let info = file.source_code_info.as_ref().unwrap();
    let commented: BTreeSet<_> = info
        .location
        .iter()
        .filter(|location| !location.leading_comments().trim().is_empty())
        .map(|location| location.path.clone())
        .collect();

    let mut elements = Vec::new();
    let mut add = |path: &[i32], name: String| elements.push((path.to_vec(), name));
    for (i, message) in (0..).zip(&file.message_type) {
        add(&[MESSAGE, i], message.name().to_owned());
        for (j, field) in (0..).zip(&message.field) {
            let name = format!("{}.{}", message.name(), field.name());
            add(&[MESSAGE, i, MEMBER, j], name);
        }
        for (j, oneof) in (0..).zip(&message.oneof_decl) {
            let synthetic = oneof.name().starts_with('_');
            if !synthetic {
                add(&[MESSAGE, i, ONEOF, j], format!("{}.{}", message.name(), oneof.name()));
            }
        }
    }
    for (i, declared) in (0..).zip(&file.enum_type) {
        add(&[ENUM, i], declared.name().to_owned());
        for (j, value) in (0..).zip(&declared.value) {
            add(&[ENUM, i, MEMBER, j], value.name().to_owned());
        }
    }
    for (i, service) in (0..).zip(&file.service) {
        add(&[SERVICE, i], service.name().to_owned());
        for (j, method) in (0..).zip(&service.method) {
            add(&[SERVICE, i, MEMBER, j], format!("{}.{}", service.name(), method.name()));
        }
    }
    elements.retain(|(path, _)| !commented.contains(path));
    elements.into_iter().map(|(_, name)| format!("{}.{name}", file.package())).collect()
}

fn screaming_snake_case(name: &str) -> String {
    let mut converted = String::new();
    for (i, letter) in name.char_indices() {
        if i > 0 && letter.is_uppercase() {
            converted.push('_');
        }
        converted.extend(letter.to_uppercase());
    }
    converted
}
