//! The errors of a rejected form.

use crate::gateway_client::{CallError, FieldProblem, Problem};
use crate::messages::Messages;
use crate::page_error::PageError;

/// The errors of a rejected form: of fields, and of the form as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormErrors {
    fields: Vec<FieldError>,
    general: Option<String>,
}

/// The error of a field.
#[derive(Clone, Debug)]
pub(crate) struct FieldError {
    /// Name of the field in the form.
    pub(crate) field: String,
    pub(crate) message: String,
}

impl FormErrors {
    /// Creates an error of the form as a whole.
    pub(crate) fn general(message: impl Into<String>) -> Self {
        Self { fields: Vec::new(), general: Some(message.into()) }
    }

    /// Creates an error of one field.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        let error = FieldError { field: field.to_owned(), message: message.into() };
        Self { fields: vec![error], general: None }
    }

    /// Renames the error of a field of the API to the field of the form that contains its value, so
    /// that the summary leads to it. A field has one error.
    pub(crate) fn rename(mut self, from: &str, to: &str) -> Self {
        let is_known = self.error_of_field(to).is_some();
        let renamed = self.fields.iter().position(|error| error.field == from);
        if let Some(index) = renamed {
            match is_known {
                true => drop(self.fields.remove(index)),
                false => to.clone_into(&mut self.fields[index].field),
            }
        }
        self
    }

    /// Returns the errors of a form that the gateway rejected as invalid, or because of too many
    /// attempts to enter a password or a token.
    ///
    /// # Errors
    /// Returns other failures, which are no errors of the form.
    pub(crate) fn from_call(error: CallError, m: &Messages) -> Result<Self, PageError> {
        match error {
            CallError::Problem(problem) if problem.status == 400 && !problem.errors.is_empty() => {
                Ok(Self::from_problem(&problem, m))
            }
            CallError::Problem(problem) if problem.code == "too_many_attempts" => {
                Ok(Self::general(m.login.too_many_attempts))
            }
            error => Err(error.into()),
        }
    }

    fn from_problem(problem: &Problem, m: &Messages) -> Self {
        let error = |error: &FieldProblem| {
            // The fields of an address are in an object of the request, and flat in the form.
            let field = error.field.rsplit('.').next().unwrap_or_default();
            let message = (m.forms.field_error)(field, &error.code, &error.detail);
            FieldError { field: field.to_owned(), message }
        };
        Self { fields: problem.errors.iter().map(error).collect(), general: None }
    }

    /// Whether there is no error.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.general.is_none()
    }

    /// The errors of fields, for the summary above the form.
    pub(crate) fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// The error of the form as a whole.
    pub(crate) fn general_message(&self) -> Option<&str> {
        self.general.as_deref()
    }

    /// Returns the error of a field.
    pub(crate) fn error_of_field(&self, field: &str) -> Option<String> {
        let found = self.fields.iter().find(|error| error.field == field);
        found.map(|error| error.message.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Locale;

    #[test]
    fn nested_fields_are_fields_of_the_form() {
        let error = |field: &str, code: &str| FieldProblem {
            field: field.to_owned(),
            code: code.to_owned(),
            ..FieldProblem::default()
        };
        let problem = Problem {
            status: 400,
            errors: vec![error("address.street", "required"), error("label", "too_long")],
            ..Problem::default()
        };
        let m = Messages::for_locale(Locale::EnUs);
        let errors = FormErrors::from_call(CallError::Problem(Box::new(problem)), m).unwrap();
        assert!(errors.error_of_field("street").is_some());
        assert!(errors.error_of_field("label").is_some());
        assert_eq!(errors.error_of_field("city"), None);
    }

    #[test]
    fn renamed_errors_are_one_error_of_the_field() {
        let problem = |fields: &[&str]| Problem {
            errors: fields
                .iter()
                .map(|field| FieldProblem { field: (*field).to_owned(), ..FieldProblem::default() })
                .collect(),
            ..Problem::default()
        };
        let m = Messages::for_locale(Locale::EnUs);
        for (fields, expected) in [
            (&["exp_month", "exp_year"][..], &["expiry"][..]),
            (&["cvv", "exp_year"], &["cvv", "expiry"]),
            (&["cvv"], &["cvv"]),
        ] {
            let errors = FormErrors::from_problem(&problem(fields), m);
            let errors = errors.rename("exp_month", "expiry").rename("exp_year", "expiry");
            let names: Vec<_> = errors.fields().iter().map(|error| &*error.field).collect();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn too_many_attempts_are_an_error_of_the_form() {
        let m = Messages::for_locale(Locale::EnUs);
        let code = "too_many_attempts".to_owned();
        let problem = Problem { status: 429, code, ..Problem::default() };
        let errors = FormErrors::from_call(CallError::Problem(Box::new(problem)), m).unwrap();
        assert_eq!(errors.general_message(), Some(m.login.too_many_attempts));
    }

    #[test]
    fn other_failures_are_no_errors_of_the_form() {
        let m = Messages::for_locale(Locale::EnUs);
        assert!(FormErrors::from_call(CallError::TimedOut, m).is_err());
        let conflict = Problem { status: 409, ..Problem::default() };
        assert!(FormErrors::from_call(CallError::Problem(Box::new(conflict)), m).is_err());
    }
}
