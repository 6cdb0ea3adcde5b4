//! Accounts, and what may be done with them.

use jiff::Timestamp;
use wire::Email;

use super::ids::UserId;

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Buys.
    Customer,
    /// Runs the shop.
    Admin,
}

impl Role {
    /// The word for it: in messages, tokens and rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Customer, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}

/// What an account tells of a person. Empty: not told.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Telephone number.
    pub phone: String,
    /// Address of a picture.
    pub avatar_url: String,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// What an update of a profile changes; `None` leaves a field alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// See [`Profile::first_name`].
    pub first_name: Option<String>,
    /// See [`Profile::last_name`].
    pub last_name: Option<String>,
    /// See [`Profile::phone`].
    pub phone: Option<String>,
    /// See [`Profile::avatar_url`].
    pub avatar_url: Option<String>,
}

impl ProfilePatch {
    /// The profile as it is after the update.
    #[must_use]
    pub fn apply(self, profile: Profile) -> Profile {
        let Self { first_name, last_name, phone, avatar_url } = self;
        Profile {
            first_name: first_name.unwrap_or(profile.first_name),
            last_name: last_name.unwrap_or(profile.last_name),
            phone: phone.unwrap_or(profile.phone),
            avatar_url: avatar_url.unwrap_or(profile.avatar_url),
        }
    }
}

/// An account, without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// Where its owner reads mail.
    pub email: Email,
    /// What it may do.
    pub role: Role,
    /// Whether it is kept from signing in.
    pub disabled: bool,
    /// Its owner.
    pub profile: Profile,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it, or its profile, last changed.
    pub updated_at: Timestamp,
}

impl Account {
    /// Whether it can run the shop.
    #[must_use]
    pub fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }
}

/// What an administrator changes about an account; `None` leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessPatch {
    /// See [`Account::role`].
    pub role: Option<Role>,
    /// See [`Account::disabled`].
    pub disabled: Option<bool>,
}

/// Nobody would be left to run the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is the last administrator who can sign in")]
pub struct LastAdmin;

impl AccessPatch {
    /// The account after the change, of a shop in which `others` other administrators can sign in.
    ///
    /// # Errors
    /// When none could any more.
    pub fn apply(self, before: &Account, others: usize) -> Result<Account, LastAdmin> {
        let after = Account {
            role: self.role.unwrap_or(before.role),
            disabled: self.disabled.unwrap_or(before.disabled),
            ..before.clone()
        };
        let lost = before.is_active_admin() && !after.is_active_admin();
        if lost && others == 0 { Err(LastAdmin) } else { Ok(after) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(role: Role, disabled: bool) -> Account {
        Account {
            id: UserId(uuid::Uuid::nil()),
            email: Email::new("ada@example.com").unwrap(),
            role,
            disabled,
            profile: Profile::default(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_last_administrator_stays_one_whatever_the_change() {
        for role in [None, Some(Role::Customer), Some(Role::Admin)] {
            for disabled in [None, Some(false), Some(true)] {
                let patch = AccessPatch { role, disabled };
                let lost = role == Some(Role::Customer) || disabled == Some(true);
                let admin = account(Role::Admin, false);
                assert_eq!(patch.apply(&admin, 0).is_err(), lost, "{patch:?}");
                assert!(patch.apply(&admin, 1).is_ok(), "{patch:?}");
                for other in [account(Role::Customer, false), account(Role::Admin, true)] {
                    assert!(patch.apply(&other, 0).is_ok(), "{patch:?}");
                }
            }
        }
    }

    #[test]
    fn an_update_of_a_profile_leaves_absent_fields_and_clears_empty_ones() {
        let before = Profile {
            first_name: "Ada".into(),
            last_name: "Lovelace".into(),
            phone: "1".into(),
            avatar_url: String::new(),
        };
        let patch = ProfilePatch {
            first_name: Some("Augusta".into()),
            phone: Some(String::new()),
            ..ProfilePatch::default()
        };
        let after = patch.apply(before);
        assert_eq!(
            (&*after.first_name, &*after.last_name, &*after.phone),
            ("Augusta", "Lovelace", "")
        );
    }

    #[test]
    fn roles_have_the_words_of_the_messages() {
        for (role, word) in [(Role::Customer, "customer"), (Role::Admin, "admin")] {
            assert_eq!((role.as_str(), Role::of_word(word)), (word, Some(role)));
        }
        assert_eq!(Role::of_word("Admin"), None);
    }

    #[test]
    fn debug_shows_nothing_of_a_person() {
        let mut ada = account(Role::Customer, false);
        ada.profile.first_name = "Ada".into();
        let shown = format!("{ada:?}");
        assert!(!shown.contains("Ada") && !shown.contains("example.com"), "{shown}");
    }
}
