//! The fields of a form, as templates show them.

use super::FormErrors;

/// A field: its label, its value and its error. `templates/components/field.html` renders it.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Name in the form, and id in the page.
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// Value of the attribute `type`.
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
    pub(crate) hint: Option<&'static str>,
    /// Value of the attribute `autocomplete`.
    pub(crate) autocomplete: &'static str,
    /// Value of the attribute `inputmode`; `""` for the one of the type.
    pub(crate) input_mode: &'static str,
    pub(crate) max_length: u32,
    pub(crate) is_required: bool,
    /// The choices of a selection; empty for an input.
    pub(crate) options: Vec<SelectOption>,
}

/// A choice of a selection.
#[derive(Clone, Debug)]
pub(crate) struct SelectOption {
    pub(crate) value: String,
    pub(crate) label: String,
}

impl Field {
    /// A line of text that must be entered.
    pub(crate) fn text(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            kind: "text",
            value: String::new(),
            error: None,
            hint: None,
            autocomplete: "off",
            input_mode: "",
            max_length: 200,
            is_required: true,
            options: Vec::new(),
        }
    }

    /// An e-mail address.
    pub(crate) fn email(label: &'static str) -> Self {
        Self { kind: "email", max_length: 254, ..Self::text("email", label) }.autocomplete("email")
    }

    /// A password. Its value is never rendered.
    pub(crate) fn password(
        name: &'static str,
        label: &'static str,
        autocomplete: &'static str,
    ) -> Self {
        Self { kind: "password", ..Self::text(name, label) }.autocomplete(autocomplete)
    }

    /// A choice from a list.
    pub(crate) fn select(
        name: &'static str,
        label: &'static str,
        options: Vec<SelectOption>,
    ) -> Self {
        Self { options, ..Self::text(name, label) }
    }

    /// Sets the value of the attribute `autocomplete`.
    pub(crate) fn autocomplete(self, autocomplete: &'static str) -> Self {
        Self { autocomplete, ..self }
    }

    /// Sets the keyboard of phones.
    pub(crate) fn input_mode(self, input_mode: &'static str) -> Self {
        Self { input_mode, ..self }
    }

    /// Sets the maximum length in characters.
    pub(crate) fn max_length(self, max_length: u32) -> Self {
        Self { max_length, ..self }
    }

    /// Sets the explanation below the label.
    pub(crate) fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Lets the field be empty.
    pub(crate) fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }

    /// Sets the value.
    pub(crate) fn value(self, value: &str) -> Self {
        Self { value: value.to_owned(), ..self }
    }

    /// Sets the error.
    pub(crate) fn error(self, errors: &FormErrors) -> Self {
        Self { error: errors.error_of_field(self.name), ..self }
    }

    /// Whether the field hides its value.
    pub(crate) fn is_password(&self) -> bool {
        self.kind == "password"
    }

    /// Whether the field is a selection.
    pub(crate) fn is_select(&self) -> bool {
        !self.options.is_empty()
    }

    /// Whether a choice is the chosen one.
    pub(crate) fn is_selected(&self, option: &SelectOption) -> bool {
        option.value == self.value
    }

    /// The ids of the elements that describe the field, for `aria-describedby`.
    pub(crate) fn described_by(&self) -> String {
        let hint = self.hint.map(|_| format!("{}-hint", self.name));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        let ids: Vec<String> = hint.into_iter().chain(error).collect();
        ids.join(" ")
    }
}
