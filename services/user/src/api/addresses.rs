//! Parsing of requests about address books.

use kit::Env;
use proto::user::v1 as pb;
use tonic::Status;
use wire::Fields;

use crate::domain::address_book::Entry;
use crate::domain::ids::{AddressId, UserId};
use crate::transactions::addresses::Update;

const MAX_LABEL_CHARS: usize = 50;

pub(super) fn add_address(request: &pb::AddAddressRequest, env: &Env) -> Result<Entry, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", &request.user_id);
    let label = fields.line_or_empty("label", &request.label, MAX_LABEL_CHARS);
    let address = fields.address("address", request.address.as_ref());
    let read = || {
        Some(Entry {
            id: env.uuid().into(),
            user: user?,
            label: label?,
            address: address?,
            is_default: request.is_default,
            created_at: env.now(),
        })
    };
    fields.finish(read())
}

pub(super) fn update_address(request: &pb::UpdateAddressRequest) -> Result<Update, Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let user = fields.id("user_id", &request.user_id);
    let label = fields.line_or_empty("label", &request.label, MAX_LABEL_CHARS);
    let address = fields.address("address", request.address.as_ref());
    let read = || {
        let is_default = request.is_default;
        Some(Update { id: id?, user: user?, label: label?, address: address?, is_default })
    };
    fields.finish(read())
}

pub(super) fn delete_address(
    request: &pb::DeleteAddressRequest,
) -> Result<(UserId, AddressId), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let user = fields.id("user_id", &request.user_id);
    fields.finish(user.zip(id))
}
