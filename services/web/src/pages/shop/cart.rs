//! The cart.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use futures::future::join_all;
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::cart_line::CartLine;
use super::estimate::{Estimate, estimate};
use super::product;
use super::quantity::parse_quantity;
use crate::forms::{Field, FormErrors, SubmittedForm};
use crate::gateway_client::{CallError, Cart, CartItem, none_if_slow};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::{account, merge_guest_cart, see_other};
use crate::session::{Flash, FlashCode, Next};
use crate::view::{Head, View};

/// Maximum number of lines whose stock is read for a cart that the checkout refused.
const MAX_REFUSED: usize = 10;

#[derive(Template)]
#[template(path = "shop/cart.html")]
struct CartView {
    m: &'static Messages,
    /// Whether the visitor has no session: a customer may have another cart.
    is_guest: bool,
    lines: Vec<CartLine>,
    subtotal: String,
    units: String,
    can_check_out: bool,
    country: Field,
    zip_code: Field,
    /// Shipping costs for the entered destination.
    estimate: Option<Estimate>,
}

impl View for CartView {
    fn head(&self) -> Head {
        Head::private(self.m.cart.title)
    }
}

/// The query of the cart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CartParams {
    country: String,
    zip_code: String,
    /// Products that the checkout refused, separated by commas.
    refused: String,
}

/// A product to add.
#[derive(Deserialize)]
pub(crate) struct AddForm {
    product: Uuid,
    #[serde(default)]
    quantity: String,
    /// The page of the product.
    #[serde(default)]
    next: Next,
}

/// A change of a line; a quantity of 0 removes it.
#[derive(Deserialize)]
pub(crate) struct ChangeForm {
    #[serde(default)]
    quantity: String,
}

/// A quantity of a line that is not one.
struct InvalidQuantity {
    product: Uuid,
    entered: String,
}

/// `GET /cart`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<CartParams>,
) -> Result<Response, PageError> {
    render(page, &params, None).await
}

async fn render(
    page: Page,
    params: &CartParams,
    invalid: Option<InvalidQuantity>,
) -> Result<Response, PageError> {
    if page.session().is_signed_in() {
        merge_guest_cart(&page).await;
    }
    let cart = cart(&page).await?;
    let units_left = units_left(&page, params).await;
    let estimate = estimate(&page, &params.country, params.zip_code.trim()).await;
    let mut view = view(&page, cart.as_ref(), &units_left, params, estimate);
    if let Some(InvalidQuantity { product, entered }) = invalid {
        let error = page.messages().cart.invalid_quantity;
        let line = view.lines.iter_mut().find(|line| line.product_id == product);
        // A line that does not exist any more has no field for the error.
        let Some(line) = line else { return Ok(see_other("/cart")) };
        line.reject(entered, error);
    }
    let units = cart.map(|cart| cart.units()).unwrap_or_default();
    page.with_cart_units(units).render(view).await
}

/// Returns the cart of the visitor. A visitor whose session has just ended is a guest.
async fn cart(page: &Page) -> Result<Option<Cart>, CallError> {
    let was_signed_in = page.session().is_signed_in();
    let result = match page.gateway().cart().await {
        Err(CallError::SignedOut) if was_signed_in => page.gateway().cart().await,
        result => result,
    };
    match result {
        Ok(cart) => Ok(Some(cart)),
        Err(CallError::SignedOut) => Ok(None),
        Err(error) => Err(error),
    }
}

