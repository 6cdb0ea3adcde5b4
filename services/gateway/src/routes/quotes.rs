//! `/shipping/quotes`: shipping costs of a cart, or of one product.

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
use uuid::Uuid;

use super::codes::cart_owner;
use super::get_products;
use crate::app::App;
use crate::auth::{CartOwner, OptionalCartOwner};
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Params, Validator};
use crate::views::quote::QuoteList;

const ZIP_CODE_CHARS: RangeInclusive<usize> = 0..=20;

/// Assumed weight of a product without a weight.
const DEFAULT_GRAMS: i32 = 500;

/// What is to be shipped.
enum Parcel {
    /// The available lines of a cart.
    Cart(CartOwner),
    /// One unit of a product.
    Product(Uuid),
}

pub(super) fn routes() -> OpenApiRouter<App> {
    let codes =
        cart_owner(&[Code::ProductNotFound, Code::Conflict, Code::CartEmpty, Code::CartTooHeavy]);
    OpenApiRouter::new().routes(service_route(&codes, routes!(list)))
}

/// Get shipping quotes for my cart, or for one product
///
/// With `product_id`, the quotes are for one unit of this product, and no token is required.
#[utoipa::path(
    get, path = "/shipping/quotes", operation_id = "getShippingQuotes", tag = "cart",
    params(
        ("zip_code" = String, Query, max_length = 20, example = "62701",
            description = "Destination postal code; empty if the country has none."),
        ("country" = String, Query, pattern = "^[A-Za-z]{2}$", example = "US",
            description = "Destination country, ISO 3166-1 or `XK`."),
        ("product_id" = Option<uuid::Uuid>, Query,
            description = "The product; without it, the cart of the token.")),
    responses((status = 200, description = "The quotes, cheapest first.", body = QuoteList)),
    security((), ("bearer" = []), ("cart_token" = []))
)]
async fn list(
    State(app): State<App>,
    owner: OptionalCartOwner,
    params: Params,
) -> Result<Json<QuoteList>, Problem> {
    let mut validator = Validator::new();
    let parcel = match params.contains("product_id") {
        true => params.uuid(&mut validator, "product_id").map(Parcel::Product),
        false => Some(Parcel::Cart(owner.require()?)),
    };
    let destination = validate_destination(&params, &mut validator);
    let (parcel, destination) = validator.pass(parcel.zip(destination))?;
    let weight_grams = match parcel {
        Parcel::Cart(owner) => cart_weight(&app, owner).await?,
        Parcel::Product(id) => product_weight(&app, id).await?,
    };
    let request = GetQuoteRequest { from: None, to: Some(destination), weight_grams };
    let quotes = app.shipping().get_quote(request).await.map_err(quote_problem)?;
    Ok(Json(quotes.into_inner().into()))
}

/// Returns the weight of the available lines of a cart.
async fn cart_weight(app: &App, CartOwner(owner): CartOwner) -> Result<i32, Problem> {
    let cart = app.cart().get_cart(GetCartRequest { user_id: owner.to_string() }).await?;
    let cart = cart.into_inner();
    let ids: Vec<_> = available_lines(&cart).map(|(id, _)| id.to_owned()).collect();
    let products = get_products(app, ids).await?;
    match weight_grams(&cart, &products) {
        0 => Err(Code::CartEmpty.problem()),
        grams => Ok(grams),
    }
}

/// Returns the weight of one unit of a product that is for sale.
async fn product_weight(app: &App, id: Uuid) -> Result<i32, Problem> {
    let products = get_products(app, vec![id.to_string()]).await?;
    let product = products.iter().find(|product| product.is_active);
    product.map(unit_grams).ok_or_else(|| Code::ProductNotFound.problem())
}

/// Maps the status of a failed quote to a problem. The request has no weight: it is that of the
/// cart.
fn quote_problem(status: Status) -> Problem {
    match violations_of(&status).iter().any(|(field, _)| field == "weight_grams") {
        true => Code::CartTooHeavy.problem(),
        false => status.into(),
    }
}

/// Validates the destination.
fn validate_destination(params: &Params, validator: &mut Validator) -> Option<Address> {
    let mut required = |name| {
        let text = params.single(validator, name).map(str::to_owned);
        if text.is_none() {
            validator.fail(name, "required", "is required");
        }
        text
    };
    let (zip_code, country) = (required("zip_code"), required("country"));
    let zip_code = validator.line("zip_code", zip_code, ZIP_CODE_CHARS);
    let country = validator.country("country", country);
    Some(Address { zip_code: zip_code?, country: country?, ..Address::default() })
}

/// Returns product id and quantity of each available line.
fn available_lines(cart: &Cart) -> impl Iterator<Item = (&str, i32)> {
    cart.items.iter().filter(|item| item.available).map(|item| (&*item.product_id, item.quantity))
}

/// Returns the total weight of the available lines, saturating at the maximum.
fn weight_grams(cart: &Cart, products: &[Product]) -> i32 {
    let weights: HashMap<&str, i32> =
        products.iter().map(|product| (&*product.id, unit_grams(product))).collect();
    let line = |(id, quantity): (&str, i32)| {
        weights.get(id).copied().unwrap_or(DEFAULT_GRAMS).saturating_mul(quantity)
    };
    available_lines(cart).map(line).fold(0, i32::saturating_add)
}

/// Returns the weight of one unit of a product.
fn unit_grams(product: &Product) -> i32 {
    if product.weight_grams > 0 { product.weight_grams } else { DEFAULT_GRAMS }
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
    fn weight_counts_available_lines_with_default_for_unknown() {
        let products = [product("a", 300), product("b", 0), product("huge", i32::MAX)];
        for (items, grams) in [
            (vec![], 0),
            (vec![line("a", 2, true)], 600),
            (vec![line("a", 1, true), line("b", 2, true)], 1300),
            (vec![line("a", 1, true), line("b", 2, false)], 300),
            (vec![line("a", 9, false)], 0),
            (vec![line("deleted", 1, true)], 500),
            (vec![line("a", 1, true), line("huge", 99, true)], i32::MAX),
        ] {
            let cart = Cart { items, ..Cart::default() };
            assert_eq!(weight_grams(&cart, &products), grams, "{cart:?}");
        }
    }
}
