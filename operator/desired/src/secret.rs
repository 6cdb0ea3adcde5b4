//! The Secrets that are made once, by chance. They are never changed: who wants another password
//! deletes the Secret, and everything that depends on it follows the new one.

use k8s_openapi::api::core::v1::Secret;
use storefront_api::component::Component;
use storefront_api::generated::Generated;
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
    let wanted = Generated::ALL.into_iter().filter(|secret| secret.is_wanted(shop.spec));
    secrets.extend(wanted.map(|secret| generated(shop, secret)));
    secrets
}

/// What is in it is named in the component table, by the settings that come from there.
fn generated(shop: &Shop<'_>, secret: Generated) -> Object {
    let fields: &[(&str, SecretField)] = match secret {
        Generated::SigningKeys => {
            &[("signing.json", SecretField::SigningKeys), ("public.json", SecretField::PublicKeys)]
        }
        Generated::Admin => &[("password", SecretField::Password)],
        Generated::FingerprintKey => &[("key", SecretField::Password)],
    };
    let (name, part) = (names::generated(&shop.name, secret), Part::Component(secret.owner()));
    made_once(shop, name, part, "Opaque", fields)
}

fn credentials(shop: &Shop<'_>, name: String, part: Part, username: &str) -> Object {
    let fields = [
        ("username", SecretField::Fixed(username.to_owned())),
        ("password", SecretField::Password),
    ];
    made_once(shop, name, part, "kubernetes.io/basic-auth", &fields)
}

fn made_once(
    shop: &Shop<'_>,
    name: String,
    part: Part,
    type_: &str,
    fields: &[(&str, SecretField)],
) -> Object {
    let secret = Secret {
        immutable: Some(true),
        metadata: shop.metadata(name.clone(), part),
        type_: Some(type_.to_owned()),
        ..Secret::default()
    };
    let fields = fields.iter().map(|(key, field)| ((*key).to_owned(), field.clone())).collect();
    Object {
        id: ObjectId { kind: Kind::Secret, name },
        action: Action::CreateOnce(SecretRecipe { manifest: manifest(&secret), fields }),
    }
}
