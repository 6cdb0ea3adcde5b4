//! Making an order of a cart: everything that can be refused cheaply is refused before there is one.

use std::{collections::HashMap, sync::Arc};

use kit::{
    Env,
    grpc::{client::MAX_RESPONSE_BYTES, status::violations_of},
};
use money::{Currency, Money};
use proto::{
    cart::v1 as cart, catalog::v1 as catalog, common::v1 as common, payment::v1 as payment,
    shipping::v1 as shipping,
};
use tonic::Code;
use uuid::Uuid;
use wire::{Address, render};

use crate::{
    domain::{
        ids::{LineId, OrderId, ProductId, UserId},
        order::{DEFAULT_WEIGHT_GRAMS, Line, Order, ShippingOption},
        price::Sums,
        status::Status,
    },
    driver::Remotes,
    error::Error,
    store::orders::Asked,
    transactions::{Created, New, Records, Standing},
};

/// What a customer wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) user: UserId,
    pub(crate) address: Address,
    pub(crate) payment_method: String,
    /// None for the cheapest.
    pub(crate) shipping_option: Option<ShippingOption>,
    /// The cart that the customer saw, if that matters.
    pub(crate) cart_version: Option<i64>,
    pub(crate) asked: Asked,
}

/// Makes orders.
#[derive(Clone, Debug)]
pub(crate) struct Ordering {
    pub(crate) records: Arc<Records>,
    pub(crate) remotes: Arc<Remotes>,
    pub(crate) env: Env,
    pub(crate) currency: Currency,
    pub(crate) tax_basis_points: u32,
}

/// What is bought, at the prices of now.
struct Goods {
    lines: Vec<Line>,
    weight_grams: i32,
}

impl Ordering {
    /// Makes an order of the customer's cart, or finds the one that was made of it.
    pub(crate) async fn place(&self, wanted: &Wanted) -> Result<Created, Error> {
        let Wanted { user, asked, .. } = wanted;
        // Before the cart is asked for, which may be away, or emptied by the order that is known.
        let before = self.records.standing(*user, asked, wanted.cart_version).await?;
        if let Standing::Known(known) = before.standing {
            return Ok(Created::Known(known));
        }
        let cart = self.cart(*user).await?;
        if wanted.cart_version.is_some_and(|seen| seen != cart.version) {
            return Err(Error::CartChanged);
        }
        match self.records.standing(*user, asked, Some(cart.version)).await?.standing {
            Standing::Known(known) => return Ok(Created::Known(known)),
            Standing::Busy => return Err(Error::OrderInProgress),
            Standing::Free => {}
        }
        let goods = self.goods(&cart).await?;
        let (shipping_option, shipping) = self.quote(wanted, goods.weight_grams).await?;
        self.check_method(wanted).await?;
        let sums = Sums::of(self.currency, &goods.lines, shipping, self.tax_basis_points)?;
        let order = self.order(wanted, cart.version, goods, shipping_option, sums);
        self.records.create(&New { order, asked: asked.clone(), last_left: before.last_left }).await
    }

    fn order(
        &self,
        wanted: &Wanted,
        cart_version: i64,
        goods: Goods,
        shipping_option: ShippingOption,
        sums: Sums,
    ) -> Order {
        let now = self.env.now();
        Order {
            id: OrderId(self.env.uuid()),
            user: wanted.user,
            status: Status::Pending,
            lines: goods.lines,
            sums,
            refunded: Money::zero(self.currency),
            address: wanted.address.clone(),
            payment_method: wanted.payment_method.clone(),
            shipping_option,
            weight_grams: goods.weight_grams,
            cart_version,
            in_cart: true,
            transaction: None,
            tracking_number: None,
            failure: None,
            created_at: now,
            updated_at: now,
        }
    }

    async fn cart(&self, user: UserId) -> Result<cart::Cart, Error> {
        let request = cart::GetCartRequest { user_id: user.to_string() };
        let cart = self.remotes.cart.clone().get_cart(request).await;
        Ok(cart.map_err(Error::of_callee("cart"))?.into_inner())
    }

    /// Names, prices, weights and stock are the catalog's of now, whatever the cart said.
    async fn goods(&self, cart: &cart::Cart) -> Result<Goods, Error> {
        if cart.items.is_empty() {
            return Err(Error::CartEmpty);
        }
        let ids = cart.items.iter().map(|item| item.product_id.clone()).collect();
        let mut client = self.remotes.catalog.clone().max_decoding_message_size(MAX_RESPONSE_BYTES);
        let answer = client.batch_get_products(catalog::BatchGetProductsRequest { ids }).await;
        let products = answer.map_err(Error::of_callee("catalog"))?.into_inner().products;
        let products: HashMap<String, catalog::Product> =
            products.into_iter().map(|product| (product.id.clone(), product)).collect();
        let of = |item: &cart::CartItem| products.get(&item.product_id);
        let gone = at_fault(cart, |item| of(item).is_none_or(|product| !product.is_active));
        if !gone.is_empty() {
            return Err(Error::ProductUnavailable(gone));
        }
        let short = at_fault(cart, |item| {
            of(item).is_none_or(|product| item.quantity > product.stock_quantity)
        });
        if !short.is_empty() {
            return Err(Error::OutOfStock(short));
        }
        self.add_up(cart, &products)
    }

