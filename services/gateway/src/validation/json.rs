//! Parser of JSON bodies that refuses what `serde_json` accepts silently: duplicated keys, of which
//! the last value would win, and values of any size and depth.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Maximum number of keys and list items in a body, at all depths. It bounds the memory of a parsed
/// body; the largest valid one has a few dozen.
pub(super) const MAX_VALUES: usize = 500;

/// Maximum depth of a body: the object is 1. The deepest valid one is 3.
pub(super) const MAX_DEPTH: usize = 16;

/// Maximum number of reported duplicates.
const MAX_DUPLICATES: usize = 50;

/// Maximum length of a reported path, in characters: its keys are the client's.
const MAX_PATH_CHARS: usize = 200;

/// Error of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JsonError {
    /// The text is not JSON.
    Syntax {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// These keys occur more than once; their paths, as in the errors of fields.
    Duplicates(Vec<String>),
    /// The body has more than [`MAX_DEPTH`] levels.
    TooDeep,
    /// The body has more than [`MAX_VALUES`] keys and list items.
    TooManyValues,
}

/// Parses a JSON text.
///
/// # Errors
/// Fails if the text is not JSON, has a duplicated key at any depth, or exceeds a bound.
pub(super) fn parse(text: &[u8]) -> Result<Value, JsonError> {
    let mut reader = Reader::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Node(&mut reader).deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    match (reader.exceeded, value) {
        (Some(exceeded), _) => Err(exceeded),
        (None, Err(error)) => Err(JsonError::Syntax { line: error.line(), column: error.column() }),
        (None, Ok(_)) if !reader.duplicates.is_empty() => {
            Err(JsonError::Duplicates(reader.duplicates))
        }
        (None, Ok(value)) => Ok(value),
    }
}

/// State of a parse.
#[derive(Default)]
struct Reader {
    /// Path of the current value.
    path: Vec<Segment>,
    /// Keys and list items so far.
    values: usize,
    duplicates: Vec<String>,
    /// The bound that ended the parse.
    exceeded: Option<JsonError>,
}

enum Segment {
    Key(String),
    Index(usize),
}

impl Reader {
    /// Opens an object or a list, unless it is too deep.
    fn open<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.path.len() < MAX_DEPTH {
            return Ok(());
        }
        self.exceeded = Some(JsonError::TooDeep);
        Err(E::custom("the body exceeds a bound"))
    }

    /// Enters the value of a key or a list item, unless there are too many.
    fn enter<E: serde::de::Error>(&mut self, segment: Segment) -> Result<(), E> {
        self.values += 1;
        self.path.push(segment);
        if self.values <= MAX_VALUES {
            return Ok(());
        }
        self.exceeded = Some(JsonError::TooManyValues);
        Err(E::custom("the body exceeds a bound"))
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    /// Records the current path as a duplicate, once.
    fn add_duplicate(&mut self) {
        let path = self.path_text();
        if self.duplicates.len() < MAX_DUPLICATES && !self.duplicates.contains(&path) {
            self.duplicates.push(path);
        }
    }

    /// The current path, such as `price.currency` or `items[2].id`, shortened if it is too long.
    fn path_text(&self) -> String {
        let mut path = String::new();
        for segment in &self.path {
            match segment {
                Segment::Key(key) if path.is_empty() => path.push_str(key),
                Segment::Key(key) => path.extend([".", key]),
                Segment::Index(index) => path.extend(["[", &index.to_string(), "]"]),
            }
        }
        match path.char_indices().nth(MAX_PATH_CHARS) {
            Some((end, _)) => format!("{}…", &path[..end]),
            None => path,
        }
    }
}

