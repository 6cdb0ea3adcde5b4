//! The form of an address, in the address book and in the checkout.

use serde::Deserialize;

use super::countries;
use crate::forms::{Checkbox, Field, FormErrors};
use crate::gateway_client::{Address, AddressEntry};
use crate::locale::Locale;
use crate::messages::Messages;

/// A submitted address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AddressForm {
    recipient: String,
    street: String,
    city: String,
    state: String,
    zip_code: String,
    country: String,
    is_default: Checkbox,
}

/// The fields of the form. `templates/components/address_form.html` renders them.
pub(crate) struct AddressFields {
    pub(crate) fields: Vec<Field>,
    pub(crate) is_default: bool,
    pub(crate) errors: FormErrors,
}

impl AddressForm {
    /// An empty form.
    pub(crate) fn empty(locale: Locale) -> Self {
        Self { country: countries::default_for(locale).to_owned(), ..Self::default() }
    }

    /// The form of a saved address.
    pub(crate) fn from_saved(address: &Address, is_default: bool) -> Self {
        let Address { recipient, street, city, state, zip_code, country } = address.clone();
        let is_default = Checkbox(is_default);
        Self { recipient, street, city, state, zip_code, country, is_default }
    }

    /// Returns the address to save.
    pub(crate) fn entry(&self) -> AddressEntry {
        let text = |text: &str| text.trim().to_owned();
        AddressEntry {
            address: Address {
                recipient: text(&self.recipient),
                street: text(&self.street),
                city: text(&self.city),
                state: text(&self.state),
                zip_code: text(&self.zip_code),
                country: self.country.clone(),
            },
            is_default: self.is_default.0,
        }
    }

    /// Returns the fields with these values.
    pub(crate) fn fields(&self, m: &Messages, errors: FormErrors) -> AddressFields {
        let a = &m.address;
        let fields = [
            Field::text("recipient", a.recipient).autocomplete("name").value(&self.recipient),
            Field::text("street", a.street).autocomplete("address-line1").value(&self.street),
            Field::text("city", a.city).autocomplete("address-level2").value(&self.city),
            Field::text("state", a.state)
                .optional()
                .autocomplete("address-level1")
                .value(&self.state),
            Field::text("zip_code", a.zip_code)
                .optional()
                .max_length(20)
                .autocomplete("postal-code")
                .value(&self.zip_code),
            Field::select("country", a.country, countries::options(m))
                .autocomplete("country")
                .value(&self.country),
        ];
        AddressFields {
            fields: fields.map(|field| field.error(&errors)).to_vec(),
            is_default: self.is_default.0,
            errors,
        }
    }
}

/// Returns the lines of an address, as on a parcel.
pub(crate) fn address_lines(address: &Address, m: &Messages) -> Vec<String> {
    let place = [&address.city, &address.state, &address.zip_code];
    let place = place.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>();
    let lines = [
        address.recipient.clone(),
        address.street.clone(),
        place.join(", "),
        countries::name(&address.country, m),
    ];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_parts_have_no_line() {
        let address = Address {
            street: "1 Main Street".into(),
            city: "Springfield".into(),
            zip_code: "62701".into(),
            country: "US".into(),
            ..Address::default()
        };
        assert_eq!(
            address_lines(&address, Messages::for_locale(Locale::EnUs)),
            ["1 Main Street", "Springfield, 62701", "United States of America"]
        );
        let german = address_lines(&address, Messages::for_locale(Locale::DeDe));
        assert_eq!(german.last().map(String::as_str), Some("Vereinigte Staaten"));
    }
}
