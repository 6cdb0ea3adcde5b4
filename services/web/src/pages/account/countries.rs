//! The countries to choose from.

use crate::forms::SelectOption;
use crate::locale::Locale;
use crate::messages::{Country, Messages};

/// Returns the choices of a selection.
pub(crate) fn options(m: &Messages) -> Vec<SelectOption> {
    let option = |country: &Country| SelectOption {
        value: country.code.to_owned(),
        label: country.name.to_string(),
    };
    (m.address.countries)().iter().map(option).collect()
}

/// Returns the name of a country, or its code if it is unknown.
pub(crate) fn name(code: &str, m: &Messages) -> String {
    let found = (m.address.countries)().iter().find(|country| country.code == code);
    found.map_or_else(|| code.to_owned(), |country| country.name.to_string())
}

/// The country that is chosen at first.
pub(crate) fn default_for(locale: Locale) -> &'static str {
    match locale {
        Locale::EnUs => "US",
        Locale::EnGb => "GB",
        Locale::DeDe => "DE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_names_in_the_language_of_the_shop() {
        let english = Messages::for_locale(Locale::EnUs);
        let german = Messages::for_locale(Locale::DeDe);
        assert_eq!(name("US", english), "United States of America");
        assert_eq!(name("DE", english), "Germany");
        assert_eq!(name("DE", german), "Deutschland");
        assert_eq!(name("AT", german), "Österreich");
        assert_eq!(name("ZZ", german), "ZZ");
        let labels: Vec<String> = options(german).into_iter().map(|option| option.label).collect();
        assert_eq!(labels[..2], ["Afghanistan", "Ägypten"], "in the order of the language");
        for locale in [Locale::EnUs, Locale::EnGb, Locale::DeDe] {
            let code = default_for(locale);
            assert_ne!(name(code, Messages::for_locale(locale)), code);
        }
    }
}