/// Reads one value, with everything in it.
struct Node<'a>(&'a mut Reader);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Self(reader) = self;
        reader.open::<A::Error>()?;
        let mut list = Vec::new();
        loop {
            let item = Item { reader: &mut *reader, index: list.len() };
            let Some(item) = items.next_element_seed(item)? else { return Ok(Value::Array(list)) };
            list.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let Self(reader) = self;
        reader.open::<A::Error>()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            reader.enter::<A::Error>(Segment::Key(key.clone()))?;
            if object.contains_key(&key) {
                reader.add_duplicate();
            }
            let value = members.next_value_seed(Node(&mut *reader))?;
            reader.leave();
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// Reads an item of a list, if there is one.
struct Item<'a> {
    reader: &'a mut Reader,
    index: usize,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Self { reader, index } = self;
        reader.enter::<D::Error>(Segment::Index(index))?;
        let value = Node(&mut *reader).deserialize(deserializer)?;
        reader.leave();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{JsonError, MAX_DEPTH, MAX_DUPLICATES, MAX_VALUES, parse};

    fn duplicates(text: &str) -> Vec<String> {
        match parse(text.as_bytes()) {
            Ok(_) => Vec::new(),
            Err(JsonError::Duplicates(paths)) => paths,
            Err(error) => panic!("{text}: {error:?}"),
        }
    }

    #[test]
    fn value_equals_that_of_serde_json() {
        let text = r#" {"a": [1, -2, 3.5, 1e3, 18446744073709551615, true, null, "é\n"],
            "b": {"a": {}, "": []}, "\u0061\u0062": "x"} "#;
        let expected: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(parse(text.as_bytes()), Ok(expected));
        assert_eq!(parse(b"[]"), Ok(json!([])));
    }

    #[test]
    fn duplicated_keys_are_named_at_every_depth() {
        for (text, paths) in [
            (r#"{"a": 1, "b": 1}"#, &[][..]),
            (r#"{"a": {"b": 1}, "b": {"a": 1}, "c": [{"a": 1}, {"a": 1}]}"#, &[]),
            (r#"{"a": 1, "a": 1}"#, &["a"]),
            (r#"{"a": 1, "\u0061": 2}"#, &["a"]),
            (r#"{"a": 1, "a": 2, "a": 3, "b": 4, "b": 5}"#, &["a", "b"]),
            (r#"{"price": {"currency": "USD", "currency": "EUR"}}"#, &["price.currency"]),
            (r#"{"a": [0, {"b": [{"c": 1, "c": 2}]}]}"#, &["a[1].b[0].c"]),
            (r#"{"a": 1, "a": {"b": 1, "b": 2}}"#, &["a", "a.b"]),
            (r#"[{"a": 1, "a": 2}]"#, &["[0].a"]),
        ] {
            assert_eq!(duplicates(text), paths, "{text}");
        }
    }

    #[test]
    fn number_and_length_of_reported_paths_are_bounded() {
        let long = "k".repeat(5_000);
        let paths = duplicates(&format!(r#"{{"{long}": 1, "{long}": 2}}"#));
        assert_eq!(paths, [format!("{}…", "k".repeat(200))]);
        let many: Vec<_> = (0..100).map(|n| format!(r#""k{n}": 1, "k{n}": 2"#)).collect();
        assert_eq!(duplicates(&format!("{{{}}}", many.join(","))).len(), MAX_DUPLICATES);
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let nested = |depth| {
            let inner = depth - 1;
            format!("{{\"a\":{}1{}}}", "[".repeat(inner), "]".repeat(inner))
        };
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(parse(nested(MAX_DEPTH + 1).as_bytes()), Err(JsonError::TooDeep));
        assert_eq!(parse("[".repeat(100_000).as_bytes()), Err(JsonError::TooDeep));
        assert_eq!(parse("[".repeat(MAX_DEPTH + 1).as_bytes()), Err(JsonError::TooDeep));
        let keys = |count| {
            let members: Vec<_> = (0..count).map(|n| format!("\"k{n}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(keys(MAX_VALUES).as_bytes()).is_ok());
        assert_eq!(parse(keys(MAX_VALUES + 1).as_bytes()), Err(JsonError::TooManyValues));
        let items = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert_eq!(parse(items.as_bytes()), Err(JsonError::TooManyValues));
    }

    #[test]
    fn malformed_text_has_its_position() {
        for text in
            ["", "{", "{\"a\":1}{", "{\"a\" 1}", "\u{feff}{}", "{\"a\":\"\\ud800\"}", "1e999"]
        {
            let error = parse(text.as_bytes()).expect_err(text);
            assert!(matches!(error, JsonError::Syntax { .. }), "{text}: {error:?}");
        }
        let error = parse(b"{\n  nothing}").expect_err("no JSON");
        assert_eq!(error, JsonError::Syntax { line: 2, column: 3 });
    }
}