fn view(
    page: &Page,
    cart: Option<&Cart>,
    units_left: &HashMap<Uuid, i64>,
    params: &CartParams,
    estimate: Option<Estimate>,
) -> CartView {
    let (m, format) = (page.messages(), page.format());
    let items = cart.map(|cart| cart.items.as_slice()).unwrap_or_default();
    let line =
        |item: &CartItem| CartLine::new(item, units_left.get(&item.product_id).copied(), format, m);
    let lines: Vec<_> = items.iter().map(line).collect();
    let no_errors = FormErrors::default();
    let errors = estimate.as_ref().and_then(Estimate::errors).unwrap_or(&no_errors);
    let countries = account::countries::options(m);
    let zip_code = Field::text("zip_code", m.address.zip_code).optional().max_length(20);
    CartView {
        m,
        is_guest: !page.session().is_signed_in(),
        can_check_out: lines.iter().any(|line| !line.is_blocked()),
        subtotal: cart.map(|cart| format.money(cart.total)).unwrap_or_default(),
        units: (m.cart.units)(cart.map(Cart::units).unwrap_or_default()),
        lines,
        country: Field::select("country", m.address.country, countries)
            .autocomplete("country")
            .error(errors)
            .value(match params.country.as_str() {
                "" => account::countries::default_for(page.shop().locale),
                country => country,
            }),
        zip_code: zip_code.autocomplete("postal-code").error(errors).value(&params.zip_code),
        estimate,
    }
}

/// Returns the stock of the products that the checkout refused.
async fn units_left(page: &Page, params: &CartParams) -> HashMap<Uuid, i64> {
    let ids = params.refused.split(',').filter_map(|id| Uuid::try_parse(id).ok());
    let reads = ids.take(MAX_REFUSED).map(|id| async move {
        let product = none_if_slow(page.gateway().product(&id.to_string())).await?;
        Some((id, product.stock_quantity))
    });
    join_all(reads).await.into_iter().flatten().collect()
}

/// `POST /cart/items`.
pub(crate) async fn add(
    page: Page,
    SubmittedForm(form): SubmittedForm<AddForm>,
) -> Result<Response, PageError> {
    let Some(quantity) = parse_quantity(&form.quantity) else {
        let page = page.with_status(StatusCode::UNPROCESSABLE_ENTITY);
        return product::show_invalid_quantity(page, form.product).await;
    };
    match page.gateway().add_to_cart(form.product, quantity).await {
        Ok(()) => page.session().flash(Flash::about(FlashCode::AddedToCart, form.product)),
        // The session has ended. Without one, a guest would have got a cart.
        Err(CallError::SignedOut) => return Ok(see_other(&form.next.sign_in_url(Some("unsaved")))),
        Err(error) => page.session().flash(refusal(error)?.into()),
    }
    Ok(see_other(form.next.as_str()))
}

/// `POST /cart/items/{product}`.
pub(crate) async fn change(
    page: Page,
    Path(product): Path<Uuid>,
    SubmittedForm(form): SubmittedForm<ChangeForm>,
) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let (changed, message) = if form.quantity.trim() == "0" {
        (gateway.remove_from_cart(product).await, FlashCode::RemovedFromCart)
    } else if let Some(quantity) = parse_quantity(&form.quantity) {
        (gateway.set_quantity(product, quantity).await, FlashCode::CartUpdated)
    } else {
        let page = page.with_status(StatusCode::UNPROCESSABLE_ENTITY);
        let invalid = InvalidQuantity { product, entered: form.quantity };
        return render(page, &CartParams::default(), Some(invalid)).await;
    };
    match changed {
        Ok(()) => page.session().flash(message.into()),
        Err(CallError::SignedOut) => return Err(CallError::SignedOut.into()),
        Err(error) => page.session().flash(refusal(error)?.into()),
    }
    Ok(see_other("/cart"))
}

/// Returns the message for a change that the gateway refused.
fn refusal(error: CallError) -> Result<FlashCode, PageError> {
    match error.code() {
        // The sum of the quantity and what is in the cart.
        "quantity_too_large" => Ok(FlashCode::QuantityTooLarge),
        "cart_full" => Ok(FlashCode::CartFull),
        "product_not_found" | "cart_item_not_found" => Ok(FlashCode::ProductUnavailable),
        _ => Err(error.into()),
    }
}
