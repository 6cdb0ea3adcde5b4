//! Postal addresses and the address book.

use std::ops::RangeInclusive;

use proto::{common, user};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::validation::{Field, FromJson, InvalidValue, Validator};

const LABEL_CHARS: RangeInclusive<usize> = 0..=50;
const PART_CHARS: RangeInclusive<usize> = 1..=200;
const OPTIONAL_PART_CHARS: RangeInclusive<usize> = 0..=200;
const ZIP_CODE_CHARS: RangeInclusive<usize> = 0..=20;

/// A postal address.
#[derive(Serialize, ToSchema)]
pub(crate) struct Address {
    /// Name of the recipient; `""` if absent.
    #[schema(example = "Ada Lovelace")]
    recipient: String,
    /// Street and house number.
    #[schema(example = "1 Main Street")]
    street: String,
    /// City.
    #[schema(example = "Springfield")]
    city: String,
    /// State or province; `""` if absent.
    #[schema(example = "IL")]
    state: String,
    /// Postal code; `""` if absent.
    #[schema(example = "62701")]
    zip_code: String,
    /// Country, ISO 3166-1, or `XK` for Kosovo.
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

/// A postal address in a request.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
pub(crate) struct NewAddress {
    /// Name of the recipient.
    #[schema(value_type = Option<String>, max_length = 200, example = "Ada Lovelace")]
    #[serde(default)]
    recipient: Field<String>,
    /// Street and house number.
    #[schema(
        value_type = String, required, min_length = 1, max_length = 200, example = "1 Main Street"
    )]
    #[serde(default)]
    street: Field<String>,
    /// City.
    #[schema(
        value_type = String, required, min_length = 1, max_length = 200, example = "Springfield"
    )]
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
    /// Country: two letters of ISO 3166-1, or `XK` for Kosovo.
    #[schema(value_type = String, required, pattern = "^[A-Za-z]{2}$", example = "US")]
    #[serde(default)]
    country: Field<String>,
}

impl FromJson for NewAddress {
    fn from_json(value: Value) -> Result<Self, InvalidValue> {
        let wrong_type = || InvalidValue::wrong_type("an object with street, city and country");
        // Serde would also accept the fields as a list.
        if !value.is_object() {
            return Err(wrong_type());
        }
        serde_json::from_value(value).map_err(|_| wrong_type())
    }
}

impl NewAddress {
    /// Validates the fields and builds the message. `name` is the path of the address in the body.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        name: &str,
    ) -> Option<common::v1::Address> {
        let mut part = |part: &str, field: Field<String>, chars: RangeInclusive<usize>| {
            let name = format!("{name}.{part}");
            let is_required = *chars.start() > 0;
            let text = if is_required {
                validator.required(&name, field)
            } else {
                validator.optional(&name, field)
            };
            validator.line(&name, text, chars)
        };
        let recipient = part("recipient", self.recipient, OPTIONAL_PART_CHARS);
        let street = part("street", self.street, PART_CHARS);
        let city = part("city", self.city, PART_CHARS);
        let state = part("state", self.state, OPTIONAL_PART_CHARS);
        let zip_code = part("zip_code", self.zip_code, ZIP_CODE_CHARS);
        let name = format!("{name}.country");
        let country = validator.required(&name, self.country);
        let country = validator.country(&name, country);
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

/// An entry of a customer's address book.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedAddress {
    /// Id of the address.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a30")]
    id: String,
    /// Id of the customer's account.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    user_id: String,
    /// The customer's label for the address; `""` if absent.
    #[schema(example = "Home")]
    label: String,
    /// The postal address.
    address: Address,
    /// Whether this is the default. Exactly one of a customer's addresses is the default.
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
    /// All addresses, the default first.
    addresses: Vec<SavedAddress>,
}

impl From<user::v1::ListAddressesResponse> for AddressList {
    fn from(message: user::v1::ListAddressesResponse) -> Self {
        Self { addresses: message.addresses.into_iter().map(SavedAddress::from).collect() }
    }
}

/// A new or replaced entry of the address book.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct AddressEntry {
    /// The customer's label for the address.
    #[schema(value_type = Option<String>, max_length = 50, example = "Home")]
    #[serde(default)]
    label: Field<String>,
    /// The postal address.
    #[schema(value_type = NewAddress, required)]
    #[serde(default)]
    address: Field<NewAddress>,
    /// Whether to make it the default. The first address is always the default.
    #[schema(value_type = Option<bool>, default = false, example = true)]
    #[serde(default)]
    is_default: Field<bool>,
}

impl AddressEntry {
    /// Validates the fields and builds the message that adds the address.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
    ) -> Option<user::v1::AddAddressRequest> {
        let label = validator.optional("label", self.label);
        let label = validator.line("label", label, LABEL_CHARS);
        let is_default = validator.optional("is_default", self.is_default);
        let address = validator.required("address", self.address);
        let address = address.and_then(|address| address.validate(validator, "address"));
        Some(user::v1::AddAddressRequest {
            user_id: caller.user_id.to_string(),
            label: label.unwrap_or_default(),
            address: Some(address?),
            is_default: is_default.unwrap_or_default(),
        })
    }
}
