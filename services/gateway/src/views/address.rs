//! Postal addresses.

use std::ops::RangeInclusive;

use proto::{common, user};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::check::{Check, Field, FromJson, Wrong};

const LABEL_CHARS: RangeInclusive<usize> = 0..=50;
const PART_CHARS: RangeInclusive<usize> = 1..=200;
const OPTIONAL_PART_CHARS: RangeInclusive<usize> = 0..=200;
const ZIP_CODE_CHARS: RangeInclusive<usize> = 0..=20;

/// Where something can be sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Address {
    /// Whose it is; `""` when not said.
    #[schema(example = "Ada Lovelace")]
    recipient: String,
    /// Street and house number.
    #[schema(example = "1 Main Street")]
    street: String,
    /// City.
    #[schema(example = "Springfield")]
    city: String,
    /// State or province; `""` where there is none.
    #[schema(example = "IL")]
    state: String,
    /// Postal code; `""` where there is none.
    #[schema(example = "62701")]
    zip_code: String,
    /// Country, ISO 3166-1.
    #[schema(pattern = "^[A-Z]{2}$", example = "US")]
    country: String,
}

impl From<common::v1::Address> for Address {
    fn from(address: common::v1::Address) -> Self {
        Self {
            recipient: address.recipient,
            street: address.street,
            city: address.city,
            state: address.state,
            zip_code: address.zip_code,
            country: address.country,
        }
    }
}

/// An address that a client sends.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
pub(crate) struct NewAddress {
    /// Whose it is.
    #[schema(value_type = Option<String>, max_length = 200, example = "Ada Lovelace")]
    #[serde(default)]
    recipient: Field<String>,
    /// Street and house number.
    #[schema(value_type = String, required, min_length = 1, max_length = 200, example = "1 Main Street")]
    #[serde(default)]
    street: Field<String>,
    /// City.
    #[schema(value_type = String, required, min_length = 1, max_length = 200, example = "Springfield")]
    #[serde(default)]
    city: Field<String>,
    /// State or province.
    #[schema(value_type = Option<String>, max_length = 200, example = "IL")]
    #[serde(default)]
    state: Field<String>,
    /// Postal code.
    #[schema(value_type = Option<String>, max_length = 20, example = "62701")]
    #[serde(default)]
    zip_code: Field<String>,
    /// Country: two letters of ISO 3166-1.
    #[schema(value_type = String, required, pattern = "^[A-Za-z]{2}$", example = "US")]
    #[serde(default)]
    country: Field<String>,
}

impl FromJson for NewAddress {
    fn from_json(value: Value) -> Result<Self, Wrong> {
        let wrong = || Wrong::type_of("an object with street, city and country");
        // Serde would also read the fields from a list.
        if !value.is_object() {
            return Err(wrong());
        }
        serde_json::from_value(value).map_err(|_| wrong())
    }
}

impl NewAddress {
    /// The message, when nothing is wrong with it; `name` is where it stands in the body.
    pub(crate) fn read(self, check: &mut Check, name: &str) -> Option<common::v1::Address> {
        let mut part = |part: &str, field: Field<String>, chars: RangeInclusive<usize>| {
            let name = format!("{name}.{part}");
            let needed = *chars.start() > 0;
            let text =
                if needed { check.required(&name, field) } else { check.optional(&name, field) };
            check.line(&name, text, chars)
        };
        let recipient = part("recipient", self.recipient, OPTIONAL_PART_CHARS);
        let street = part("street", self.street, PART_CHARS);
        let city = part("city", self.city, PART_CHARS);
        let state = part("state", self.state, OPTIONAL_PART_CHARS);
        let zip_code = part("zip_code", self.zip_code, ZIP_CODE_CHARS);
        let name = format!("{name}.country");
        let country = check.required(&name, self.country);
        let country = check.country(&name, country);
        Some(common::v1::Address {
            street: street?,
            city: city?,
            state: state.unwrap_or_default(),
            zip_code: zip_code.unwrap_or_default(),
            country: country?,
            recipient: recipient.unwrap_or_default(),
        })
    }
}

/// An address in a customer's book.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedAddress {
    /// The entry.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a30")]
    id: String,
    /// Whose it is.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    user_id: String,
    /// The customer's name for it; `""` when it has none.
    #[schema(example = "Home")]
    label: String,
    /// The address itself.
    address: Address,
    /// Exactly one of a customer's addresses is the default.
    #[schema(example = true)]
    is_default: bool,
}

impl From<user::v1::UserAddress> for SavedAddress {
    fn from(saved: user::v1::UserAddress) -> Self {
        Self {
            id: saved.id,
            user_id: saved.user_id,
            label: saved.label,
            address: saved.address.unwrap_or_default().into(),
            is_default: saved.is_default,
        }
    }
}

/// All addresses of a customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddressList {
    /// All of them, the default one first.
    addresses: Vec<SavedAddress>,
}

impl From<user::v1::ListAddressesResponse> for AddressList {
    fn from(message: user::v1::ListAddressesResponse) -> Self {
        Self { addresses: message.addresses.into_iter().map(SavedAddress::from).collect() }
    }
}

/// An address to be kept, or what one is to become.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct AddressEntry {
    /// The customer's name for it.
    #[schema(value_type = Option<String>, max_length = 50, example = "Home")]
    #[serde(default)]
    label: Field<String>,
    /// The address itself.
    #[schema(value_type = NewAddress, required)]
    #[serde(default)]
    address: Field<NewAddress>,
    /// Makes it the default; the first one is that by itself.
    #[schema(value_type = Option<bool>, default = false, example = true)]
    #[serde(default)]
    is_default: Field<bool>,
}

impl AddressEntry {
    /// The message that adds it, or all that is wrong.
    pub(crate) fn read(
        self,
        check: &mut Check,
        caller: Caller,
    ) -> Option<user::v1::AddAddressRequest> {
        let label = check.optional("label", self.label);
        let label = check.line("label", label, LABEL_CHARS);
        let is_default = check.optional("is_default", self.is_default);
        let address = check.required("address", self.address);
        let address = address.and_then(|address| address.read(check, "address"));
        Some(user::v1::AddAddressRequest {
            user_id: caller.user_id.to_string(),
            label: label.unwrap_or_default(),
            address: Some(address?),
            is_default: is_default.unwrap_or_default(),
        })
    }
}
