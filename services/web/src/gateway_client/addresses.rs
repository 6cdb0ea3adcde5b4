//! `/addresses`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Call, CallError, GatewayClient};

/// A postal address; absent parts are `""`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Address {
    pub(crate) recipient: String,
    pub(crate) street: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip_code: String,
    pub(crate) country: String,
}

/// An address of the address book.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SavedAddress {
    pub(crate) id: Uuid,
    pub(crate) address: Address,
    pub(crate) is_default: bool,
}

/// An address to save.
#[derive(Debug, Serialize)]
pub(crate) struct AddressEntry {
    pub(crate) address: Address,
    pub(crate) is_default: bool,
}

#[derive(Deserialize)]
struct AddressList {
    addresses: Vec<SavedAddress>,
}

impl GatewayClient {
    /// Lists the address book, the default first.
    pub(crate) async fn addresses(&self) -> Result<Vec<SavedAddress>, CallError> {
        let list: AddressList = self.signed_in(Call::get("/addresses")).await?;
        Ok(list.addresses)
    }

    /// Saves an address.
    pub(crate) async fn add_address(
        &self,
        entry: &AddressEntry,
    ) -> Result<SavedAddress, CallError> {
        self.signed_in(Call::post("/addresses").json(entry)).await
    }

    /// Replaces an address.
    pub(crate) async fn replace_address(
        &self,
        id: Uuid,
        entry: &AddressEntry,
    ) -> Result<(), CallError> {
        self.signed_in_unit(Call::put(format!("/addresses/{id}")).json(entry)).await
    }

    /// Deletes an address.
    pub(crate) async fn delete_address(&self, id: Uuid) -> Result<(), CallError> {
        self.signed_in_unit(Call::delete(format!("/addresses/{id}"))).await
    }
}
