//! The Secrets that the operator generates once for a Storefront, and the settings of components
//! that come from them. The Secrets of databases and datastores are not among them: they follow
//! from [`ComponentInfo::database`](super::ComponentInfo::database) and from the mode of the
//! datastores.

use super::Component;

/// A Secret that the operator generates. Its content never changes: when a user deletes it, the
/// operator generates a new one and updates everything that depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GeneratedSecret {
    /// The keys that sign access tokens: `signing.json`, a JSON Web Key Set with the private key,
    /// and `public.json`, the same set without it.
    SigningKeys,
    /// The password of the first administrator: `password`.
    AdminPassword,
    /// The key with which payment fingerprints requests to recognize repeated ones: `key`.
    FingerprintKey,
    /// The key with which the web shop names its visitors to the gateway: `key`.
    TrustedProxyKey,
}

impl GeneratedSecret {
    /// All generated Secrets.
    pub const ALL: [Self; 4] =
        [Self::SigningKeys, Self::AdminPassword, Self::FingerprintKey, Self::TrustedProxyKey];

    /// Returns the component in the Secret's component label: the one that reads every key.
    #[must_use]
    pub const fn owner(self) -> Component {
        match self {
            Self::SigningKeys | Self::AdminPassword => Component::User,
            Self::FingerprintKey => Component::Payment,
            Self::TrustedProxyKey => Component::Gateway,
        }
    }

    /// Returns the suffix of the Secret's name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::SigningKeys => "signing-keys",
            Self::AdminPassword => "admin-password",
            Self::FingerprintKey => "fingerprint-key",
            Self::TrustedProxyKey => "trusted-proxy-key",
        }
    }
}

/// A setting of a component whose value is in a generated Secret.
#[derive(Clone, Copy, Debug)]
pub struct SecretSetting {
    /// The name of the environment variable.
    pub env: &'static str,
    /// The Secret that contains the value. Not every Storefront has it.
    pub secret: GeneratedSecret,
    /// The key of the value in the Secret.
    pub key: &'static str,
    /// How the component receives the value.
    pub delivery: SecretDelivery,
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

const TRUSTED_PROXY_KEY: SecretSetting = SecretSetting {
    env: "TRUSTED_PROXY_KEY_FILE",
    secret: GeneratedSecret::TrustedProxyKey,
    key: "key",
    delivery: SecretDelivery::File,
};

/// Returns the settings of a component whose values are in generated Secrets.
#[must_use]
pub const fn secrets(component: Component) -> &'static [SecretSetting] {
    match component {
        Component::User => &[
            SecretSetting {
                env: "JWT_SIGNING_KEYS",
                secret: GeneratedSecret::SigningKeys,
                key: "signing.json",
                delivery: SecretDelivery::File,
            },
            SecretSetting {
                env: "ADMIN_PASSWORD",
                secret: GeneratedSecret::AdminPassword,
                key: "password",
                delivery: SecretDelivery::Value { file_env: "ADMIN_PASSWORD_FILE" },
            },
        ],
        Component::Payment => &[SecretSetting {
            env: "FINGERPRINT_KEY",
            secret: GeneratedSecret::FingerprintKey,
            key: "key",
            delivery: SecretDelivery::Value { file_env: "FINGERPRINT_KEY_FILE" },
        }],
        Component::Gateway => &[
            SecretSetting {
                env: "JWT_PUBLIC_KEYS",
                secret: GeneratedSecret::SigningKeys,
                key: "public.json",
                delivery: SecretDelivery::File,
            },
            TRUSTED_PROXY_KEY,
        ],
        Component::Web => &[TRUSTED_PROXY_KEY],
        Component::Catalog
        | Component::Cart
        | Component::Order
        | Component::Shipping
        | Component::Notification => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_of_a_generated_secret_reads_it() {
        for secret in GeneratedSecret::ALL {
            let settings = secrets(secret.owner());
            assert!(settings.iter().any(|setting| setting.secret == secret), "{secret:?}");
        }
    }
}
