//! Forms: parsing, the fields of a page, and the errors of a rejected form.

mod errors;
mod field;
mod submitted;

pub(crate) use errors::FormErrors;
pub(crate) use field::{Field, SelectOption};
pub(crate) use submitted::{Checkbox, SubmittedForm};
