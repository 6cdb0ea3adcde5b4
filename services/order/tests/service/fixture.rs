//! The fixture: an open shop with a customer, and the actions of tests.

use std::time::Duration;
pub(crate) use testing::{fields, reason};

use kit::Runtime;
use proto::cart::v1 as cart_pb;
use proto::cart::v1::cart_service_client::CartServiceClient;
use proto::catalog::v1 as catalog_pb;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::common::v1::{Address, Money};
use proto::order::v1::order_service_client::OrderServiceClient;
use proto::order::v1::{self as pb, OrderStatus};
use proto::payment::v1 as payment_pb;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::user::v1 as user_pb;
use proto::user::v1::user_service_client::UserServiceClient;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;
use tonic::{Response, Status};
use uuid::Uuid;

use crate::fault_proxy::FaultProxy;
use crate::services::{RunningService, Services, parse_settings};

/// The longest wait for background work, including leases of killed executors.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);

/// An open shop and its first customer.
pub(crate) struct ShopFixture {
    pub(crate) client: OrderServiceClient<Channel>,
    pub(crate) catalog: CatalogServiceClient<Channel>,
    pub(crate) cart: CartServiceClient<Channel>,
    pub(crate) payment: PaymentServiceClient<Channel>,
    pub(crate) proxy: FaultProxy,
    pub(crate) services: Services,
    pub(crate) pool: PgPool,
    pub(crate) user: String,
    pub(crate) email: String,
    cli_args: Vec<String>,
    order: Option<RunningService>,
}

impl ShopFixture {
    /// Opens a shop on the database of a test.
    pub(crate) async fn open(pool: &PgPool) -> Self {
        Self::open_with(pool, &[]).await
    }

    /// Opens a shop with additional settings.
    pub(crate) async fn open_with(pool: &PgPool, additional: &[&str]) -> Self {
        Self::open_in("USD", pool, additional).await
    }

    /// Opens a shop with this currency and additional settings.
    pub(crate) async fn open_in(currency: &str, pool: &PgPool, additional: &[&str]) -> Self {
        let services = Services::start(currency).await;
        let proxy = FaultProxy::start(&[
            ("user", services.user.address),
            ("catalog", services.catalog.address),
            ("cart", services.cart.address),
            ("payment", services.payment.address),
            ("shipping", services.shipping.address),
            ("notification", services.notification.address),
        ])
        .await;
        let names = ["user", "catalog", "cart", "payment", "shipping", "notification"];
        let url = |service: &&str| format!("--{service}-url=http://{}", proxy.address);
        let mut cli_args: Vec<String> = names.iter().map(url).collect();
        cli_args.push(format!("--currency={currency}"));
        cli_args.extend(additional.iter().map(ToString::to_string));
        let order = start(pool, &cli_args).await;
        let (user, email) = register(&services).await;
        let connect = |service: &RunningService| {
            Channel::from_shared(format!("http://{}", service.address)).unwrap().connect_lazy()
        };
        Self {
            client: OrderServiceClient::new(connect(&order)),
            catalog: CatalogServiceClient::new(connect(&services.catalog)),
            cart: CartServiceClient::new(connect(&services.cart)),
            payment: PaymentServiceClient::new(connect(&services.payment)),
            proxy,
            services,
            pool: pool.clone(),
            user,
            email,
            cli_args,
            order: Some(order),
        }
    }

    /// Returns a client with a connection of its own.
    pub(crate) fn connect(&self) -> OrderServiceClient<Channel> {
        let address = self.order.as_ref().unwrap().address;
        let channel = Channel::from_shared(format!("http://{address}")).unwrap();
        OrderServiceClient::new(channel.connect_lazy())
    }

    /// Shuts everything down gracefully.
    pub(crate) async fn close(mut self) {
        if let Some(order) = self.order.take() {
            order.stop().await;
        }
        self.services.stop().await;
    }

    /// Kills the order service at any point.
    pub(crate) fn kill(&mut self) {
        self.order.take().unwrap().kill();
    }

    /// Restarts the order service.
    pub(crate) async fn restart(&mut self) {
        let order = start(&self.pool, &self.cli_args).await;
        let channel = Channel::from_shared(format!("http://{}", order.address)).unwrap();
        self.client = OrderServiceClient::new(channel.connect_lazy());
        self.order = Some(order);
    }

    /// Returns the settings of the order service, for use without the service.
    pub(crate) fn args(&self) -> order::Args {
        let cli_args: Vec<&str> = self.cli_args.iter().map(String::as_str).collect();
        parse_settings(Some(&self.pool), &cli_args)
    }

    /// Registers another customer.
    pub(crate) async fn register_customer(&self) -> String {
        register(&self.services).await.0
    }

    /// Creates a product.
    pub(crate) async fn add_product(&self, name: &str, cents: i64, units: i32) -> String {
        let request = catalog_pb::CreateProductRequest {
            name: name.into(),
            price: Some(usd(cents)),
            stock_quantity: units,
            weight_grams: 1000,
            ..Default::default()
        };
        self.catalog.clone().create_product(request).await.unwrap().into_inner().id
    }

    /// Returns (units on hand, reserved units) of a product.
    pub(crate) async fn stock(&self, product: &str) -> (i32, i32) {
        sqlx::query_as("SELECT on_hand, reserved FROM stock WHERE product_id = $1::uuid")
            .bind(product)
            .fetch_one(&self.services.catalog_db)
            .await
            .unwrap()
    }

