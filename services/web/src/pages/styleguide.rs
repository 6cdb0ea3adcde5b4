//! The components in all their states, side by side. Debug builds only: the texts are names for
//! those who develop the shop, and are not translated.

use askama::Template;
use axum::response::Response;

use crate::forms::{Field, FormErrors, SelectOption};
use crate::messages::{FlashMessage, Messages};
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::shop::{Availability, ProductCard, ProductImage};
use crate::session::{Flash, FlashCode};
use crate::view::{Head, View};

/// Number of background tints in the style sheet.
const TINTS: usize = 6;

#[derive(Template)]
#[template(path = "styleguide.html")]
struct StyleguideView {
    m: &'static Messages,
    fields: Vec<Field>,
    errors: FormErrors,
    flashes: Vec<FlashMessage>,
    cards: Vec<ProductCard>,
    breadcrumbs: Vec<(&'static str, &'static str)>,
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
    let image = "/images/products/desk-lamp.svg";
    let mut cards = vec![
        card("In stock", image, 1, Availability::InStock),
        card("Few left", image, 1, Availability::Few(3)),
        card("Sold out", image, 1, Availability::SoldOut),
    ];
    let tints = (1..=TINTS).map(|tint| card("Without an image", "", tint, Availability::InStock));
    cards.extend(tints);
    cards
}
