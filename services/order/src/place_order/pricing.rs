//! Prices of a cart: what an order of it costs now.

use std::collections::HashMap;

use kit::grpc::client::MAX_RESPONSE_BYTES;
use kit::grpc::status::violations_of;
use money::Money;
use proto::cart::v1 as cart;
use proto::catalog::v1 as catalog;
use proto::common::v1 as common;
use proto::shipping::v1 as shipping;
use tonic::Code;
use uuid::Uuid;
use wire::{Address, render};

use super::OrderPlacement;
use crate::domain::ids::{LineId, ProductId};
use crate::domain::line::Line;
use crate::domain::order::{DEFAULT_WEIGHT_GRAMS, ShippingOption};
use crate::domain::price::Sums;
use crate::error::Error;

/// A cart at current prices, with shipping and tax.
#[derive(Clone, Debug)]
pub(crate) struct PricedCart {
    pub(crate) cart_version: i64,
    pub(crate) lines: Vec<Line>,
    pub(crate) weight_grams: i32,
    /// All shipping quotes, cheapest first.
    pub(crate) quotes: Vec<shipping::ShippingQuote>,
    /// The requested shipping option, or the cheapest.
    pub(crate) shipping_option: ShippingOption,
    pub(crate) sums: Sums,
}

/// The items of a cart at their current prices.
struct CartItems {
    lines: Vec<Line>,
    weight_grams: i32,
}

/// Shipping quotes, and the chosen one.
struct ChosenQuote {
    quotes: Vec<shipping::ShippingQuote>,
    option: ShippingOption,
    cost: Money,
}

impl OrderPlacement {
    /// Prices a cart for an address, with the given shipping option or the cheapest.
    pub(super) async fn price_cart(
        &self,
        cart: &cart::Cart,
        address: &Address,
        option: Option<&ShippingOption>,
    ) -> Result<PricedCart, Error> {
        let CartItems { lines, weight_grams } = self.price_items(cart).await?;
        let ChosenQuote { quotes, option, cost } =
            self.quote(address, weight_grams, option).await?;
        let sums = Sums::compute(self.currency, &lines, cost, self.tax_basis_points)?;
        Ok(PricedCart {
            cart_version: cart.version,
            lines,
            weight_grams,
            quotes,
            shipping_option: option,
            sums,
        })
    }

    /// Reads current names, prices, weights and stock from the catalog. The values in the cart are
    /// ignored.
    async fn price_items(&self, cart: &cart::Cart) -> Result<CartItems, Error> {
        if cart.items.is_empty() {
            return Err(Error::CartEmpty);
        }
        let ids = cart.items.iter().map(|item| item.product_id.clone()).collect();
        let mut client =
            self.services.catalog.clone().max_decoding_message_size(MAX_RESPONSE_BYTES);
        let response = client.batch_get_products(catalog::BatchGetProductsRequest { ids }).await;
        let products = response.map_err(Error::from_remote("catalog"))?.into_inner().products;
        let products: HashMap<String, catalog::Product> =
            products.into_iter().map(|product| (product.id.clone(), product)).collect();
        let product_of = |item: &cart::CartItem| products.get(&item.product_id);
        let unavailable =
            products_where(cart, |item| product_of(item).is_none_or(|product| !product.is_active));
        if !unavailable.is_empty() {
            return Err(Error::ProductUnavailable(unavailable));
        }
        let insufficient = products_where(cart, |item| {
            product_of(item).is_none_or(|product| item.quantity > product.stock_quantity)
        });
        if !insufficient.is_empty() {
            return Err(Error::OutOfStock(insufficient));
        }
        self.build_lines(cart, &products)
    }

    fn build_lines(
        &self,
        cart: &cart::Cart,
        products: &HashMap<String, catalog::Product>,
    ) -> Result<CartItems, Error> {
        let mut items = CartItems { lines: Vec::new(), weight_grams: 0 };
        for item in &cart.items {
            let product =
                products.get(&item.product_id).ok_or(Error::InvalidResponse("catalog"))?;
            if item.quantity < 1 {
                return Err(Error::InvalidResponse("cart"));
            }
            let weight = match product.weight_grams {
                0 => DEFAULT_WEIGHT_GRAMS,
                grams => grams,
            };
            items.weight_grams =
                items.weight_grams.saturating_add(weight.saturating_mul(item.quantity));
            items.lines.push(Line {
                id: LineId(self.env.uuid()),
                product: product_id(&item.product_id).ok_or(Error::InvalidResponse("cart"))?,
                name: product.name.clone(),
                quantity: item.quantity,
                unit_price: self
                    .amount(product.price.as_ref())
                    .ok_or(Error::InvalidResponse("catalog"))?,
            });
        }
        Ok(items)
    }

    /// Returns the shipping quotes, cheapest first, and the chosen one with its cost.
    async fn quote(
        &self,
        address: &Address,
        weight_grams: i32,
        option: Option<&ShippingOption>,
    ) -> Result<ChosenQuote, Error> {
        let request = shipping::GetQuoteRequest {
            from: None, // the shop's own address
            to: Some(render::address(address.clone())),
            weight_grams,
        };
        let mut quotes = match self.services.shipping.clone().get_quote(request).await {
            Ok(response) => response.into_inner().quotes,
            Err(status) if status.code() == Code::InvalidArgument => {
                return Err(quote_error(&status));
            }
            Err(status) => return Err(Error::from_remote("shipping")(status)),
        };
        quotes.sort_by_key(|quote| quote.cost.as_ref().map_or(i64::MAX, |cost| cost.amount_cents));
        let is_requested = |quote: &&shipping::ShippingQuote| match option {
            Some(option) => option.carrier == quote.carrier && option.service == quote.service,
            None => true,
        };
        let quote = match (quotes.iter().find(is_requested), option) {
            (Some(quote), _) => quote,
            (None, Some(_)) => return Err(Error::UnknownShippingOption),
            (None, None) => return Err(Error::Undeliverable),
        };
        let cost = self.amount(quote.cost.as_ref()).ok_or(Error::InvalidResponse("shipping"))?;
        let option =
            ShippingOption { carrier: quote.carrier.clone(), service: quote.service.clone() };
        Ok(ChosenQuote { quotes, option, cost })
    }

    /// Converts an amount that is valid as a price: not negative, and in the shop's currency.
    fn amount(&self, money: Option<&common::Money>) -> Option<Money> {
        let money = money?;
        let is_valid = money.amount_cents >= 0 && money.currency == self.currency.code();
        is_valid.then(|| Money::new(money.amount_cents, self.currency))
    }
}

/// Maps a refused quote. The weight is computed from the cart, so a violation of the weight limit
/// is reported as a problem of the cart.
fn quote_error(status: &tonic::Status) -> Error {
    match violations_of(status).iter().any(|(field, _)| field == "weight_grams") {
        true => Error::CartTooHeavy,
        false => Error::Undeliverable,
    }
}

/// Returns the products of the cart items that match.
fn products_where(
    cart: &cart::Cart,
    predicate: impl Fn(&cart::CartItem) -> bool,
) -> Vec<ProductId> {
    let matching = cart.items.iter().filter(|item| predicate(item));
    matching.filter_map(|item| product_id(&item.product_id)).collect()
}

fn product_id(text: &str) -> Option<ProductId> {
    Uuid::try_parse(text).ok().map(ProductId)
}
