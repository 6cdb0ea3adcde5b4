//! Countries.

use celes::Country;

use crate::Fields;

/// Why a text is not a country, as a message for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountryError {
    /// The text is blank.
    #[error("is required")]
    Missing,
    /// `UK`, which ISO 3166-1 reserves and does not assign.
    #[error("must be GB for the United Kingdom")]
    UnitedKingdom,
    /// No country has this code.
    #[error("must be a country of ISO 3166-1, such as US")]
    Unknown,
}

/// Parses the code of a country: two letters of ISO 3166-1 in upper or lower case, or `XK`, which
/// carriers and the European Union use for Kosovo. Returns it in upper case.
///
/// # Errors
/// Fails when no country has this code.
pub fn parse_country(text: &str) -> Result<&'static str, CountryError> {
    match text.trim() {
        "" => Err(CountryError::Missing),
        code if code.eq_ignore_ascii_case("UK") => Err(CountryError::UnitedKingdom),
        code => Country::from_alpha2(code)
            .map(|country| country.alpha2)
            .map_err(|_| CountryError::Unknown),
    }
}

impl Fields {
    /// Validates a country: see [`parse_country`].
    pub fn country(&mut self, field: &str, text: &str) -> Option<String> {
        match parse_country(text) {
            Ok(code) => Some(code.to_owned()),
            Err(error) => self.reject(field, error.to_string()),
        }
    }

    /// Validates the country of an order that exists: two letters in upper or lower case. Countries
    /// change, and orders were accepted by releases that knew others.
    pub(crate) fn order_country(&mut self, field: &str, text: &str) -> Option<String> {
        let code = text.trim().to_ascii_uppercase();
        match code.as_bytes() {
            [] => self.reject(field, CountryError::Missing.to_string()),
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(code),
            _ => self.reject(field, CountryError::Unknown.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_iso_3166_and_kosovo_are_countries() {
        let letters = || 'A'..='Z';
        let codes = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
        let known: Vec<_> = codes.filter(|code| parse_country(code).is_ok()).collect();
        assert_eq!(known.len(), 249 + 1, "those of ISO 3166-1, and XK");
        for code in ["US", "GB", "DE", "CW", "SS", "SX", "BQ", "TW", "XK", "AX"] {
            assert!(known.iter().any(|known| known == code), "{code}");
        }
        assert_eq!(parse_country(" gb\n"), Ok("GB"));
    }

    #[test]
    fn other_codes_are_refused_with_a_hint_for_uk() {
        // Unassigned, user-assigned, exceptionally reserved, and former codes; other standards.
        for text in ["XX", "ZZ", "QQ", "EU", "AN", "YU", "SU", "USA", "840", "U", "ÜS", "Germany"]
        {
            assert_eq!(parse_country(text), Err(CountryError::Unknown), "{text}");
        }
        assert_eq!(parse_country("  "), Err(CountryError::Missing));
        for text in ["UK", "uk "] {
            assert_eq!(parse_country(text), Err(CountryError::UnitedKingdom), "{text}");
        }
        assert!(CountryError::UnitedKingdom.to_string().contains("GB"));
    }
}
