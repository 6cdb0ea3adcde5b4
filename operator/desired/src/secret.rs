//! The Secrets that are made once, by chance. They are never changed: who wants another password
//! deletes the Secret, and everything that depends on it follows the new one.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use storefront_api::component::Component;
use storefront_api::names::{self, Part};

use crate::manifest::manifest;
use crate::shop::Shop;
use crate::{Action, Kind, Object, ObjectId, SecretField, SecretRecipe};

/// Every Secret of the shop.
pub(crate) fn secrets(shop: &Shop<'_>) -> Vec<Object> {
    let mut secrets: Vec<Object> = Component::with_database()
        .map(|(owner, database)| {
            let name = names::database_secret(&shop.name, owner);
            credentials(shop, name, Part::Component(owner), database.role)
        })
        .collect();
    if shop.manages_postgres() {
        let name = names::postgres_admin(&shop.name);
        secrets.push(credentials(shop, name, Part::Postgres, "postgres"));
    }
    if shop.manages_redis() {
        secrets.push(credentials(shop, names::redis_auth(&shop.name), Part::Redis, "default"));
    }
    secrets
}

fn credentials(shop: &Shop<'_>, name: String, part: Part, username: &str) -> Object {
    let secret = Secret {
        immutable: Some(true),
        metadata: shop.metadata(name.clone(), part),
        type_: Some("kubernetes.io/basic-auth".to_owned()),
        ..Secret::default()
    };
    let fields = BTreeMap::from([
        ("username".to_owned(), SecretField::Fixed(username.to_owned())),
        ("password".to_owned(), SecretField::Password),
    ]);
    Object {
        id: ObjectId { kind: Kind::Secret, name },
        action: Action::CreateOnce(SecretRecipe { manifest: manifest(&secret), fields }),
    }
}
