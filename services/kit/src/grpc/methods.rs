//! The RPCs that a server knows, from its descriptors. What is not among them is one name in logs
//! and metrics, for callers can invent any path.

use crate::Error;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use std::collections::HashMap;

/// The name of every RPC that there is not.
const UNKNOWN: &str = "unknown";

/// How an RPC answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// With one message.
    Once,
    /// With messages for as long as the caller likes.
    Stream,
}

/// A known RPC, or the one name for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rpc {
    /// `catalog.v1.CatalogService/ListProducts`.
    pub(super) name: String,
    pub(super) answers: Answers,
}

/// All known RPCs by name.
#[derive(Debug, Default)]
pub(super) struct Methods(HashMap<String, Answers>);

impl Methods {
    /// Adds the RPCs of an encoded `FileDescriptorSet`.
    pub(super) fn add(&mut self, encoded: &[u8]) -> Result<(), Error> {
        let set =
            FileDescriptorSet::decode(encoded).map_err(|error| Error::Descriptors(error.into()))?;
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
                    let stream = method.server_streaming();
                    let answers = if stream { Answers::Stream } else { Answers::Once };
                    self.0.insert(name, answers);
                }
            }
        }
        Ok(())
    }

    /// The RPC of a request path.
    pub(super) fn of(&self, path: &str) -> Rpc {
        let known = path.strip_prefix('/').and_then(|name| self.0.get_key_value(name));
        match known {
            Some((name, answers)) => Rpc { name: name.clone(), answers: *answers },
            None => Rpc { name: UNKNOWN.to_owned(), answers: Answers::Once },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_rpcs_keep_their_name_and_all_others_share_one() {
        let mut methods = Methods::default();
        methods.add(tonic_health::pb::FILE_DESCRIPTOR_SET).expect("descriptors");
        let check = methods.of("/grpc.health.v1.Health/Check");
        assert_eq!(check.name, "grpc.health.v1.Health/Check");
        assert_eq!(check.answers, Answers::Once);
        assert_eq!(methods.of("/grpc.health.v1.Health/Watch").answers, Answers::Stream);
        for path in ["/", "", "/grpc.health.v1.Health/Invented", "grpc.health.v1.Health/Check"] {
            assert_eq!(methods.of(path).name, UNKNOWN, "{path}");
        }
    }

    #[test]
    fn broken_descriptors_are_an_error() {
        assert!(Methods::default().add(b"no descriptors").is_err());
    }
}
