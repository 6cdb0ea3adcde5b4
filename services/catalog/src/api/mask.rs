//! Partial updates: which fields a request changes.

use prost_types::FieldMask;

use wire::Fields;

/// What an update does to one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change<T> {
    /// Leaves it.
    Keep,
    /// Empties it, or puts its default.
    Clear,
    /// Puts a value.
    Set(T),
}

impl<T> Change<T> {
    /// For a field that may be empty: its new value read by `set`, or `empty`. The outer `None` is what
    /// `set` found wrong, the inner one leaves the field alone.
    pub(super) fn read<U>(self, empty: U, set: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
        match self {
            Self::Keep => Some(None),
            Self::Clear => Some(Some(empty)),
            Self::Set(value) => set(value).map(Some),
        }
    }
}

/// The fields that a request names, if it names any. Without a mask, what is there is set and the rest
/// stays; with one, its fields are set, those that are absent cleared.
pub(super) struct Mask<'a>(Option<&'a FieldMask>);

impl<'a> Mask<'a> {
    /// Notes paths that are none of `known`.
    pub(super) fn new(fields: &mut Fields, mask: Option<&'a FieldMask>, known: &[&str]) -> Self {
        let mask = mask.filter(|mask| !mask.paths.is_empty());
        let unknown = |path: &&String| !known.contains(&path.as_str());
        if mask.is_some_and(|mask| mask.paths.iter().any(|path| unknown(&path))) {
            let says = format!("must name fields of: {}", known.join(", "));
            let _: Option<()> = fields.reject("update_mask", says);
        }
        Self(mask)
    }

    /// What happens to `field`, of which the request says `value`.
    pub(super) fn change<T>(&self, field: &str, value: Option<T>) -> Change<T> {
        let named = self.0.map(|mask| mask.paths.iter().any(|path| path == field));
        match (named, value) {
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
    fn what_is_there_is_set_and_what_a_mask_names_is_cleared() {
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
    fn unknown_paths_are_refused() {
        let mut fields = Fields::default();
        let mask = FieldMask { paths: vec!["a".into(), "price.amount_cents".into()] };
        let _mask = Mask::new(&mut fields, Some(&mask), &["a"]);
        let status = fields.finish(Some(())).unwrap_err();
        assert_eq!(kit::grpc::status::violations_of(&status)[0].0, "update_mask");
    }
}
