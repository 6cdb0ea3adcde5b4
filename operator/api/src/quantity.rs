//! Quantities of CPU, memory and storage in the notation of Kubernetes.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::rules;

/// The maximum length of a quantity: enough for `999999999999.999Mi`.
pub const MAX_LENGTH: usize = 20;

/// The suffixes of Kubernetes quantities with their factors, in thousandths, because the smallest
/// suffix stands for thousandths.
const SUFFIXES: [(&str, i128); 13] = [
    ("m", 1),
    ("", 1_000),
    ("k", 1_000 * 1_000),
    ("M", 1_000 * 1_000_000),
    ("G", 1_000 * 1_000_000_000),
    ("T", 1_000 * 1_000_000_000_000),
    ("P", 1_000 * 1_000_000_000_000_000),
    ("Ki", 1_000 << 10),
    ("Mi", 1_000 << 20),
    ("Gi", 1_000 << 30),
    ("Ti", 1_000 << 40),
    ("Pi", 1_000 << 50),
    ("Ei", 1_000 << 60),
];

/// A quantity such as `250m` (CPUs) or `64Mi` (bytes), stored as written. It is always a string,
/// also for whole numbers (`"2"`): the API server can estimate the cost of CEL rules on strings,
/// but not on its int-or-string type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(String);

impl Quantity {
    /// Returns the quantity as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the quantity in thousandths, so that quantities with different suffixes can be
    /// compared; `None` if the text is not a quantity, which the API server's validation excludes.
    #[must_use]
    pub fn millis(&self) -> Option<i128> {
        let end = self.0.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.0.len());
        let (number, suffix) = self.0.split_at(end);
        let (_, factor) = SUFFIXES.iter().find(|(candidate, _)| *candidate == suffix)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.len() > 3 {
            return None;
        }
        let thousandths: i128 = format!("{whole}{fraction:0<3}").parse().ok()?;
        Some(whole_from_thousandths(thousandths.checked_mul(*factor)?))
    }

    /// Multiplies the quantity, in whole bytes (or CPUs). `None` if the text is not a quantity.
    #[must_use]
    pub fn times(&self, factor: i128) -> Option<Self> {
        let units = whole_from_thousandths(self.millis()?.checked_mul(factor)?);
        Some(Self(shortest_binary(units)))
    }
}

/// Rounds up, as Kubernetes does with values that have more digits than it stores.
fn whole_from_thousandths(thousandths: i128) -> i128 {
    (thousandths + 999) / 1_000
}

/// Formats a number of bytes with the largest binary suffix that keeps it a whole number.
fn shortest_binary(units: i128) -> String {
    let mut units = units;
    let mut suffix = "";
    for next in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] {
        if units == 0 || units % 1_024 != 0 {
            break;
        }
        units /= 1_024;
        suffix = next;
    }
    format!("{units}{suffix}")
}

impl From<&str> for Quantity {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": MAX_LENGTH,
            "x-kubernetes-validations": [rules::quantity()],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millis_are_comparable_across_suffixes() {
        let cases = [
            ("1", Some(1_000)),
            ("250m", Some(250)),
            ("0.5", Some(500)),
            ("1.5Gi", Some(1_536 * 1_024 * 1_024 * 1_000)),
            ("16Mi", Some(16 * 1_024 * 1_024 * 1_000)),
            ("2k", Some(2_000_000)),
            ("999999999999.999Ei", Some(999_999_999_999_999 * (1_i128 << 60))),
            ("0.001m", Some(1)),
            ("", None),
            (".5", None),
            ("1.2345", None),
            ("1.2.3", None),
            ("ten", None),
            ("1Zi", None),
            ("-1", None),
        ];
        for (text, millis) in cases {
            assert_eq!(Quantity::from(text).millis(), millis, "{text:?}");
        }
    }

    #[test]
    fn multiple_has_the_largest_whole_suffix() {
        let cases = [("16Mi", 4, "64Mi"), ("256Mi", 4, "1Gi"), ("1000", 3, "3000"), ("0", 4, "0")];
        for (text, factor, expected) in cases {
            assert_eq!(Quantity::from(text).times(factor), Some(Quantity::from(expected)));
        }
    }
}
