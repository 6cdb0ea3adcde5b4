//! The form in which PostgreSQL keeps a password (SCRAM-SHA-256, RFC 5803), so that a password can
//! be set without ever being sent or logged.

use crate::{Env, Error};
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::num::NonZeroU32;

/// PostgreSQL's own number.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("is not zero");

/// `SCRAM-SHA-256$4096:<salt>$<stored key>:<server key>`. Only printable ASCII is taken, for which
/// the preparation of passwords that the RFC asks for changes nothing.
pub(super) fn verifier(password: &str, env: &Env) -> Result<String, Error> {
    let printable = password.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if password.is_empty() || !printable {
        let reason = "expected printable ASCII".to_owned();
        return Err(Error::Setting { name: "DATABASE_PASSWORD", reason });
    }
    Ok(salted(password, &env.bytes::<16>()))
}

fn salted(password: &str, salt: &[u8]) -> String {
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, ITERATIONS, salt, password.as_bytes(), &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client_key = hmac::sign(&key, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let server_key = hmac::sign(&key, b"Server Key");
    format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        BASE64_STANDARD.encode(salt),
        BASE64_STANDARD.encode(stored_key),
        BASE64_STANDARD.encode(server_key),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_is_the_one_of_rfc_7677s_example() {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        assert_eq!(
            salted("pencil", &salt),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==\
             $WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=\
             :wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn passwords_that_would_need_preparation_are_refused() {
        for bad in ["", "pässword", "a\nb", "tab\t"] {
            assert!(verifier(bad, &Env::system()).is_err(), "{bad:?}");
        }
    }
}
