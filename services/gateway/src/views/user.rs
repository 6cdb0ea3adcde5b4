//! Accounts.

use std::ops::RangeInclusive;

use proto::user::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::Pagination;
use crate::auth::Caller;
use crate::check::{Check, Field};

/// Characters of a given or family name.
pub(crate) const NAME_CHARS: RangeInclusive<usize> = 0..=100;
const PHONE_CHARS: RangeInclusive<usize> = 0..=32;
const AVATAR_URL_CHARS: RangeInclusive<usize> = 0..=2_000;
const ROLES: [&str; 2] = ["customer", "admin"];

/// An account.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    /// The account.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    id: String,
    /// Its e-mail address.
    #[schema(example = "ada@example.com")]
    email: String,
    /// `customer` or `admin`.
    #[schema(pattern = "^(customer|admin)$", example = "customer")]
    role: String,
    /// Whether it is kept from signing in.
    #[schema(example = false)]
    disabled: bool,
    /// What it tells of the person.
    profile: Profile,
    /// Since when it exists.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// When it was changed last.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    updated_at: String,
}

/// A person's details; what is not told is `""`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    /// Given name.
    #[schema(example = "Ada")]
    first_name: String,
    /// Family name.
    #[schema(example = "Lovelace")]
    last_name: String,
    /// Telephone number.
    #[schema(example = "+1 555 0100")]
    phone: String,
    /// Address of a picture.
    #[schema(example = "")]
    avatar_url: String,
}

impl From<v1::User> for User {
    fn from(user: v1::User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            role: user.role,
            disabled: user.disabled,
            profile: user.profile.unwrap_or_default().into(),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

impl From<v1::Profile> for Profile {
    fn from(profile: v1::Profile) -> Self {
        Self {
            first_name: profile.first_name.unwrap_or_default(),
            last_name: profile.last_name.unwrap_or_default(),
            phone: profile.phone.unwrap_or_default(),
            avatar_url: profile.avatar_url.unwrap_or_default(),
        }
    }
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserList {
    /// The accounts of this page.
    users: Vec<User>,
    /// Where the page stands.
    pagination: Pagination,
}

impl From<v1::ListUsersResponse> for UserList {
    fn from(v1::ListUsersResponse { users, pagination }: v1::ListUsersResponse) -> Self {
        Self { users: users.into_iter().map(User::from).collect(), pagination: pagination.into() }
    }
}

/// What is to change in a profile; fields that are absent stay as they are.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct ProfileChanges {
    /// Given name.
    #[schema(value_type = String, max_length = 100, example = "Ada")]
    #[serde(default)]
    first_name: Field<String>,
    /// Family name.
    #[schema(value_type = String, max_length = 100, example = "Lovelace")]
    #[serde(default)]
    last_name: Field<String>,
    /// Telephone number; `""` takes it away.
    #[schema(value_type = String, max_length = 32, example = "+1 555 0100")]
    #[serde(default)]
    phone: Field<String>,
    /// Address of a picture, `https://` or `http://`; `""` takes it away.
    #[schema(value_type = String, max_length = 2000, example = "https://example.com/ada.png")]
    #[serde(default)]
    avatar_url: Field<String>,
}

impl ProfileChanges {
    /// The message; what is wrong is noted.
    pub(crate) fn read(self, check: &mut Check, caller: Caller) -> v1::UpdateUserRequest {
        let first_name = check.changed("first_name", self.first_name);
        let last_name = check.changed("last_name", self.last_name);
        let phone = check.changed("phone", self.phone);
        let avatar_url = check.changed("avatar_url", self.avatar_url);
        let profile = v1::Profile {
            first_name: check.line("first_name", first_name, NAME_CHARS),
            last_name: check.line("last_name", last_name, NAME_CHARS),
            phone: check.line("phone", phone, PHONE_CHARS),
            avatar_url: check.line("avatar_url", avatar_url, AVATAR_URL_CHARS),
        };
        v1::UpdateUserRequest { id: caller.user_id.to_string(), profile: Some(profile) }
    }
}

/// What an account may do from now on; fields that are absent stay as they are.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct AccessChanges {
    /// `customer` or `admin`.
    #[schema(value_type = String, pattern = "^(customer|admin)$", example = "admin")]
    #[serde(default)]
    role: Field<String>,
    /// Whether it is kept from signing in; that ends all its sessions.
    #[schema(value_type = bool, example = false)]
    #[serde(default)]
    disabled: Field<bool>,
}

impl AccessChanges {
    /// The message for the account `id`; what is wrong is noted.
    pub(crate) fn read(self, check: &mut Check, id: Uuid) -> v1::UpdateUserAccessRequest {
        let role = check.changed("role", self.role);
        if role.as_ref().is_some_and(|role| !ROLES.contains(&role.as_str())) {
            let detail = format!("must be one of {}", ROLES.join(", "));
            check.fail("role", "unknown_value", detail);
        }
        v1::UpdateUserAccessRequest {
            id: id.to_string(),
            role: role.unwrap_or_default(),
            disabled: check.changed("disabled", self.disabled),
        }
    }
}
