//! The components in all their states, side by side. Debug builds only: the texts are names for
//! those who develop the shop, and are not translated.

use askama::Template;
use axum::response::Response;
use money::{Currency, Money};
use uuid::Uuid;

use crate::format::Format;
use crate::forms::{Field, FormErrors, SelectOption};
use crate::gateway_client::{CartItem, OrderStatus};
use crate::messages::{FlashMessage, Messages};
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::SummaryLine;
use crate::pages::account::{OrderCard, StatusPill};
use crate::pages::shop::{Availability, CartLine, ProductCard, ProductImage};
use crate::session::{Flash, FlashCode};
use crate::view::{Head, View};

/// Number of background tints in the style sheet.
const TINTS: usize = 6;

/// An image of a demo product.
const IMAGE: &str = "/images/products/desk-lamp.svg";

/// A name that has several lines everywhere.
const LONG_NAME: &str = "A product whose name has many more words than the names of other products";

#[derive(Template)]
#[template(path = "styleguide.html")]
struct StyleguideView {
    m: &'static Messages,
    fields: Vec<Field>,
    errors: FormErrors,
    flashes: Vec<FlashMessage>,
    cards: Vec<ProductCard>,
    breadcrumbs: Vec<(&'static str, &'static str)>,
    cart_lines: Vec<CartLine>,
    summary_lines: Vec<SummaryLine>,
    orders: Vec<OrderCard>,
}

impl StyleguideView {
    /// The current entry of the account's navigation.
    fn current(&self) -> &'static str {
        "/orders"
    }
}

impl View for StyleguideView {
    fn head(&self) -> Head {
        Head::public("Style guide")
    }
}

/// `GET /styleguide`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let m = page.messages();
    let flashes = [FlashCode::CartUpdated, FlashCode::AddedToCart, FlashCode::CartFull];
    let errors = FormErrors::field("invalid", "This value is not valid.");
    let view = StyleguideView {
        m,
        fields: fields(&errors),
        errors,
        flashes: flashes.map(|code| m.flash_message(Flash::from(code))).into(),
        cards: cards(m),
        breadcrumbs: vec![("Home", "/"), ("All products", "/products")],
        cart_lines: cart_lines(page.format(), m),
        summary_lines: summary_lines(),
        orders: orders(m),
    };
    page.render(view).await
}

/// Returns one field per state.
fn fields(errors: &FormErrors) -> Vec<Field> {
    let option = |value: &str| SelectOption { value: value.to_owned(), label: value.to_owned() };
    vec![
        Field::text("empty", "Empty"),
        Field::text("filled", "Filled").value("1 Main Street"),
        Field::text("hinted", "With a hint").hint("Month and year, such as 12/30"),
        Field::text("voluntary", "Voluntary").optional(),
        Field::text("invalid", "Invalid").hint("With a hint").value("…").error(errors),
        Field::password("secret", "Password", "new-password"),
        Field::select("choice", "Selection", vec![option("First"), option("Second")]),
    ]
}

/// Returns one card per availability, and one per tint without an image.
fn cards(m: &Messages) -> Vec<ProductCard> {
    let card = |name: &str, url: &str, tint: usize, availability: Availability| {
        let is_noted = availability != Availability::InStock;
        ProductCard {
            name: name.to_owned(),
            href: "/products".to_owned(),
            image: ProductImage::new(name, &[url.to_owned()], tint),
            price: "$19.99".to_owned(),
            category: "Category".to_owned(),
            availability,
            note: is_noted.then(|| availability.text(m)),
        }
    };
    let mut cards = vec![
        card("In stock", IMAGE, 1, Availability::InStock),
        card("Few left", IMAGE, 1, Availability::Few(3)),
        card("Sold out", IMAGE, 1, Availability::SoldOut),
    ];
    let tints = (1..=TINTS).map(|tint| card("Without an image", "", tint, Availability::InStock));
    cards.extend(tints);
    cards
}

/// Returns one line per state of a cart's line.
fn cart_lines(format: &Format, m: &Messages) -> Vec<CartLine> {
    let line = |id: u128, name: &str, image: &str, available: bool, units_left: Option<i64>| {
        let item = CartItem {
            product_id: Uuid::from_u128(id),
            product_name: name.to_owned(),
            quantity: 5,
            unit_price: Money::new(1999, Currency::USD),
            total_price: Money::new(9995, Currency::USD),
            image_url: image.to_owned(),
            available,
        };
        CartLine::new(&item, units_left, format, m)
    };
    vec![
        line(1, "In stock", IMAGE, true, None),
        line(2, LONG_NAME, "", true, None),
        line(3, "Fewer units than wanted", IMAGE, true, Some(3)),
        line(4, "Sold out", IMAGE, true, Some(0)),
        line(5, "Unavailable", IMAGE, false, None),
    ]
}

/// Returns the lines of a summary: with an image, without one, with a long name.
fn summary_lines() -> Vec<SummaryLine> {
    let line = |id, name| SummaryLine::new(Uuid::from_u128(id), name, "$19.99".to_owned());
    vec![
        line(1, "With an image").image(Some(ProductImage::in_cart("", IMAGE))),
        line(2, "Without an image").quantity("× 3".to_owned()),
        line(3, LONG_NAME).quantity("2 × $9.99".to_owned()),
    ]
}

/// Returns one order per status.
fn orders(m: &Messages) -> Vec<OrderCard> {
    let card = |status| OrderCard {
        href: "/orders".to_owned(),
        number: "K7Q2-M9XD-4T".to_owned(),
        date: "November 30, 2026".to_owned(),
        total: "$135.20".to_owned(),
        status: StatusPill::new(status, m),
        items: format!("2 × Desk Lamp, {LONG_NAME}"),
    };
    OrderStatus::ALL.map(card).into()
}