    fn add_up(
        &self,
        cart: &cart::Cart,
        products: &HashMap<String, catalog::Product>,
    ) -> Result<Goods, Error> {
        let mut goods = Goods { lines: Vec::new(), weight_grams: 0 };
        for item in &cart.items {
            let product = products.get(&item.product_id).ok_or(Error::Answer("catalog"))?;
            if item.quantity < 1 {
                return Err(Error::Answer("cart"));
            }
            let weight = match product.weight_grams {
                0 => DEFAULT_WEIGHT_GRAMS,
                grams => grams,
            };
            goods.weight_grams =
                goods.weight_grams.saturating_add(weight.saturating_mul(item.quantity));
            goods.lines.push(Line {
                id: LineId(self.env.uuid()),
                product: product_id(&item.product_id).ok_or(Error::Answer("cart"))?,
                name: product.name.clone(),
                quantity: item.quantity,
                unit_price: self.amount(product.price.as_ref()).ok_or(Error::Answer("catalog"))?,
            });
        }
        Ok(goods)
    }

    async fn quote(
        &self,
        wanted: &Wanted,
        weight_grams: i32,
    ) -> Result<(ShippingOption, Money), Error> {
        let request = shipping::GetQuoteRequest {
            from: None, // the shop itself
            to: Some(render::address(wanted.address.clone())),
            weight_grams,
        };
        let quotes = match self.remotes.shipping.clone().get_quote(request).await {
            Ok(answer) => answer.into_inner().quotes,
            Err(status) if status.code() == Code::InvalidArgument => return Err(refused(&status)),
            Err(status) => return Err(Error::of_callee("shipping")(status)),
        };
        let fits = |quote: &shipping::ShippingQuote| match &wanted.shipping_option {
            Some(option) => option.carrier == quote.carrier && option.service == quote.service,
            None => true,
        };
        let cost = |quote: &shipping::ShippingQuote| {
            quote.cost.as_ref().map_or(i64::MAX, |cost| cost.amount_cents)
        };
        let quote = quotes.into_iter().filter(fits).min_by_key(cost);
        let quote = match (quote, &wanted.shipping_option) {
            (Some(quote), _) => quote,
            (None, Some(_)) => return Err(Error::UnknownShippingOption),
            (None, None) => return Err(Error::Undeliverable),
        };
        let cost = self.amount(quote.cost.as_ref()).ok_or(Error::Answer("shipping"))?;
        Ok((ShippingOption { carrier: quote.carrier, service: quote.service }, cost))
    }

    /// A saved method must be the customer's. Test ids of a provider are its own business.
    async fn check_method(&self, wanted: &Wanted) -> Result<(), Error> {
        let Ok(method) = Uuid::try_parse(&wanted.payment_method) else { return Ok(()) };
        let request = payment::ListPaymentMethodsRequest { user_id: wanted.user.to_string() };
        let answer = self.remotes.payment.clone().list_payment_methods(request).await;
        let methods = answer.map_err(Error::of_callee("payment"))?.into_inner().payment_methods;
        let is_it = |saved: &payment::PaymentMethod| Uuid::try_parse(&saved.id) == Ok(method);
        if methods.iter().any(is_it) { Ok(()) } else { Err(Error::UnknownPaymentMethod) }
    }

    /// An amount that can be a price here.
    fn amount(&self, money: Option<&common::Money>) -> Option<Money> {
        let money = money?;
        let sound = money.amount_cents >= 0 && money.currency == self.currency.code();
        sound.then(|| Money::new(money.amount_cents, self.currency))
    }
}

/// Why nothing can be shipped so. The weight is no word of the customer's: it is the cart that is at
/// fault.
fn refused(status: &tonic::Status) -> Error {
    match violations_of(status).iter().any(|(field, _)| field == "weight_grams") {
        true => Error::CartTooHeavy,
        false => Error::Undeliverable,
    }
}

/// The products of the lines at fault.
fn at_fault(cart: &cart::Cart, is_wrong: impl Fn(&cart::CartItem) -> bool) -> Vec<ProductId> {
    let wrong = cart.items.iter().filter(|item| is_wrong(item));
    wrong.filter_map(|item| product_id(&item.product_id)).collect()
}

fn product_id(text: &str) -> Option<ProductId> {
    Uuid::try_parse(text).ok().map(ProductId)
}
