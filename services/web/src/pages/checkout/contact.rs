//! Who orders: the first step of a guest.

use askama::Template;
use axum::response::Response;

use super::state::{CheckoutState, Step};
use super::steps::{StepLink, step_links};
use super::summary::Summary;
use crate::forms::FormErrors;
use crate::gateway_client::CallError;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::account::SignInForm;
use crate::pages::see_other;
use crate::session::{FlashCode, Next};
use crate::view::{Head, View};

/// Where the customer goes after this step.
const CHECKOUT: &str = "/checkout";

#[derive(Template)]
#[template(path = "checkout/contact.html")]
struct ContactView {
    m: &'static Messages,
    steps: Vec<StepLink>,
    summary: Summary,
    form: SignInForm,
}

impl View for ContactView {
    fn head(&self) -> Head {
        Head::checkout(self.m.checkout.contact_title)
    }
}

/// `GET /checkout/contact`: a guest signs in or registers. The cart goes along.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    if page.session().is_signed_in() {
        return Ok(see_other(CHECKOUT));
    }
    let cart = match page.gateway().cart().await {
        Ok(cart) if !cart.items.is_empty() => cart,
        Ok(_) | Err(CallError::SignedOut) => {
            page.session().flash(FlashCode::CartEmpty.into());
            return Ok(see_other("/cart"));
        }
        Err(error) => return Err(error.into()),
    };
    let m = page.messages();
    let view = ContactView {
        m,
        steps: step_links(m, &CheckoutState::default(), Step::Contact),
        summary: Summary::of_cart(&cart, page.format(), m),
        form: SignInForm::new(m, "", true, Next::new(CHECKOUT), FormErrors::default()),
    };
    page.render(view).await
}
