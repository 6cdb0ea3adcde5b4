//! `/shipping/quotes`: what it costs to send the caller's cart.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use kit::grpc::status::violations_of;
use proto::cart::v1::{Cart, GetCartRequest};
use proto::catalog::v1::Product;
use proto::common::v1::Address;
use proto::shipping::v1::GetQuoteRequest;
use tonic::Status;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::signed_in;
use super::products_of;
use crate::app::App;
use crate::auth::SignedIn;
use crate::check::{Check, Params};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::views::quote::QuoteList;

const ZIP_CODE_CHARS: RangeInclusive<usize> = 0..=20;

/// The weight of a product for which none is given.
const USUAL_GRAMS: i32 = 500;

pub(super) fn routes() -> OpenApiRouter<App> {
    let codes =
        signed_in(&[Code::InvalidRequest, Code::Conflict, Code::CartEmpty, Code::CartTooHeavy]);
    OpenApiRouter::new().routes(raising(&codes, routes!(list)))
}

/// Get shipping quotes for my cart
#[utoipa::path(
    get, path = "/shipping/quotes", operation_id = "getShippingQuotes", tag = "cart",
    params(
        ("zip_code" = String, Query, max_length = 20, example = "62701",
            description = "The postal code it goes to; empty where there is none."),
        ("country" = String, Query, pattern = "^[A-Za-z]{2}$", example = "US",
            description = "The country it goes to, ISO 3166-1.")),
    responses((status = 200, description = "The quotes, cheapest first.", body = QuoteList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    params: Params,
) -> Result<Json<QuoteList>, Problem> {
    let mut check = Check::new();
    let to = read(&params, &mut check);
    let to = check.pass(to)?;
    let cart = GetCartRequest { user_id: caller.user_id.to_string() };
    let cart = app.cart().get_cart(cart).await?.into_inner();
    let ids: Vec<_> = buyable(&cart).map(|(id, _)| id.to_owned()).collect();
    let products = products_of(&app, ids).await?;
    let weight_grams = weight_grams(&cart, &products);
    if weight_grams == 0 {
        return Err(Code::CartEmpty.problem());
    }
    let request = GetQuoteRequest { from: None, to: Some(to), weight_grams };
    let quotes = app.shipping().get_quote(request).await.map_err(refused)?;
    Ok(Json(quotes.into_inner().into()))
}

/// The weight is no field of the caller's: it is the cart that is at fault.
fn refused(status: Status) -> Problem {
    match violations_of(&status).iter().any(|(field, _)| field == "weight_grams") {
        true => Code::CartTooHeavy.problem(),
        false => status.into(),
    }
}

/// Where it goes, or all that is wrong.
fn read(params: &Params, check: &mut Check) -> Option<Address> {
    let mut needed = |name| {
        let text = params.one(check, name).map(str::to_owned);
        if text.is_none() {
            check.fail(name, "required", "is required");
        }
        text
    };
    let (zip_code, country) = (needed("zip_code"), needed("country"));
    let zip_code = check.line("zip_code", zip_code, ZIP_CODE_CHARS);
    let country = check.country("country", country);
    Some(Address { zip_code: zip_code?, country: country?, ..Address::default() })
}

/// Product and units of each line that can be bought.
fn buyable(cart: &Cart) -> impl Iterator<Item = (&str, i32)> {
    cart.items.iter().filter(|item| item.available).map(|item| (&*item.product_id, item.quantity))
}

/// What the lines weigh that can be bought, as far as a number goes.
fn weight_grams(cart: &Cart, products: &[Product]) -> i32 {
    let weights: HashMap<&str, i32> =
        products.iter().map(|product| (&*product.id, product.weight_grams)).collect();
    let line = |(id, quantity): (&str, i32)| {
        let grams = weights.get(id).copied().filter(|grams| *grams > 0).unwrap_or(USUAL_GRAMS);
        grams.saturating_mul(quantity)
    };
    buyable(cart).map(line).fold(0, i32::saturating_add)
}

#[cfg(test)]
mod tests {
    use proto::cart::v1::{Cart, CartItem};
    use proto::catalog::v1::Product;

    use super::weight_grams;

    fn line(product_id: &str, quantity: i32, available: bool) -> CartItem {
        CartItem { product_id: product_id.to_owned(), quantity, available, ..CartItem::default() }
    }

    fn product(id: &str, weight_grams: i32) -> Product {
        Product { id: id.to_owned(), weight_grams, ..Product::default() }
    }

    #[test]
    fn a_cart_weighs_what_can_be_bought_and_half_a_kilogram_where_nothing_is_known() {
        let products = [product("a", 300), product("b", 0), product("huge", i32::MAX)];
        for (items, grams) in [
            (vec![], 0),
            (vec![line("a", 2, true)], 600),
            (vec![line("a", 1, true), line("b", 2, true)], 1300),
            (vec![line("a", 1, true), line("b", 2, false)], 300),
            (vec![line("a", 9, false)], 0),
            (vec![line("gone meanwhile", 1, true)], 500),
            (vec![line("a", 1, true), line("huge", 99, true)], i32::MAX),
        ] {
            let cart = Cart { items, ..Cart::default() };
            assert_eq!(weight_grams(&cart, &products), grams, "{cart:?}");
        }
    }
}
