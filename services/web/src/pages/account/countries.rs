//! The countries to choose from.

use std::sync::LazyLock;

use crate::forms::SelectOption;
use crate::locale::Locale;

/// Code and name of each country, by name.
static COUNTRIES: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let countries = celes::Country::get_countries();
    let mut named: Vec<_> =
        countries.iter().map(|country| (country.alpha2, display_name(country.long_name))).collect();
    named.sort_by(|(_, a), (_, b)| a.cmp(b));
    named
});

/// Returns the choices of a selection.
pub(crate) fn options() -> Vec<SelectOption> {
    let option = |(code, name): &(&str, String)| SelectOption {
        value: (*code).to_owned(),
        label: name.clone(),
    };
    COUNTRIES.iter().map(option).collect()
}

/// Returns the name of a country, or its code if it is unknown.
pub(crate) fn name(code: &str) -> String {
    let found = COUNTRIES.iter().find(|(known, _)| *known == code);
    found.map_or_else(|| code.to_owned(), |(_, name)| name.clone())
}

/// The country that is chosen at first.
pub(crate) fn default_for(locale: Locale) -> &'static str {
    match locale {
        Locale::EnUs => "US",
        Locale::EnGb => "GB",
        Locale::DeDe => "DE",
    }
}

/// Writes the official name as people write it: without the article, with small conjunctions.
fn display_name(long_name: &str) -> String {
    let name = long_name.strip_prefix("The ").unwrap_or(long_name);
    name.replace(" Of ", " of ").replace(" And ", " and ").replace(" The ", " the ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_names_of_daily_use() {
        assert_eq!(name("US"), "United States of America");
        assert_eq!(name("DE"), "Germany");
        assert_eq!(name("ZZ"), "ZZ");
        assert!(options().len() > 240);
        for locale in [Locale::EnUs, Locale::EnGb, Locale::DeDe] {
            assert_ne!(name(default_for(locale)), default_for(locale));
        }
    }
}
