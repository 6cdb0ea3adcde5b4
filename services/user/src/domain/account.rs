//! Accounts, their roles and profiles.

use jiff::Timestamp;
use wire::Email;

use super::ids::UserId;

/// The role of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Can place orders.
    Customer,
    /// Can administer the shop.
    Admin,
}

impl Role {
    /// Returns the name of the role in messages, tokens and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
        }
    }

    /// Parses the name of a role.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Customer, Self::Admin].into_iter().find(|role| role.as_str() == name)
    }
}

/// Personal data of an account's owner. An empty field was not provided.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Telephone number.
    pub phone: String,
    /// URL of a picture.
    pub avatar_url: String,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// Changes of a profile; `None` keeps a field.
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
    /// Returns the profile with the changes applied.
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

/// An account, without its password hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Unique identifier.
    pub id: UserId,
    /// E-mail address, which is also the sign-in name.
    pub email: Email,
    /// Whether the owner has proved to receive mail at the address.
    pub email_verified: bool,
    /// Role, which decides what the account can do.
    pub role: Role,
    /// Whether sign-in is disabled.
    pub disabled: bool,
    /// Personal data of the owner.
    pub profile: Profile,
    /// When the account was created.
    pub created_at: Timestamp,
    /// When the account or its profile last changed.
    pub updated_at: Timestamp,
}

impl Account {
    /// Returns whether the account can administer the shop.
    #[must_use]
    pub fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }
}

/// Changes of an account's role and status; `None` keeps a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessPatch {
    /// See [`Account::role`].
    pub role: Option<Role>,
    /// See [`Account::disabled`].
    pub disabled: Option<bool>,
}

/// The change would leave no administrator who can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is the last administrator who can sign in")]
pub struct LastAdmin;

impl AccessPatch {
    /// Returns the account with the changes applied. `others` is the number of other
    /// administrators who can sign in.
    ///
    /// # Errors
    /// Returns [`LastAdmin`] if no administrator who can sign in would remain.
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
            email_verified: true,
            role,
            disabled,
            profile: Profile::default(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn last_administrator_cannot_be_removed() {
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
    fn profile_patch_keeps_absent_and_clears_empty_fields() {
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
    fn role_round_trips_through_its_name() {
        for (role, name) in [(Role::Customer, "customer"), (Role::Admin, "admin")] {
            assert_eq!((role.as_str(), Role::parse(name)), (name, Some(role)));
        }
        assert_eq!(Role::parse("Admin"), None);
    }

    #[test]
    fn debug_does_not_reveal_personal_data() {
        let mut ada = account(Role::Customer, false);
        ada.profile.first_name = "Ada".into();
        let shown = format!("{ada:?}");
        assert!(!shown.contains("Ada") && !shown.contains("example.com"), "{shown}");
    }
}
