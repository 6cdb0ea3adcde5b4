//! Postal addresses.

use proto::common::v1 as common;

use crate::Fields;

/// Maximum length of a part of an address, in characters.
const MAX_PART_CHARS: usize = 200;
/// Maximum length of a postal code, in characters.
const MAX_ZIP_CODE_CHARS: usize = 20;

/// A postal address. Street, city and country are not empty; the other parts depend on the country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name of the recipient; may be empty.
    pub recipient: String,
    /// Street and house number.
    pub street: String,
    /// City.
    pub city: String,
    /// State or province; may be empty.
    pub state: String,
    /// Postal code; may be empty, because not every country has them.
    pub zip_code: String,
    /// Country: two letters of ISO 3166-1 or `XK`, in capitals.
    pub country: String,
}

impl Address {
    /// Validates each part and collects all violations. `country` validates the country.
    pub(crate) fn parse(
        fields: &mut Fields,
        field: &str,
        address: &common::Address,
        country: fn(&mut Fields, &str, &str) -> Option<String>,
    ) -> Option<Self> {
        let part = |name: &str| format!("{field}.{name}");
        let recipient =
            fields.line_or_empty(&part("recipient"), &address.recipient, MAX_PART_CHARS);
        let street = fields.line(&part("street"), &address.street, MAX_PART_CHARS);
        let city = fields.line(&part("city"), &address.city, MAX_PART_CHARS);
        let state = fields.line_or_empty(&part("state"), &address.state, MAX_PART_CHARS);
        let zip_code =
            fields.line_or_empty(&part("zip_code"), &address.zip_code, MAX_ZIP_CODE_CHARS);
        let country = country(fields, &part("country"), &address.country);
        Some(Self {
            recipient: recipient?,
            street: street?,
            city: city?,
            state: state?,
            zip_code: zip_code?,
            country: country?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> common::Address {
        common::Address {
            street: " 1 Main Street ".into(),
            city: "Springfield".into(),
            country: "us".into(),
            ..common::Address::default()
        }
    }

    #[test]
    fn address_is_trimmed_and_country_is_upper_case() {
        let mut fields = Fields::default();
        let parsed = fields.address("to", Some(&address())).unwrap();
        assert_eq!(
            (&*parsed.street, &*parsed.country, &*parsed.zip_code),
            ("1 Main Street", "US", "")
        );
    }

    #[test]
    fn address_of_an_order_may_have_a_former_country() {
        let uk = common::Address { country: " uk".into(), ..address() };
        let mut fields = Fields::default();
        assert_eq!(fields.order_address("to", Some(&uk)).unwrap().country, "UK");
        assert_eq!(fields.address("to", Some(&uk)), None);
        for country in ["", "USA", "U1"] {
            let invalid = common::Address { country: country.into(), ..address() };
            assert_eq!(fields.order_address("to", Some(&invalid)), None, "{country}");
        }
    }

    #[test]
    fn every_invalid_part_is_reported() {
        let invalid = common::Address {
            street: String::new(),
            city: "a\nb".into(),
            zip_code: "1".repeat(21),
            country: "USA".into(),
            ..address()
        };
        let mut fields = Fields::default();
        let parsed = fields.address("to", Some(&invalid));
        let status = fields.finish(parsed).unwrap_err();
        let reported: Vec<_> =
            kit::grpc::status::violations_of(&status).into_iter().map(|(field, _)| field).collect();
        assert_eq!(reported, ["to.street", "to.city", "to.zip_code", "to.country"]);
    }
}
