//! Accounts and profiles.

use std::ops::RangeInclusive;

use proto::user::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::Pagination;
use crate::auth::Caller;
use crate::validation::{Field, Validator};

/// Characters of a given or family name.
pub(crate) const NAME_CHARS: RangeInclusive<usize> = 0..=100;
const PHONE_CHARS: RangeInclusive<usize> = 0..=32;
const AVATAR_URL_CHARS: RangeInclusive<usize> = 0..=2_000;
const ROLES: [&str; 2] = ["customer", "admin"];

/// An account.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    /// Id of the account.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    id: String,
    /// E-mail address.
    #[schema(example = "ada@example.com")]
    email: String,
    /// Whether the owner has proved to receive mail at the address.
    #[schema(example = true)]
    email_verified: bool,
    /// Role: `customer` or `admin`.
    #[schema(pattern = "^(customer|admin)$", example = "customer")]
    role: String,
    /// Whether the account is disabled and cannot sign in.
    #[schema(example = false)]
    disabled: bool,
    /// Personal details.
    profile: Profile,
    /// Time of creation.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// Time of the last change.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    updated_at: String,
}

/// Personal details; absent ones are `""`.
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
    /// URL of the avatar image.
    #[schema(example = "")]
    avatar_url: String,
}

impl From<v1::User> for User {
    fn from(user: v1::User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            // Absent: an earlier release, whose accounts all count as verified.
            email_verified: user.email_verified.unwrap_or(true),
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
    /// Accounts of this page.
    users: Vec<User>,
    /// Position of the page in the whole list.
    pagination: Pagination,
}

impl From<v1::ListUsersResponse> for UserList {
    fn from(v1::ListUsersResponse { users, pagination }: v1::ListUsersResponse) -> Self {
        Self { users: users.into_iter().map(User::from).collect(), pagination: pagination.into() }
    }
}

/// Changes of a profile; absent fields stay unchanged. Names must not look like links.
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
    /// Telephone number; `""` removes it.
    #[schema(value_type = String, max_length = 32, example = "+1 555 0100")]
    #[serde(default)]
    phone: Field<String>,
    /// URL of the avatar image, `https://` or `http://`; `""` removes it.
    #[schema(value_type = String, max_length = 2000, example = "https://example.com/ada.png")]
    #[serde(default)]
    avatar_url: Field<String>,
}

impl ProfileChanges {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
    ) -> v1::UpdateUserRequest {
        let first_name = validator.changed("first_name", self.first_name);
        let last_name = validator.changed("last_name", self.last_name);
        let phone = validator.changed("phone", self.phone);
        let avatar_url = validator.changed("avatar_url", self.avatar_url);
        let profile = v1::Profile {
            first_name: validator.line("first_name", first_name, NAME_CHARS),
            last_name: validator.line("last_name", last_name, NAME_CHARS),
            phone: validator.line("phone", phone, PHONE_CHARS),
            avatar_url: validator.exact_line("avatar_url", avatar_url, AVATAR_URL_CHARS),
        };
        v1::UpdateUserRequest { id: caller.user_id.to_string(), profile: Some(profile) }
    }
}

/// Changes of the role or the disabled flag of an account; absent fields stay unchanged.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct AccessChanges {
    /// `customer` or `admin`.
    #[schema(value_type = String, pattern = "^(customer|admin)$", example = "admin")]
    #[serde(default)]
    role: Field<String>,
    /// Whether the account is disabled and cannot sign in. Disabling ends all its sessions.
    #[schema(value_type = bool, example = false)]
    #[serde(default)]
    disabled: Field<bool>,
}

impl AccessChanges {
    /// Validates the fields and builds the message for the account `id`.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        id: Uuid,
    ) -> v1::UpdateUserAccessRequest {
        let role = validator.changed("role", self.role);
        if role.as_ref().is_some_and(|role| !ROLES.contains(&role.as_str())) {
            let detail = format!("must be one of {}", ROLES.join(", "));
            validator.fail("role", "unknown_value", detail);
        }
        v1::UpdateUserAccessRequest {
            id: id.to_string(),
            role: role.unwrap_or_default(),
            disabled: validator.changed("disabled", self.disabled),
        }
    }
}
