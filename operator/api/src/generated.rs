//! The Secrets that the operator makes up for the shop as a whole, once. Those of databases and
//! stores follow from the component table and from who runs the stores.

use crate::component::Component;
use crate::spec::StorefrontSpec;

/// A Secret that the operator makes up. It is never changed: who deletes it gets another one, and
/// everything that depends on it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generated {
    /// What access tokens are signed with: `signing.json`, a JSON Web Key Set with the private key,
    /// and `public.json`, the same without it.
    SigningKeys,
    /// The first administrator: `password`.
    Admin,
    /// What payment tells repeated requests by: `key`.
    FingerprintKey,
}

impl Generated {
    /// Every one that there is.
    pub const ALL: [Self; 3] = [Self::SigningKeys, Self::Admin, Self::FingerprintKey];

    /// The component that it is labelled as belonging to: the one that knows all of it.
    #[must_use]
    pub const fn owner(self) -> Component {
        match self {
            Self::SigningKeys | Self::Admin => Component::User,
            Self::FingerprintKey => Component::Payment,
        }
    }

    /// The end of its name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::SigningKeys => "signing-keys",
            Self::Admin => "admin-password",
            Self::FingerprintKey => "fingerprint-key",
        }
    }

    /// Whether a Storefront has it.
    #[must_use]
    pub const fn is_wanted(self, spec: &StorefrontSpec) -> bool {
        match self {
            Self::SigningKeys | Self::FingerprintKey => true,
            Self::Admin => spec.auth.admin_email.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_a_secret_belongs_to_reads_it() {
        for secret in Generated::ALL {
            let settings = secret.owner().row().secrets;
            assert!(settings.iter().any(|setting| setting.secret == secret), "{secret:?}");
        }
    }

    #[test]
    fn an_administrator_is_made_only_where_one_is_named() {
        let mut spec = StorefrontSpec::of_version("0.1.0");
        assert!(!Generated::Admin.is_wanted(&spec));
        spec.auth.admin_email = Some("admin@shop.example.com".to_owned());
        assert!(Generated::Admin.is_wanted(&spec));
    }
}
