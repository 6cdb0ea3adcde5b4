//! The fixture: a shop that is open, a customer, and words for what tests do with them.

pub(crate) use kit::testing::{fields, refused};
use std::time::Duration;

use kit::Runtime;
use proto::{
    cart::v1::{self as cart_pb, cart_service_client::CartServiceClient},
    catalog::v1::{self as catalog_pb, catalog_service_client::CatalogServiceClient},
    common::v1::{Address, Money},
    order::v1::{self as pb, OrderStatus, order_service_client::OrderServiceClient},
    payment::v1::{self as payment_pb, payment_service_client::PaymentServiceClient},
    user::v1::{self as user_pb, user_service_client::UserServiceClient},
};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tonic::{Response, Status, transport::Channel};
use uuid::Uuid;

use crate::{
    others::{Others, Running, settings},
    wires::Wires,
};

/// The longest wait for what goes on in the background, leases of dead drivers included.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shop that is open, and its first customer.
pub(crate) struct Shop {
    pub(crate) client: OrderServiceClient<Channel>,
    pub(crate) catalog: CatalogServiceClient<Channel>,
    pub(crate) cart: CartServiceClient<Channel>,
    pub(crate) payment: PaymentServiceClient<Channel>,
    pub(crate) wires: Wires,
    pub(crate) others: Others,
    pub(crate) pool: PgPool,
    pub(crate) user: String,
    pub(crate) email: String,
    words: Vec<String>,
    order: Option<Running>,
}

impl Shop {
    /// On the database of a test.
    pub(crate) async fn open(pool: &PgPool) -> Self {
        Self::open_with(pool, &[]).await
    }

    /// With more settings.
    pub(crate) async fn open_with(pool: &PgPool, more: &[&str]) -> Self {
        let others = Others::start(pool).await;
        let wires = Wires::to(&[
            ("user", others.user.address),
            ("catalog", others.catalog.address),
            ("cart", others.cart.address),
            ("payment", others.payment.address),
            ("shipping", others.shipping.address),
            ("notification", others.notification.address),
        ])
        .await;
        let services = ["user", "catalog", "cart", "payment", "shipping", "notification"];
        let url = |service: &&str| format!("--{service}-url=http://{}", wires.address);
        let mut words: Vec<String> = services.iter().map(url).collect();
        words.extend(more.iter().map(ToString::to_string));
        let order = start(pool, &words).await;
        let (user, email) = customer(&others).await;
        let connect = |service: &Running| {
            Channel::from_shared(format!("http://{}", service.address)).unwrap().connect_lazy()
        };
        Self {
            client: OrderServiceClient::new(connect(&order)),
            catalog: CatalogServiceClient::new(connect(&others.catalog)),
            cart: CartServiceClient::new(connect(&others.cart)),
            payment: PaymentServiceClient::new(connect(&others.payment)),
            wires,
            others,
            pool: pool.clone(),
            user,
            email,
            words,
            order: Some(order),
        }
    }

    /// Ends all of it in order.
    pub(crate) async fn close(mut self) {
        if let Some(order) = self.order.take() {
            order.stop().await;
        }
        self.others.stop(&self.pool).await;
    }

    /// Kills orders wherever they are.
    pub(crate) fn kill(&mut self) {
        self.order.take().unwrap().kill();
    }

    /// Starts orders again.
    pub(crate) async fn restart(&mut self) {
        let order = start(&self.pool, &self.words).await;
        let channel = Channel::from_shared(format!("http://{}", order.address)).unwrap();
        self.client = OrderServiceClient::new(channel.connect_lazy());
        self.order = Some(order);
    }

    /// The settings of orders, for those who use them without the service.
    pub(crate) fn args(&self) -> order::Args {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        settings(Some(&self.pool), &words)
    }

    /// Another customer.
    pub(crate) async fn another(&self) -> String {
        customer(&self.others).await.0
    }

    /// A new product.
    pub(crate) async fn product(&self, name: &str, cents: i64, units: i32) -> String {
        let request = catalog_pb::CreateProductRequest {
            name: name.into(),
            price: Some(usd(cents)),
            stock_quantity: units,
            weight_grams: 1000,
            ..Default::default()
        };
        self.catalog.clone().create_product(request).await.unwrap().into_inner().id
    }

    /// Units that can be bought, units on hand, and units reserved.
    pub(crate) async fn stock(&self, product: &str) -> (i32, i32) {
        sqlx::query_as("SELECT on_hand, reserved FROM stock WHERE product_id = $1::uuid")
            .bind(product)
            .fetch_one(&self.others.catalog_db)
            .await
            .unwrap()
    }

    /// Puts units into the first customer's cart.
    pub(crate) async fn fill(&self, product: &str, units: i32) {
        self.fill_of(&self.user, product, units).await;
    }

    pub(crate) async fn fill_of(&self, user: &str, product: &str, units: i32) {
        let request = cart_pb::AddItemRequest {
            user_id: user.into(),
            product_id: product.into(),
            quantity: units,
            ..Default::default()
        };
        self.cart.clone().add_item(request).await.unwrap();
    }

    /// Units of all products in the customer's cart.
    pub(crate) async fn units_in_cart(&self) -> i32 {
        let request = cart_pb::GetCartRequest { user_id: self.user.clone() };
        let cart = self.cart.clone().get_cart(request).await.unwrap().into_inner();
        cart.items.iter().map(|item| item.quantity).sum()
    }

