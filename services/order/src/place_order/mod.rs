//! Order placement: turns a cart into an order. Everything that can be refused cheaply is refused
//! before the order is inserted. A preview of an order uses the same prices.

mod pricing;

use std::sync::Arc;

use kit::Env;
use money::{Currency, Money};
use proto::cart::v1 as cart;
use proto::payment::v1 as payment;
use uuid::Uuid;
use wire::Address;

use crate::domain::ids::{OrderId, UserId};
use crate::domain::number::OrderNumber;
use crate::domain::order::{Order, ShippingOption};
use crate::domain::status::Status;
use crate::error::Error;
use crate::saga::RemoteServices;
use crate::store::orders::RequestIdentity;
use crate::transactions::{Created, ExistingOrder, NewOrder, OrderRepository};

pub(crate) use pricing::PricedCart;

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
    /// The highest total that the customer accepts.
    pub(crate) expected_total: Option<Money>,
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

/// A request for the prices of the customer's cart.
#[derive(Clone, Debug)]
pub(crate) struct PreviewRequest {
    pub(crate) user: UserId,
    pub(crate) address: Address,
    /// `None` selects the cheapest option.
    pub(crate) shipping_option: Option<ShippingOption>,
    /// The version of the cart that the customer saw, if the request names one.
    pub(crate) cart_version: Option<i64>,
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
        let cart = self.read_cart(*user, order_request.cart_version).await?;
        match self.repository.find_existing(*user, identity, Some(cart.version)).await?.existing {
            ExistingOrder::Repeat(id) => return Ok(Created::Existing(id)),
            ExistingOrder::InProgress => return Err(Error::OrderInProgress),
            ExistingOrder::None => {}
        }
        let option = order_request.shipping_option.as_ref();
        let priced = self.price_cart(&cart, &order_request.address, option).await?;
        // Before any write, so that the idempotency key stays free.
        if order_request.expected_total.is_some_and(|most| priced.sums.total.cents() > most.cents())
        {
            return Err(Error::TotalChanged(priced.sums));
        }
        self.check_payment_method(order_request).await?;
        let order = self.build_order(order_request, priced);
        self.repository
            .create(NewOrder {
                order,
                identity: identity.clone(),
                last_left_cart: prior.last_left_cart,
            })
            .await
    }

    /// Prices the customer's cart as [`place`](Self::place) would, without ordering it.
    pub(crate) async fn preview(&self, request: &PreviewRequest) -> Result<PricedCart, Error> {
        let cart = self.read_cart(request.user, request.cart_version).await?;
        self.price_cart(&cart, &request.address, request.shipping_option.as_ref()).await
    }

    fn build_order(&self, order_request: &OrderRequest, priced: PricedCart) -> Order {
        let now = self.env.now();
        Order {
            id: OrderId(self.env.uuid()),
            number: OrderNumber::from_random(self.env.bytes()),
            user: order_request.user,
            status: Status::Pending,
            lines: priced.lines,
            sums: priced.sums,
            refunded: Money::zero(self.currency),
            address: order_request.address.clone(),
            payment_method: order_request.payment_method.clone(),
            shipping_option: priced.shipping_option,
            weight_grams: priced.weight_grams,
            cart_version: priced.cart_version,
            in_cart: true,
            transaction: None,
            tracking_number: None,
            failure: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Reads the customer's cart, which must have the version that the customer saw.
    async fn read_cart(&self, user: UserId, seen: Option<i64>) -> Result<cart::Cart, Error> {
        let request = cart::GetCartRequest { user_id: user.to_string() };
        let cart = self.services.cart.clone().get_cart(request).await;
        let cart = cart.map_err(Error::from_remote("cart"))?.into_inner();
        match seen {
            Some(seen) if seen != cart.version => Err(Error::CartChanged),
            _ => Ok(cart),
        }
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
}
