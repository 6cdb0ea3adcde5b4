//! Partial updates: which fields a request changes.

use prost_types::FieldMask;

use wire::Fields;

/// The effect of an update on one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change<T> {
    /// The field stays.
    Keep,
    /// The field is emptied or set to its default.
    Clear,
    /// The field is set.
    Set(T),
}

impl<T> Change<T> {
    /// The new value of a field that can be empty: parsed by `set`, or `empty`. The outer `None`
    /// means that `set` rejected the value, the inner one that the field stays.
    pub(super) fn parse_with<U>(
        self,
        empty: U,
        set: impl FnOnce(T) -> Option<U>,
    ) -> Option<Option<U>> {
        match self {
            Self::Keep => Some(None),
            Self::Clear => Some(Some(empty)),
            Self::Set(value) => set(value).map(Some),
        }
    }
}

/// The update mask of a request. Without a mask, fields with a value are set and others stay. With
/// a mask, its fields are set, or cleared if they have no value.
pub(super) struct Mask<'a>(Option<&'a FieldMask>);

impl<'a> Mask<'a> {
    /// Rejects paths that are not in `known`.
    pub(super) fn new(fields: &mut Fields, mask: Option<&'a FieldMask>, known: &[&str]) -> Self {
        let mask = mask.filter(|mask| !mask.paths.is_empty());
        let unknown = |path: &&String| !known.contains(&path.as_str());
        if mask.is_some_and(|mask| mask.paths.iter().any(|path| unknown(&path))) {
            let message = format!("must name fields of: {}", known.join(", "));
            let _: Option<()> = fields.reject("update_mask", message);
        }
        Self(mask)
    }

    /// The change of `field`, for which the request has `value`.
    pub(super) fn change<T>(&self, field: &str, value: Option<T>) -> Change<T> {
        let in_mask = self.0.map(|mask| mask.paths.iter().any(|path| path == field));
        match (in_mask, value) {
            (None | Some(true), Some(value)) => Change::Set(value),
            (Some(true), None) => Change::Clear,
            (None, None) | (Some(false), _) => Change::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(mask: Option<&[&str]>, value: Option<i32>) -> Change<i32> {
        let mask = mask.map(|paths| FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        });
        Mask::new(&mut Fields::default(), mask.as_ref(), &["a", "b"]).change("a", value)
    }

    #[test]
    fn field_is_set_cleared_or_kept_by_value_and_mask() {
        for (mask, value, expected) in [
            (None, None, Change::Keep),
            (None, Some(1), Change::Set(1)),
            (Some(&[][..]), None, Change::Keep),
            (Some(&[]), Some(1), Change::Set(1)),
            (Some(&["a"]), None, Change::Clear),
            (Some(&["b", "a"]), Some(1), Change::Set(1)),
            (Some(&["b"]), Some(1), Change::Keep),
        ] {
            assert_eq!(change(mask, value), expected, "{mask:?} {value:?}");
        }
    }

    #[test]
    fn unknown_path_is_refused() {
        let mut fields = Fields::default();
        let mask = FieldMask { paths: vec!["a".into(), "price.amount_cents".into()] };
        let _mask = Mask::new(&mut fields, Some(&mask), &["a"]);
        let status = fields.finish(Some(())).unwrap_err();
        assert_eq!(kit::grpc::status::violations_of(&status)[0].0, "update_mask");
    }
}
