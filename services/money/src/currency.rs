//! ISO 4217 currencies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::Error;

/// A currency in use, identified by its ISO 4217 code in capitals.
///
/// ```
/// use money::Currency;
///
/// let yen: Currency = "JPY".parse()?;
/// assert_eq!(yen.minor_digits(), 0);
/// assert!("usd".parse::<Currency>().is_err());
/// # Ok::<(), money::Error>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Currency(&'static str);

/// The codes of ISO 4217 list one, without funds, metals, bond units and test codes.
const CODES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
    CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW \
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR \
    MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR \
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX \
    USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// The currencies without minor units.
const ZERO_DECIMAL: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";

/// The currencies with 1000 minor units.
const THREE_DECIMAL: &str = "BHD IQD JOD KWD LYD OMR TND";

impl Currency {
    /// The United States dollar, the default of a shop.
    pub const USD: Self = Self("USD");

    /// All currencies, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.split(' ').map(Self)
    }

    /// The ISO 4217 code, such as `USD`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.0
    }

    /// The number of decimal digits: 2 for cents, 0 for yen, 3 for fils.
    #[must_use]
    pub fn minor_digits(&self) -> u8 {
        if find(ZERO_DECIMAL, self.0).is_some() {
            0
        } else if find(THREE_DECIMAL, self.0).is_some() {
            3
        } else {
            2
        }
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self, Error> {
        find(CODES, code)
            .map(Self)
            .ok_or_else(|| Error::UnknownCurrency(code.chars().take(16).collect()))
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Finds a code. Splitting a constant of 154 codes is fast enough and needs no table.
fn find(codes: &'static str, code: &str) -> Option<&'static str> {
    codes.split(' ').find(|&known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_parsed() {
        let codes: Vec<_> = CODES.split(' ').collect();
        assert!(codes.is_sorted_by(|a, b| a < b));
        assert_eq!(codes.len(), 154);
        for code in &codes {
            assert_eq!(code.parse::<Currency>().unwrap().to_string(), *code);
        }
        assert!(Currency::all().map(|currency| currency.code()).eq(codes));
    }

    #[test]
    fn minor_digit_lists_contain_known_codes() {
        for code in ZERO_DECIMAL.split(' ').chain(THREE_DECIMAL.split(' ')) {
            assert!(find(CODES, code).is_some(), "{code}");
        }
        let digits = |code: &str| code.parse::<Currency>().unwrap().minor_digits();
        assert_eq!([digits("USD"), digits("JPY"), digits("KWD")], [2, 0, 3]);
    }

    #[test]
    fn unknown_code_is_rejected() {
        for text in ["", "usd", "US", "USDX", "XYZ", "US ", " US", "E A", "€€€", "AED AFN"] {
            let error = text.parse::<Currency>().unwrap_err();
            assert_eq!(error, Error::UnknownCurrency(text.to_owned()));
        }
    }
}
