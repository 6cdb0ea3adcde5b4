//! Order placement: turns a cart into an order. Everything that can be refused cheaply is refused
//! before the order is inserted.

use std::collections::HashMap;
use std::sync::Arc;

use kit::Env;
use kit::grpc::client::MAX_RESPONSE_BYTES;
use kit::grpc::status::violations_of;
use money::{Currency, Money};
use proto::cart::v1 as cart;
use proto::catalog::v1 as catalog;
use proto::common::v1 as common;
use proto::payment::v1 as payment;
use proto::shipping::v1 as shipping;
use tonic::Code;
use uuid::Uuid;
use wire::{Address, render};

use crate::domain::ids::{LineId, OrderId, ProductId, UserId};
use crate::domain::line::Line;
use crate::domain::order::{DEFAULT_WEIGHT_GRAMS, Order, ShippingOption};
use crate::domain::price::Sums;
use crate::domain::status::Status;
use crate::error::Error;
use crate::saga::RemoteServices;
use crate::store::orders::RequestIdentity;
use crate::transactions::{Created, ExistingOrder, NewOrder, OrderRepository};

/// A request to order the customer's cart.
#[derive(Clone, Debug)]
pub(crate) struct OrderRequest {
    pub(crate) user: UserId,
    pub(crate) address: Address,
    pub(crate) payment_method: String,
    /// `None` selects the cheapest option.
    pub(crate) shipping_option: Option<ShippingOption>,
    /// The version of the cart that the customer saw, if the request names one.
    pub(crate) cart_version: Option<i64>,
    pub(crate) identity: RequestIdentity,
}

/// Places orders.
#[derive(Clone, Debug)]
pub(crate) struct OrderPlacement {
    pub(crate) repository: Arc<OrderRepository>,
    pub(crate) services: Arc<RemoteServices>,
    pub(crate) env: Env,
    pub(crate) currency: Currency,
    pub(crate) tax_basis_points: u32,
}

/// The items of a cart at their current prices.
struct CartItems {
    lines: Vec<Line>,
    weight_grams: i32,
}

impl OrderPlacement {
    /// Places an order for the customer's cart, or returns the order that was placed for it
    /// earlier.
    pub(crate) async fn place(&self, order_request: &OrderRequest) -> Result<Created, Error> {
        let OrderRequest { user, identity, .. } = order_request;
        // Check before the cart is read: the cart service may be down, or the existing order may
        // have emptied the cart.
        let prior =
            self.repository.find_existing(*user, identity, order_request.cart_version).await?;
        if let ExistingOrder::Repeat(id) = prior.existing {
            return Ok(Created::Existing(id));
        }
        let cart = self.read_cart(*user).await?;
        if order_request.cart_version.is_some_and(|seen| seen != cart.version) {
            return Err(Error::CartChanged);
        }
        match self.repository.find_existing(*user, identity, Some(cart.version)).await?.existing {
            ExistingOrder::Repeat(id) => return Ok(Created::Existing(id)),
            ExistingOrder::InProgress => return Err(Error::OrderInProgress),
            ExistingOrder::None => {}
        }
        let items = self.price_items(&cart).await?;
        let (shipping_option, shipping) = self.quote(order_request, items.weight_grams).await?;
        self.check_payment_method(order_request).await?;
        let sums = Sums::compute(self.currency, &items.lines, shipping, self.tax_basis_points)?;
        let order = self.build_order(order_request, cart.version, items, shipping_option, sums);
        self.repository
            .create(&NewOrder {
                order,
                identity: identity.clone(),
                last_left_cart: prior.last_left_cart,
            })
            .await
    }

    fn build_order(
        &self,
        order_request: &OrderRequest,
        cart_version: i64,
        items: CartItems,
        shipping_option: ShippingOption,
        sums: Sums,
    ) -> Order {
        let now = self.env.now();
        Order {
            id: OrderId(self.env.uuid()),
            user: order_request.user,
            status: Status::Pending,
            lines: items.lines,
            sums,
            refunded: Money::zero(self.currency),
            address: order_request.address.clone(),
            payment_method: order_request.payment_method.clone(),
            shipping_option,
            weight_grams: items.weight_grams,
            cart_version,
            in_cart: true,
            transaction: None,
            tracking_number: None,
            failure: None,
            created_at: now,
            updated_at: now,
        }
    }

    async fn read_cart(&self, user: UserId) -> Result<cart::Cart, Error> {
        let request = cart::GetCartRequest { user_id: user.to_string() };
        let cart = self.services.cart.clone().get_cart(request).await;
        Ok(cart.map_err(Error::from_remote("cart"))?.into_inner())
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

    async fn quote(
        &self,
        order_request: &OrderRequest,
        weight_grams: i32,
    ) -> Result<(ShippingOption, Money), Error> {
        let request = shipping::GetQuoteRequest {
            from: None, // the shop's own address
            to: Some(render::address(order_request.address.clone())),
            weight_grams,
        };
        let quotes = match self.services.shipping.clone().get_quote(request).await {
            Ok(response) => response.into_inner().quotes,
            Err(status) if status.code() == Code::InvalidArgument => {
                return Err(quote_error(&status));
            }
            Err(status) => return Err(Error::from_remote("shipping")(status)),
        };
        let is_requested = |quote: &shipping::ShippingQuote| match &order_request.shipping_option {
            Some(option) => option.carrier == quote.carrier && option.service == quote.service,
            None => true,
        };
        let cost = |quote: &shipping::ShippingQuote| {
            quote.cost.as_ref().map_or(i64::MAX, |cost| cost.amount_cents)
        };
        let quote = quotes.into_iter().filter(is_requested).min_by_key(cost);
        let quote = match (quote, &order_request.shipping_option) {
            (Some(quote), _) => quote,
            (None, Some(_)) => return Err(Error::UnknownShippingOption),
            (None, None) => return Err(Error::Undeliverable),
        };
        let cost = self.amount(quote.cost.as_ref()).ok_or(Error::InvalidResponse("shipping"))?;
        Ok((ShippingOption { carrier: quote.carrier, service: quote.service }, cost))
    }

    /// Checks that a saved payment method belongs to the customer. The provider's test ids are not
    /// checked here.
    async fn check_payment_method(&self, order_request: &OrderRequest) -> Result<(), Error> {
        let Ok(method) = Uuid::try_parse(&order_request.payment_method) else { return Ok(()) };
        let request =
            payment::ListPaymentMethodsRequest { user_id: order_request.user.to_string() };
        let response = self.services.payment.clone().list_payment_methods(request).await;
        let methods = response.map_err(Error::from_remote("payment"))?.into_inner().payment_methods;
        let is_named = |saved: &payment::PaymentMethod| Uuid::try_parse(&saved.id) == Ok(method);
        if methods.iter().any(is_named) { Ok(()) } else { Err(Error::UnknownPaymentMethod) }
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
