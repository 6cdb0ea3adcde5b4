//! Personal details.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use crate::forms::{Field, FormErrors, SubmittedForm};
use crate::gateway_client::ProfileChanges;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::session::FlashCode;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/profile.html")]
struct ProfileView {
    m: &'static Messages,
    fields: Vec<Field>,
    errors: FormErrors,
}

impl ProfileView {
    fn current(&self) -> &'static str {
        "/profile"
    }
}

impl View for ProfileView {
    fn head(&self) -> Head {
        Head::private(self.m.profile.title)
    }
}

/// The submitted form.
#[derive(Debug, Deserialize)]
pub(crate) struct ProfileForm {
    first_name: String,
    last_name: String,
    phone: String,
}

/// `GET /profile`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let profile = page.gateway().me().await?.profile;
    let form = ProfileForm {
        first_name: profile.first_name,
        last_name: profile.last_name,
        phone: profile.phone,
    };
    let view = form.view(page.messages(), FormErrors::default());
    page.render(view).await
}

/// `POST /profile`.
pub(crate) async fn save(
    page: Page,
    SubmittedForm(form): SubmittedForm<ProfileForm>,
) -> Result<Response, PageError> {
    let changes = ProfileChanges {
        first_name: form.first_name.trim(),
        last_name: form.last_name.trim(),
        phone: form.phone.trim(),
    };
    let m = page.messages();
    let errors = match page.gateway().update_profile(&changes).await {
        Ok(()) => {
            page.session().flash(FlashCode::ProfileSaved.into());
            return Ok(see_other("/profile"));
        }
        Err(error) => FormErrors::from_call(error, m)?,
    };
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).render(form.view(m, errors)).await
}

impl ProfileForm {
    fn view(&self, m: &'static Messages, errors: FormErrors) -> ProfileView {
        let fields = [
            Field::text("first_name", m.forms.first_name)
                .optional()
                .autocomplete("given-name")
                .max_length(100)
                .value(&self.first_name),
            Field::text("last_name", m.forms.last_name)
                .optional()
                .autocomplete("family-name")
                .max_length(100)
                .value(&self.last_name),
            Field { kind: "tel", ..Field::text("phone", m.forms.phone) }
                .optional()
                .autocomplete("tel")
                .max_length(32)
                .value(&self.phone),
        ];
        let fields = fields.map(|field| field.error(&errors)).to_vec();
        ProfileView { m, fields, errors }
    }
}
