//! The role and the database to provision.

use crate::Error;
use postgres_protocol::password::scram_sha_256;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;

/// Longest name that PostgreSQL does not truncate.
const MAX_NAME_BYTES: usize = 63;

/// A role, its database, its password verifier, and the connection options of the role.
pub(super) struct Target {
    pub(super) role: String,
    pub(super) database: String,
    pub(super) verifier: String,
    pub(super) options: PgConnectOptions,
}

/// Returns the verifier that PostgreSQL stores for a password (SCRAM-SHA-256, RFC 5803), so that
/// the password itself is neither sent nor logged. Its salt is random, because no test has to
/// reproduce it.
///
/// Only printable ASCII is accepted, for which the SASLprep of all clients is the identity.
pub(super) fn password_verifier(password: &SecretString) -> Result<String, Error> {
    let password = password.expose_secret().as_bytes();
    let is_printable = password.iter().all(|byte| (0x20..0x7f).contains(byte));
    if password.is_empty() || !is_printable {
        let reason = "expected printable ASCII".to_owned();
        return Err(Error::Setting { name: "DATABASE_PASSWORD", reason });
    }
    Ok(scram_sha_256(password))
}

/// Quotes a name, which must not need escaping.
pub(super) fn quoted(name: &str) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
    if fits && name.bytes().all(allowed) {
        return Ok(format!("\"{name}\""));
    }
    let reason = "expected names of at most 63 characters of a-z, 0-9 and _".to_owned();
    Err(Error::Setting { name: "DATABASE_URL", reason })
}

#[cfg(test)]
mod tests {
    use super::{password_verifier, quoted};
    use secrecy::SecretString;

    #[test]
    fn names_that_need_escaping_are_rejected() {
        assert_eq!(quoted("catalog_db").expect("a name"), "\"catalog_db\"");
        for bad in ["", "a\"; DROP DATABASE b; --", "Über", "UPPER", "a b", &"x".repeat(64)] {
            assert!(quoted(bad).is_err(), "{bad:?}");
        }
    }
    #[test]
    fn non_ascii_and_control_characters_are_rejected_in_passwords() {
        for bad in ["", "pässword", "a\nb", "tab\t"] {
            assert!(password_verifier(&SecretString::from(bad)).is_err(), "{bad:?}");
        }
        let verifier = password_verifier(&SecretString::from("pencil")).expect("a verifier");
        assert!(verifier.starts_with("SCRAM-SHA-256$4096:"), "{verifier}");
    }
}
