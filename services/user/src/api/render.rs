//! Conversion of domain types to gRPC responses.

use proto::user::v1 as pb;
use wire::Page;

use crate::accounts::SignedIn;
use crate::domain::account::{Account, Profile, Role};
use crate::domain::address_book::Entry;
use crate::domain::ids::UserId;
use crate::store::wishlist::WishlistItem;

pub(super) fn signed_in(signed_in: SignedIn) -> pb::AuthResponse {
    let SignedIn { account, access_token, refresh_token, expires_in_secs } = signed_in;
    pb::AuthResponse {
        access_token,
        refresh_token,
        user: Some(user(account)),
        expires_in: expires_in_secs,
    }
}

pub(super) fn user(account: Account) -> pb::User {
    let Account { id, email, email_verified, role, disabled, profile, created_at, updated_at } =
        account;
    let Profile { first_name, last_name, phone, avatar_url } = profile;
    pb::User {
        id: id.to_string(),
        email: email.as_str().to_owned(),
        role: role.as_str().to_owned(),
        profile: Some(pb::Profile {
            first_name: Some(first_name),
            last_name: Some(last_name),
            phone: Some(phone),
            avatar_url: Some(avatar_url),
        }),
        created_at: created_at.to_string(),
        updated_at: updated_at.to_string(),
        disabled,
        email_verified: Some(email_verified),
    }
}

pub(super) fn users((accounts, total): (Vec<Account>, i64), page: Page) -> pb::ListUsersResponse {
    pb::ListUsersResponse {
        users: accounts.into_iter().map(user).collect(),
        pagination: Some(wire::render::page(page, total)),
    }
}

pub(super) fn validated(token: Option<(UserId, Role)>) -> pb::ValidateTokenResponse {
    match token {
        Some((user, role)) => pb::ValidateTokenResponse {
            valid: true,
            user_id: user.to_string(),
            role: role.as_str().to_owned(),
        },
        None => pb::ValidateTokenResponse::default(),
    }
}

pub(super) fn session(role: Option<Role>) -> pb::VerifySessionResponse {
    let active = role.is_some();
    let role = role.map_or("", Role::as_str).to_owned();
    pb::VerifySessionResponse { active, role }
}

pub(super) fn address(entry: Entry) -> pb::UserAddress {
    let Entry { id, user, label, address, is_default, created_at: _ } = entry;
    pb::UserAddress {
        id: id.to_string(),
        user_id: user.to_string(),
        label,
        address: Some(wire::render::address(address)),
        is_default,
    }
}

pub(super) fn item(item: WishlistItem) -> pb::WishlistItem {
    let WishlistItem { id, product, added_at } = item;
    pb::WishlistItem {
        id: id.to_string(),
        product_id: product.to_string(),
        added_at: added_at.to_string(),
    }
}
