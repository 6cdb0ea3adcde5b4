//! The Secrets that the operator generates once, with random values. Their content never changes:
//! to replace a password, a user deletes the Secret. The operator generates a new one and updates
//! everything that depends on it.

use k8s_openapi::api::core::v1::Secret;
use storefront_api::StorefrontSpec;
use storefront_api::component::{Component, GeneratedSecret};
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::manifest::manifest;
use crate::{Action, Kind, Object, ObjectId, SecretField, SecretTemplate};

/// Builds all Secrets of the Storefront.
pub(crate) fn secrets(context: &BuildContext<'_>) -> Vec<Object> {
    let mut secrets: Vec<Object> = Component::with_database()
        .map(|(owner, database)| {
            let name = names::database_secret(&context.name, owner);
            credentials(context, name, Part::Component(owner), database.role)
        })
        .collect();
    if context.manages_postgres() {
        let name = names::postgres_admin(&context.name);
        secrets.push(credentials(context, name, Part::Postgres, "postgres"));
    }
    if context.manages_redis() {
        secrets.push(credentials(
            context,
            names::redis_auth(&context.name),
            Part::Redis,
            "default",
        ));
    }
    let present =
        GeneratedSecret::ALL.into_iter().filter(|secret| is_generated(*secret, context.spec));
    secrets.extend(present.map(|secret| generated(context, secret)));
    secrets
}

/// Reports whether a Storefront has this generated Secret.
pub(crate) const fn is_generated(secret: GeneratedSecret, spec: &StorefrontSpec) -> bool {
    match secret {
        GeneratedSecret::SigningKeys
        | GeneratedSecret::FingerprintKey
        | GeneratedSecret::TrustedProxyKey => true,
        GeneratedSecret::AdminPassword => spec.auth.admin_email.is_some(),
    }
}

/// Builds a generated Secret. Its keys are those that the settings in the component table name.
fn generated(context: &BuildContext<'_>, secret: GeneratedSecret) -> Object {
    let fields: &[(&str, SecretField)] = match secret {
        GeneratedSecret::SigningKeys => {
            &[("signing.json", SecretField::SigningKeys), ("public.json", SecretField::PublicKeys)]
        }
        GeneratedSecret::AdminPassword => &[("password", SecretField::Password)],
        GeneratedSecret::FingerprintKey | GeneratedSecret::TrustedProxyKey => {
            &[("key", SecretField::Password)]
        }
    };
    let (name, part) =
        (names::generated_secret(&context.name, secret), Part::Component(secret.owner()));
    create_once(context, name, part, "Opaque", fields)
}

fn credentials(context: &BuildContext<'_>, name: String, part: Part, username: &str) -> Object {
    let fields = [
        ("username", SecretField::Fixed(username.to_owned())),
        ("password", SecretField::Password),
    ];
    create_once(context, name, part, "kubernetes.io/basic-auth", &fields)
}

fn create_once(
    context: &BuildContext<'_>,
    name: String,
    part: Part,
    type_: &str,
    fields: &[(&str, SecretField)],
) -> Object {
    let secret = Secret {
        immutable: Some(true),
        metadata: context.metadata(name.clone(), part),
        type_: Some(type_.to_owned()),
        ..Secret::default()
    };
    let fields = fields.iter().map(|(key, field)| ((*key).to_owned(), field.clone())).collect();
    Object {
        id: ObjectId { kind: Kind::Secret, name },
        action: Action::CreateOnce(SecretTemplate { manifest: manifest(&secret), fields }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_password_is_generated_only_with_an_admin_email() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        assert!(!is_generated(GeneratedSecret::AdminPassword, &spec));
        spec.auth.admin_email = Some("admin@shop.example.com".to_owned());
        assert!(is_generated(GeneratedSecret::AdminPassword, &spec));
    }
}
