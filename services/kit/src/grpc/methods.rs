//! The RPCs that a server implements, read from its descriptors. All other paths share one name in
//! logs and metrics, because callers can invent any path.

use crate::Error;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use std::collections::HashMap;

/// The name of every RPC that does not exist.
const UNKNOWN: &str = "unknown";

/// How many messages an RPC responds with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseKind {
    /// One message.
    Unary,
    /// Any number of messages, until the caller or the server ends the stream.
    Stream,
}

/// A known RPC, or the shared name of all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Method {
    /// `catalog.v1.CatalogService/ListProducts`.
    pub(super) name: String,
    pub(super) response: ResponseKind,
}

/// All known RPCs by name.
#[derive(Debug, Default)]
pub(super) struct Methods(HashMap<String, ResponseKind>);

impl Methods {
    /// Adds the RPCs of an encoded `FileDescriptorSet`.
    pub(super) fn add(&mut self, encoded: &[u8]) -> Result<(), Error> {
        let set =
            FileDescriptorSet::decode(encoded).map_err(|error| Error::Descriptors(error.into()))?;
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
                    let response = match method.server_streaming() {
                        true => ResponseKind::Stream,
                        false => ResponseKind::Unary,
                    };
                    self.0.insert(name, response);
                }
            }
        }
        Ok(())
    }

    /// Finds the RPC of a request path.
    pub(super) fn find(&self, path: &str) -> Method {
        let known = path.strip_prefix('/').and_then(|name| self.0.get_key_value(name));
        match known {
            Some((name, response)) => Method { name: name.clone(), response: *response },
            None => Method { name: UNKNOWN.to_owned(), response: ResponseKind::Unary },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_methods_keep_their_name_and_others_share_one() {
        let mut methods = Methods::default();
        methods.add(tonic_health::pb::FILE_DESCRIPTOR_SET).expect("descriptors");
        let check = methods.find("/grpc.health.v1.Health/Check");
        assert_eq!(check.name, "grpc.health.v1.Health/Check");
        assert_eq!(check.response, ResponseKind::Unary);
        assert_eq!(methods.find("/grpc.health.v1.Health/Watch").response, ResponseKind::Stream);
        for path in ["/", "", "/grpc.health.v1.Health/Invented", "grpc.health.v1.Health/Check"] {
            assert_eq!(methods.find(path).name, UNKNOWN, "{path}");
        }
    }

    #[test]
    fn invalid_descriptors_are_an_error() {
        assert!(Methods::default().add(b"no descriptors").is_err());
    }
}
