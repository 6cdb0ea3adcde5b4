//! Names of countries.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::countries_de;

/// A country.
#[derive(Debug)]
pub(crate) struct Country {
    /// Code of ISO 3166-1, with two letters.
    pub(crate) code: &'static str,
    pub(crate) name: Cow<'static, str>,
}

/// Returns all countries with their English names, in alphabetical order.
pub(super) fn english() -> &'static [Country] {
    static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
        let countries = celes::Country::get_countries();
        let mut named: Vec<_> = countries
            .iter()
            .map(|country| Country {
                code: country.alpha2,
                name: display_name(country.long_name).into(),
            })
            .collect();
        named.sort_by(|a, b| a.name.cmp(&b.name));
        named
    });
    &COUNTRIES
}

/// Returns all countries with their German names, in alphabetical order.
pub(super) fn german() -> &'static [Country] {
    static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
        let countries = countries_de::COUNTRIES.iter();
        countries.map(|&(code, name)| Country { code, name: name.into() }).collect()
    });
    &COUNTRIES
}

/// Writes the official name as people write it: without the article, with small conjunctions.
fn display_name(long_name: &str) -> String {
    let name = long_name.strip_prefix("The ").unwrap_or(long_name);
    name.replace(" Of ", " of ").replace(" And ", " and ").replace(" The ", " the ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn languages_name_the_same_countries() {
        let codes = |countries: &[Country]| -> BTreeSet<&str> {
            countries.iter().map(|country| country.code).collect()
        };
        assert_eq!(codes(english()), codes(german()));
        assert!(english().len() > 240);
        assert_eq!(codes(german()).len(), german().len());
    }
}
