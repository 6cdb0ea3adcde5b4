//! The choice of the color theme.

use axum::response::Response;
use serde::Deserialize;

use crate::forms::SubmittedForm;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::see_other;
use crate::session::{Next, Theme};

/// The form in the footer.
#[derive(Deserialize)]
pub(crate) struct ThemeForm {
    theme: String,
    #[serde(default)]
    next: Next,
}

/// `POST /theme`.
pub(crate) async fn set(
    page: Page,
    SubmittedForm(form): SubmittedForm<ThemeForm>,
) -> Result<Response, PageError> {
    let theme = Theme::parse(&form.theme).ok_or(PageError::InvalidRequest)?;
    page.session().set_theme(theme);
    Ok(see_other(form.next.as_str()))
}
