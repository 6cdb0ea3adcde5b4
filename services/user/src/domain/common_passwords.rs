//! The most used passwords, which are the first that anyone guesses.
//!
//! `data/common-passwords.txt` has those of the 10,000 most used passwords that have at least 8
//! bytes (shorter ones are refused anyway), in lower case, in the order of their bytes. They are
//! the first 10,000 lines of the list of Royce Williams that Django distributes
//! (`django/contrib/auth/common-passwords.txt.gz` of Django 5.2, BSD-3-Clause), which has the most
//! used first.

use std::sync::LazyLock;

static LIST: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../data/common-passwords.txt").lines().collect());

/// Returns whether a password is one of the most used ones, in any case of its letters.
pub(super) fn contains(password: &str) -> bool {
    LIST.binary_search(&password.to_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_sorted_and_complete() {
        assert_eq!(LIST.len(), 3905);
        assert!(LIST.is_sorted());
        for password in LIST.iter() {
            assert!(password.len() >= 8 && *password == password.to_lowercase(), "{password}");
            assert!(contains(password) && contains(&password.to_uppercase()), "{password}");
        }
    }

    #[test]
    fn other_passwords_are_not_in_the_list() {
        for password in ["", "correct horse battery", "password of ada", "12345678 "] {
            assert!(!contains(password), "{password}");
        }
    }
}
