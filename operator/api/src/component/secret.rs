//! The Secrets that the operator makes up for the shop as a whole, once. Those of databases and
//! stores follow from the component table and from who runs the stores.

use super::Component;
use crate::spec::StorefrontSpec;

/// A Secret that the operator makes up. It is never changed: who deletes it gets another one, and
/// everything that depends on it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GeneratedSecret {
    /// What access tokens are signed with: `signing.json`, a JSON Web Key Set with the private key,
    /// and `public.json`, the same without it.
    SigningKeys,
    /// The first administrator: `password`.
    AdminPassword,
    /// What payment tells repeated requests by: `key`.
    FingerprintKey,
}

impl GeneratedSecret {
    /// Every one that there is.
    pub const ALL: [Self; 3] = [Self::SigningKeys, Self::AdminPassword, Self::FingerprintKey];

    /// The component that it is labelled as belonging to: the one that knows all of it.
    #[must_use]
    pub const fn owner(self) -> Component {
        match self {
            Self::SigningKeys | Self::AdminPassword => Component::User,
            Self::FingerprintKey => Component::Payment,
        }
    }

    /// The end of its name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::SigningKeys => "signing-keys",
            Self::AdminPassword => "admin-password",
            Self::FingerprintKey => "fingerprint-key",
        }
    }

    /// Whether a Storefront has it.
    #[must_use]
    pub const fn is_wanted(self, spec: &StorefrontSpec) -> bool {
        match self {
            Self::SigningKeys | Self::FingerprintKey => true,
            Self::AdminPassword => spec.auth.admin_email.is_some(),
        }
    }
}

/// How a component receives a secret value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretDelivery {
    /// The environment variable contains the value.
    Value {
        /// The alternative variable that names a file with the value. It is reserved as well.
        file_env: &'static str,
    },
    /// The environment variable contains the path of a file with the value.
    File,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_a_secret_belongs_to_reads_it() {
        for secret in GeneratedSecret::ALL {
            let settings = secret.owner().info().secrets;
            assert!(settings.iter().any(|setting| setting.secret == secret), "{secret:?}");
        }
    }

    #[test]
    fn an_administrator_is_made_only_where_one_is_named() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        assert!(!GeneratedSecret::AdminPassword.is_wanted(&spec));
        spec.auth.admin_email = Some("admin@shop.example.com".to_owned());
        assert!(GeneratedSecret::AdminPassword.is_wanted(&spec));
    }
}
