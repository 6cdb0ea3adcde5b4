//! Parsing of requests about accounts and profiles.

use proto::user::v1 as pb;
use tonic::Status;
use wire::{Fields, Page};

use super::fields::UserFields as _;
use crate::domain::account::{AccessPatch, ProfilePatch};
use crate::domain::ids::UserId;

/// The maximum length of a search text: a part of an e-mail address or a name.
const MAX_QUERY_CHARS: usize = 254;

pub(super) fn get(request: &pb::GetUserRequest) -> Result<UserId, Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    fields.finish(id)
}

pub(super) fn update(request: &pb::UpdateUserRequest) -> Result<(UserId, ProfilePatch), Status> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let id = f.id("id", &request.id);
    let patch = match &request.profile {
        Some(profile) => patch(f, profile),
        None => f.reject("profile", "is required"),
    };
    fields.finish(id.zip(patch))
}

fn patch(f: &mut Fields, profile: &pb::Profile) -> Option<ProfilePatch> {
    let pb::Profile { first_name, last_name, phone, avatar_url } = profile;
    let first_name = optional(first_name, |text| f.name("profile.first_name", text));
    let last_name = optional(last_name, |text| f.name("profile.last_name", text));
    let phone = optional(phone, |text| f.phone("profile.phone", text));
    let avatar_url = optional(avatar_url, |text| f.picture("profile.avatar_url", text));
    Some(ProfilePatch {
        first_name: first_name?,
        last_name: last_name?,
        phone: phone?,
        avatar_url: avatar_url?,
    })
}

fn optional(
    text: &Option<String>,
    read: impl FnOnce(&str) -> Option<String>,
) -> Option<Option<String>> {
    match text {
        Some(text) => read(text).map(Some),
        None => Some(None),
    }
}

pub(super) fn list(request: &pb::ListUsersRequest) -> Result<(String, Page), Status> {
    let mut fields = Fields::default();
    let query = fields.query_or_empty("query", &request.query, MAX_QUERY_CHARS);
    let page = fields.page(request.pagination.as_ref());
    fields.finish(query.zip(page))
}

pub(super) fn access(
    request: &pb::UpdateUserAccessRequest,
) -> Result<(UserId, AccessPatch), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let role = fields.role_or_none("role", &request.role);
    let patch = role.map(|role| AccessPatch { role, disabled: request.disabled });
    fields.finish(id.zip(patch))
}
