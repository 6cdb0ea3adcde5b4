//! Field of a JSON body. Its deserialization never fails, so that all invalid fields are reported.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Value of a field in a body.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Field<T> {
    /// The field is absent.
    #[default]
    Absent,
    /// The field is `null`.
    Null,
    /// The field has a value.
    Value(T),
    /// The field has a value of the wrong type or out of range.
    Invalid(InvalidValue),
}

impl<T> Field<T> {
    /// Whether the field is present, even with an invalid value.
    pub(crate) fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

impl<'de, T: FromJson> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Null,
            value => T::from_json(value).map_or_else(Self::Invalid, Self::Value),
        })
    }
}

/// Error of a JSON value that is not valid for its field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidValue {
    /// Position within the field: empty, or such as `[2]`.
    path: String,
    /// Stable error code.
    pub(crate) code: &'static str,
    /// Sentence for people, without its subject.
    pub(crate) detail: String,
}

impl InvalidValue {
    /// Creates the error of a value whose type is not `expected`.
    pub(crate) fn wrong_type(expected: &str) -> Self {
        Self { path: String::new(), code: "wrong_type", detail: format!("must be {expected}") }
    }

    /// Returns the full path of the invalid value in the field `name`.
    pub(crate) fn path_within(&self, name: &str) -> String {
        format!("{name}{}", self.path)
    }
}

/// Type that can be parsed from a JSON value other than `null`.
pub(crate) trait FromJson: Sized {
    /// Parses the value.
    fn from_json(value: Value) -> Result<Self, InvalidValue>;
}

impl FromJson for String {
    fn from_json(value: Value) -> Result<Self, InvalidValue> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(InvalidValue::wrong_type("a string")),
        }
    }
}

impl FromJson for bool {
    fn from_json(value: Value) -> Result<Self, InvalidValue> {
        value.as_bool().ok_or_else(|| InvalidValue::wrong_type("true or false"))
    }
}

/// Accepts whole numbers, also when written as `1.0`, as JSON Schema does.
impl FromJson for i64 {
    fn from_json(value: Value) -> Result<Self, InvalidValue> {
        /// Largest magnitude up to which a double represents every integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let Value::Number(number) = value else {
            return Err(InvalidValue::wrong_type("an integer"));
        };
        if let Some(integer) = number.as_i64() {
            return Ok(integer);
        }
        match number.as_f64() {
            Some(float) if float.fract() != 0.0 => Err(InvalidValue::wrong_type("an integer")),
            #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
            Some(float) if float.abs() <= EXACT => Ok(float as Self),
            _ => Err(InvalidValue {
                path: String::new(),
                code: "out_of_range",
                detail: "is outside the supported range of integers".to_owned(),
            }),
        }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: Value) -> Result<Self, InvalidValue> {
        let Value::Array(items) = value else {
            return Err(InvalidValue::wrong_type("a list"));
        };
        let parse = |(index, item)| {
            T::from_json(item)
                .map_err(|error| InvalidValue { path: format!("[{index}]{}", error.path), ..error })
        };
        items.into_iter().enumerate().map(parse).collect()
    }
}
