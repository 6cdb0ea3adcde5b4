//! The form that signs a customer in.

use crate::forms::{Field, FormErrors};
use crate::messages::Messages;
use crate::session::Next;

/// The form that signs a customer in. `templates/components/sign_in_form.html` renders it.
pub(crate) struct SignInForm {
    pub(crate) email: Field,
    pub(crate) password: Field,
    pub(crate) is_remembered: bool,
    /// The page after the sign-in.
    pub(crate) next: Next,
    pub(crate) errors: FormErrors,
}

impl SignInForm {
    /// Creates the form with what was entered. A password is not repeated.
    pub(crate) fn new(
        m: &Messages,
        email: &str,
        is_remembered: bool,
        next: Next,
        errors: FormErrors,
    ) -> Self {
        let password = Field::password("password", m.forms.password, "current-password");
        Self {
            email: Field::email(m.forms.email).autocomplete("username").value(email).error(&errors),
            password: password.error(&errors),
            is_remembered,
            next,
            errors,
        }
    }
}
