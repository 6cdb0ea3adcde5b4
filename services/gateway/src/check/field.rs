//! One field of a JSON body: read without giving up at the first one that is wrong.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What a body says of one of its fields.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Field<T> {
    /// Nothing.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A value.
    Value(T),
    /// Something that is no value of this field.
    Wrong(Wrong),
}

impl<T> Field<T> {
    /// Whether the body says anything of it, be it wrong.
    pub(crate) fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

impl<'de, T: FromJson> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Null,
            value => T::from_json(value).map_or_else(Self::Wrong, Self::Value),
        })
    }
}

/// Why a JSON value is not a value of a field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Where within the field: empty, or such as `[2]`.
    at: String,
    /// The stable word.
    pub(crate) code: &'static str,
    /// The sentence for people, without its subject.
    pub(crate) detail: String,
}

impl Wrong {
    /// A value of another type than `expected`.
    pub(crate) fn type_of(expected: &str) -> Self {
        Self { at: String::new(), code: "wrong_type", detail: format!("must be {expected}") }
    }

    /// The full name of what is wrong in the field `name`.
    pub(crate) fn within(&self, name: &str) -> String {
        format!("{name}{}", self.at)
    }
}

/// What can be read from a JSON value that is not `null`.
pub(crate) trait FromJson: Sized {
    /// The value, or what is wrong with it.
    fn from_json(value: Value) -> Result<Self, Wrong>;
}

impl FromJson for String {
    fn from_json(value: Value) -> Result<Self, Wrong> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(Wrong::type_of("a string")),
        }
    }
}

impl FromJson for bool {
    fn from_json(value: Value) -> Result<Self, Wrong> {
        value.as_bool().ok_or_else(|| Wrong::type_of("true or false"))
    }
}

/// Whole numbers, also when written as `1.0`, as JSON Schema has it.
impl FromJson for i64 {
    fn from_json(value: Value) -> Result<Self, Wrong> {
        /// Above this a double does not tell neighbours apart.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let Value::Number(number) = value else {
            return Err(Wrong::type_of("an integer"));
        };
        if let Some(integer) = number.as_i64() {
            return Ok(integer);
        }
        match number.as_f64() {
            Some(float) if float.fract() != 0.0 => Err(Wrong::type_of("an integer")),
            #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
            Some(float) if float.abs() <= EXACT => Ok(float as Self),
            _ => Err(Wrong {
                at: String::new(),
                code: "out_of_range",
                detail: "is beyond what a number can be here".to_owned(),
            }),
        }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: Value) -> Result<Self, Wrong> {
        let Value::Array(items) = value else {
            return Err(Wrong::type_of("a list"));
        };
        let read = |(index, item)| {
            T::from_json(item)
                .map_err(|wrong| Wrong { at: format!("[{index}]{}", wrong.at), ..wrong })
        };
        items.into_iter().enumerate().map(read).collect()
    }
}