    /// What the first customer asks for: the whole cart, by the test card that works.
    pub(crate) fn request(&self) -> pb::CreateOrderRequest {
        pb::CreateOrderRequest {
            user_id: self.user.clone(),
            shipping_address: Some(address()),
            payment_method_id: "pm_test_visa".into(),
            ..Default::default()
        }
    }

    pub(crate) async fn try_order(
        &self,
        request: pb::CreateOrderRequest,
    ) -> Result<pb::Order, Status> {
        self.client.clone().create_order(request).await.map(Response::into_inner)
    }

    /// Orders the first customer's cart.
    pub(crate) async fn order(&self) -> pb::Order {
        self.try_order(self.request()).await.unwrap()
    }

    /// An order of so many units of a product, which must go well.
    pub(crate) async fn bought(&self, product: &str, units: i32) -> pb::Order {
        self.fill(product, units).await;
        let order = self.order().await;
        let order = self.settled(&order.id).await;
        assert_eq!(order.status(), OrderStatus::Confirmed, "{order:?}");
        order
    }

    pub(crate) async fn get(&self, id: &str) -> pb::Order {
        let request = pb::GetOrderRequest { id: id.into(), user_id: String::new() };
        self.client.clone().get_order(request).await.unwrap().into_inner()
    }

    /// The order once nothing of it is at work any more.
    pub(crate) async fn settled(&self, id: &str) -> pb::Order {
        let busy = "SELECT
             EXISTS (SELECT FROM checkouts
                 WHERE order_id = $1::uuid AND step NOT IN ('confirmed', 'cancelled'))
             OR EXISTS (SELECT FROM refunds
                 WHERE order_id = $1::uuid AND step NOT IN ('done', 'refused'))
             OR EXISTS (SELECT FROM outbox WHERE order_id = $1::uuid AND state = 'waiting')";
        let wait = async {
            while sqlx::query_scalar::<_, bool>(busy).bind(id).fetch_one(&self.pool).await.unwrap()
            {
                sleep(Duration::from_millis(50)).await;
            }
        };
        let ended = timeout(PATIENCE, wait).await;
        assert!(ended.is_ok(), "not settled: {:?}", self.checkout(id).await);
        self.get(id).await
    }

    pub(crate) async fn checkout(&self, id: &str) -> pb::GetCheckoutResponse {
        let request = pb::GetCheckoutRequest { order_id: id.into() };
        self.client.clone().get_checkout(request).await.unwrap().into_inner()
    }

    /// Waits until the checkout of an order is at a step that it cannot leave.
    pub(crate) async fn stands_at(&self, id: &str, step: &str) {
        let wait = async {
            while self.checkout(id).await.step != step {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect(step);
    }

    pub(crate) async fn cancel(&self, id: &str) -> Result<pb::Order, Status> {
        let request = pb::CancelOrderRequest {
            id: id.into(),
            user_id: self.user.clone(),
            reason: "changed my mind".into(),
        };
        self.client.clone().cancel_order(request).await.map(Response::into_inner)
    }

    /// Asks for cents back, or for all that is left.
    pub(crate) async fn refund(
        &self,
        id: &str,
        cents: Option<i64>,
        key: &str,
    ) -> Result<pb::Order, Status> {
        let request = pb::RefundOrderRequest {
            id: id.into(),
            amount: cents.map(usd),
            reason: "goodwill".into(),
            idempotency_key: key.into(),
            actor_id: "admin".into(),
        };
        self.client.clone().refund_order(request).await.map(Response::into_inner)
    }

    pub(crate) async fn go(&self, id: &str, status: OrderStatus) -> Result<pb::Order, Status> {
        let request = pb::UpdateOrderStatusRequest {
            id: id.into(),
            status: status.into(),
            notes: "by hand".into(),
            actor_id: "admin".into(),
        };
        self.client.clone().update_order_status(request).await.map(Response::into_inner)
    }

    /// A saved card of the first customer.
    pub(crate) async fn card(&self, number: &str) -> String {
        let request = payment_pb::AddPaymentMethodRequest {
            user_id: self.user.clone(),
            r#type: payment_pb::PaymentMethodType::Card.into(),
            card_number: number.into(),
            exp_month: 12,
            exp_year: 2035,
            cvv: "123".into(),
            is_default: true,
            idempotency_key: String::new(),
        };
        self.payment.clone().add_payment_method(request).await.unwrap().into_inner().id
    }
}

async fn start(pool: &PgPool, words: &[String]) -> Running {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let args: order::Args = settings(Some(pool), &words);
    Running::start(|port, runtime: Runtime| order::serve_on(port, args, runtime)).await
}

async fn customer(others: &Others) -> (String, String) {
    let channel = Channel::from_shared(format!("http://{}", others.user.address)).unwrap();
    let email = format!("{}@example.com", Uuid::from_bytes(kit::Env::system().bytes()).simple());
    let request = user_pb::RegisterRequest {
        email: email.clone(),
        password: "correct horse battery".into(),
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
    };
    let mut client = UserServiceClient::new(channel.connect_lazy());
    let user = client.register(request).await.unwrap().into_inner().user.unwrap();
    (user.id, email)
}

pub(crate) fn usd(cents: i64) -> Money {
    Money { amount_cents: cents, currency: "USD".into() }
}

pub(crate) fn address() -> Address {
    Address {
        street: "1 Main Street".into(),
        city: "Springfield".into(),
        state: "IL".into(),
        zip_code: "62701".into(),
        country: "US".into(),
        recipient: "Ada Lovelace".into(),
    }
}
