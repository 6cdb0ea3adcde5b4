//! Secret settings: a value, or a file that contains it. The file takes precedence, because it is
//! not visible in the environment and can be replaced while the process runs.

use crate::Error;
use aws_lc_rs::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use std::fs;
use std::path::Path;

/// Maximum size of a secret. A larger file is not the intended one.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads the secret of the setting `name`, from `file` or else from `value`; `None` when neither is
/// set. Whitespace around the text of a file is removed.
///
/// # Errors
/// When the file cannot be read, is empty, or is larger than 64 KiB.
pub fn read(
    name: &'static str,
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, Error> {
    let Some(path) = file else { return Ok(value.cloned()) };
    let unreadable = |source| Error::ReadFile { name, path: path.to_owned(), source };
    let invalid = |problem: &str| Error::Setting {
        name,
        reason: format!("the file {} is {problem}", path.display()),
    };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
        return Err(invalid("too large"));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    match text.trim() {
        "" => Err(invalid("empty")),
        secret => Ok(Some(SecretString::from(secret))),
    }
}

/// [`read`] for a required secret.
///
/// # Errors
/// As [`read`], and when neither a value nor a file is set.
pub fn require(
    name: &'static str,
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<SecretString, Error> {
    read(name, value, file)?.ok_or_else(|| Error::Setting {
        name,
        reason: format!("is not set; give {name} or {name}_FILE"),
    })
}

/// Derives the secret `name` from another one (HMAC-SHA-256), as 64 hexadecimal digits. The result
/// is deterministic and reveals neither the other secret nor further derived ones.
#[must_use]
pub fn derive(from: &SecretString, name: &str) -> SecretString {
    let key = hmac::Key::new(hmac::HMAC_SHA256, from.expose_secret().as_bytes());
    let tag = hmac::sign(&key, name.as_bytes());
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    SecretString::from(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file
    }

    #[test]
    fn file_takes_precedence_and_is_trimmed() {
        let value = SecretString::from("value");
        let file = file("from-file\n");
        let read = |file: Option<&Path>| {
            let secret = require("SECRET", Some(&value), file).expect("a secret");
            secret.expose_secret().to_owned()
        };
        assert_eq!(read(Some(file.path())), "from-file");
        assert_eq!(read(None), "value");
    }

    #[test]
    fn derived_secret_matches_rfc_4231_and_differs_by_name() {
        let from = SecretString::from("Jefe");
        let derived = derive(&from, "what do ya want for nothing?");
        assert_eq!(
            derived.expose_secret(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_ne!(derive(&from, "another").expose_secret(), derived.expose_secret());
    }

    #[test]
    fn missing_or_empty_secret_names_the_setting() {
        let absent = require("SECRET", None, None).expect_err("nothing is set");
        assert_eq!(absent.to_string(), "SECRET: is not set; give SECRET or SECRET_FILE");
        let empty = require("SECRET", None, Some(file(" \n").path())).expect_err("empty");
        assert!(empty.to_string().ends_with("is empty"), "{empty}");
        let missing = require("SECRET", None, Some(Path::new("/nowhere"))).expect_err("no file");
        assert_eq!(missing.to_string(), "SECRET: cannot read /nowhere");
    }
}