    /// Adds units to the first customer's cart.
    pub(crate) async fn add_to_cart(&self, product: &str, units: i32) {
        self.add_to_cart_for(&self.user, product, units).await;
    }

    pub(crate) async fn add_to_cart_for(&self, user: &str, product: &str, units: i32) {
        let request = cart_pb::AddItemRequest {
            user_id: user.into(),
            product_id: product.into(),
            quantity: units,
            ..Default::default()
        };
        self.cart.clone().add_item(request).await.unwrap();
    }

    /// Returns the number of units of all products in the first customer's cart.
    pub(crate) async fn units_in_cart(&self) -> i32 {
        let request = cart_pb::GetCartRequest { user_id: self.user.clone() };
        let cart = self.cart.clone().get_cart(request).await.unwrap().into_inner();
        cart.items.iter().map(|item| item.quantity).sum()
    }

    /// Returns the first customer's request for the whole cart, with the test card that succeeds.
    pub(crate) fn request(&self) -> pb::CreateOrderRequest {
        pb::CreateOrderRequest {
            user_id: self.user.clone(),
            shipping_address: Some(address()),
            payment_method_id: "pm_test_visa".into(),
            ..Default::default()
        }
    }

    pub(crate) async fn try_place_order(
        &self,
        request: pb::CreateOrderRequest,
    ) -> Result<pb::Order, Status> {
        self.client.clone().create_order(request).await.map(Response::into_inner)
    }

    /// Orders the first customer's cart.
    pub(crate) async fn place_order(&self) -> pb::Order {
        self.try_place_order(self.request()).await.unwrap()
    }

    /// Orders units of a product, and asserts that the order is confirmed.
    pub(crate) async fn buy(&self, product: &str, units: i32) -> pb::Order {
        self.add_to_cart(product, units).await;
        let order = self.place_order().await;
        let order = self.wait_until_settled(&order.id).await;
        assert_eq!(order.status(), OrderStatus::Confirmed, "{order:?}");
        order
    }

    pub(crate) async fn get(&self, id: &str) -> pb::Order {
        let request = pb::GetOrderRequest { id: id.into(), user_id: String::new() };
        self.client.clone().get_order(request).await.unwrap().into_inner()
    }

    /// Waits until no saga of the order is in progress, and returns the order.
    pub(crate) async fn wait_until_settled(&self, id: &str) -> pb::Order {
        let in_progress = "SELECT
             EXISTS (SELECT FROM checkouts
                 WHERE order_id = $1::uuid AND step NOT IN ('confirmed', 'cancelled'))
             OR EXISTS (SELECT FROM refunds
                 WHERE order_id = $1::uuid AND step NOT IN ('done', 'refused'))
             OR EXISTS (SELECT FROM outbox WHERE order_id = $1::uuid AND state = 'waiting')";
        let wait = async {
            while sqlx::query_scalar::<_, bool>(in_progress)
                .bind(id)
                .fetch_one(&self.pool)
                .await
                .unwrap()
            {
                sleep(Duration::from_millis(50)).await;
            }
        };
        let settled = timeout(SETTLE_TIMEOUT, wait).await;
        assert!(settled.is_ok(), "not settled: {:?}", self.checkout(id).await);
        self.get(id).await
    }

    pub(crate) async fn checkout(&self, id: &str) -> pb::GetCheckoutResponse {
        let request = pb::GetCheckoutRequest { order_id: id.into() };
        self.client.clone().get_checkout(request).await.unwrap().into_inner()
    }

    /// Waits until the checkout of an order is at a step that it cannot leave.
    pub(crate) async fn wait_for_step(&self, id: &str, step: &str) {
        let wait = async {
            while self.checkout(id).await.step != step {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(SETTLE_TIMEOUT, wait).await.expect(step);
    }

    pub(crate) async fn cancel(&self, id: &str) -> Result<pb::Order, Status> {
        let request = pb::CancelOrderRequest {
            id: id.into(),
            user_id: self.user.clone(),
            reason: "changed my mind".into(),
        };
        self.client.clone().cancel_order(request).await.map(Response::into_inner)
    }

    /// Refunds an amount in cents, or everything that is not refunded yet.
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

    pub(crate) async fn update_status(
        &self,
        id: &str,
        status: OrderStatus,
    ) -> Result<pb::Order, Status> {
        let request = pb::UpdateOrderStatusRequest {
            id: id.into(),
            status: status.into(),
            notes: "by hand".into(),
            actor_id: "admin".into(),
        };
        self.client.clone().update_order_status(request).await.map(Response::into_inner)
    }

    /// Saves a card of the first customer.
    pub(crate) async fn save_card(&self, number: &str) -> String {
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

async fn start(pool: &PgPool, cli_args: &[String]) -> RunningService {
    let cli_args: Vec<&str> = cli_args.iter().map(String::as_str).collect();
    let args: order::Args = parse_settings(Some(pool), &cli_args);
    RunningService::start(|listener, runtime: Runtime| order::serve_on(listener, args, runtime))
        .await
}

/// Registers a customer whose address is verified.
async fn register(services: &Services) -> (String, String) {
    let channel = Channel::from_shared(format!("http://{}", services.user.address)).unwrap();
    let email = format!("{}@example.com", Uuid::from_bytes(kit::Env::system().bytes()).simple());
    let request = user_pb::RegisterRequest {
        email: email.clone(),
        password: "correct horse battery".into(),
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
    };
    let mut client = UserServiceClient::new(channel.connect_lazy());
    let user = client.register(request).await.unwrap().into_inner().user.unwrap();
    services.set_email_verified(&user.id, true).await;
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
