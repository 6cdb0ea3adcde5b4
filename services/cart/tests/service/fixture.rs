//! Test fixture: a running catalog, a running cart service in front of it, and a customer.

use std::net::SocketAddr;

use kit::{Env, Runtime};
use proto::cart::v1 as pb;
use proto::cart::v1::cart_service_client::CartServiceClient;
use proto::catalog::v1 as catalog_pb;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::common::v1::Money;
use sqlx::{ConnectOptions, PgPool};
use testing::{RunningService, free_address};
pub(crate) use testing::{assert_unavailable, code_and_reason, fields};
use tonic::transport::Channel;
use tonic::{Response, Status};

/// Running cart service and catalog, and the customer of the test.
pub(crate) struct CartFixture {
    pub(crate) client: CartServiceClient<Channel>,
    pub(crate) user: String,
    pool: PgPool,
    catalog: Option<RunningService>,
    catalog_address: SocketAddr,
    carts: RunningService,
}

/// Returns the settings of a cart service with the shared Redis of the tests. The timeout is long,
/// so that tests pass on a busy machine.
fn cart_args(catalog: SocketAddr) -> cart::Args {
    let url = format!("http://{catalog}");
    let redis = testing::redis();
    let line = ["--catalog-url", &url, "--redis-url", redis, "--redis-timeout", "10s"];
    testing::settings(&line)
}

impl CartFixture {
    /// Starts both services, the catalog on the database of the test.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        Self::start_with(pool, |_| {}).await
    }

    /// Starts both services with other settings of the cart service.
    pub(crate) async fn start_with(pool: &PgPool, change: impl FnOnce(&mut cart::Args)) -> Self {
        let catalog = serve_catalog(pool, free_address()).await;
        let catalog_address = catalog.address();
        let mut args = cart_args(catalog_address);
        change(&mut args);
        let carts = RunningService::start(Runtime::for_tests(), |listener, runtime| {
            cart::serve_on(listener, args, runtime)
        })
        .await;
        let client = CartServiceClient::connect(carts.url()).await.unwrap();
        let user = Env::system().uuid().to_string();
        let pool = pool.clone();
        Self { client, user, pool, catalog: Some(catalog), catalog_address, carts }
    }

    /// Shuts down gracefully. Connections that stay open would keep the test's database alive.
    pub(crate) async fn stop(mut self) {
        self.stop_catalog().await;
        drop(self.client);
        self.carts.stop().await;
    }

    pub(crate) async fn stop_catalog(&mut self) {
        if let Some(catalog) = self.catalog.take() {
            catalog.stop().await;
        }
    }

    /// Restarts the catalog at its earlier address.
    pub(crate) async fn start_catalog(&mut self) {
        self.catalog = Some(serve_catalog(&self.pool, self.catalog_address).await);
    }

    async fn catalog(&self) -> CatalogServiceClient<Channel> {
        CatalogServiceClient::connect(format!("http://{}", self.catalog_address)).await.unwrap()
    }

    /// Creates a product; returns its id.
    pub(crate) async fn create_product(&self, name: &str, price_cents: i64) -> String {
        let request = catalog_pb::CreateProductRequest {
            name: name.into(),
            price: Some(dollars(price_cents)),
            image_urls: vec![format!("/{name}.svg"), "/other.svg".into()],
            ..Default::default()
        };
        self.catalog().await.create_product(request).await.unwrap().into_inner().id
    }

    pub(crate) async fn set_price(&self, id: &str, price_cents: i64) {
        let request = catalog_pb::UpdateProductRequest {
            id: id.into(),
            price: Some(dollars(price_cents)),
            ..Default::default()
        };
        self.catalog().await.update_product(request).await.unwrap();
    }

    pub(crate) async fn deactivate_product(&self, id: &str) {
        let request = catalog_pb::DeleteProductRequest { id: id.into(), ..Default::default() };
        self.catalog().await.delete_product(request).await.unwrap();
    }

    pub(crate) async fn add(&self, product: &str, quantity: i32) -> Result<pb::Cart, Status> {
        let request = pb::AddItemRequest {
            user_id: self.user.clone(),
            product_id: product.into(),
            quantity,
            ..Default::default()
        };
        self.client.clone().add_item(request).await.map(Response::into_inner)
    }

    /// Adds units to the cart of a guest, which is created if that is allowed.
    pub(crate) async fn add_for_guest(
        &self,
        guest: &str,
        product: &str,
        quantity: i32,
        create_guest_cart: bool,
    ) -> Result<pb::Cart, Status> {
        let request = pb::AddItemRequest {
            user_id: guest.into(),
            product_id: product.into(),
            quantity,
            create_guest_cart,
            ..Default::default()
        };
        self.client.clone().add_item(request).await.map(Response::into_inner)
    }

    /// Merges the cart of a guest into the customer's.
    pub(crate) async fn merge(&self, guest: &str) -> Result<pb::MergeCartResponse, Status> {
        let (from_user_id, user_id) = (guest.into(), self.user.clone());
        let request = pb::MergeCartRequest { from_user_id, user_id };
        self.client.clone().merge_cart(request).await.map(Response::into_inner)
    }

    pub(crate) async fn get(&self) -> Result<pb::Cart, Status> {
        self.get_of(&self.user).await
    }

    /// Returns the cart of an owner.
    pub(crate) async fn get_of(&self, owner: &str) -> Result<pb::Cart, Status> {
        let request = pb::GetCartRequest { user_id: owner.into() };
        self.client.clone().get_cart(request).await.map(Response::into_inner)
    }

    pub(crate) async fn set(&self, product: &str, quantity: i32) -> Result<pb::Cart, Status> {
        let (user_id, product_id) = (self.user.clone(), product.into());
        let request = pb::UpdateItemRequest { user_id, product_id, quantity };
        self.client.clone().update_item(request).await.map(Response::into_inner)
    }

    pub(crate) async fn remove(&self, product: &str) -> Result<pb::Cart, Status> {
        let (user_id, product_id) = (self.user.clone(), product.into());
        let request = pb::RemoveItemRequest { user_id, product_id };
        self.client.clone().remove_item(request).await.map(Response::into_inner)
    }

    /// Removes the units of an order, as the previous release requests it; without lines, clears
    /// the cart.
    pub(crate) async fn clear(&self, order: &str, ordered: &[(&str, i32)]) -> Result<(), Status> {
        self.clear_version(order, 0, ordered).await
    }

    /// Removes the units of an order that was placed for a version of the cart.
    pub(crate) async fn clear_version(
        &self,
        order: &str,
        cart_version: i64,
        ordered: &[(&str, i32)],
    ) -> Result<(), Status> {
        let line = |(product, quantity): &(&str, i32)| pb::OrderedLine {
            product_id: (*product).into(),
            quantity: *quantity,
        };
        let request = pb::ClearCartRequest {
            user_id: self.user.clone(),
            order_id: order.into(),
            ordered: ordered.iter().map(line).collect(),
            cart_version,
        };
        self.client.clone().clear_cart(request).await.map(|_| ())
    }
}

/// Serves a catalog on the database of `pool` at `address`.
async fn serve_catalog(pool: &PgPool, address: SocketAddr) -> RunningService {
    let url = pool.connect_options().to_url_lossy();
    let args = testing::settings_with_database(url.as_str(), &[]);
    RunningService::start_at(address, Runtime::for_tests(), |listener, runtime| {
        catalog::serve_on(listener, args, runtime)
    })
    .await
}

pub(crate) fn dollars(cents: i64) -> Money {
    Money { amount_cents: cents, currency: "USD".into() }
}

/// Returns a new id, for an order or for a product that does not exist.
pub(crate) fn new_id() -> String {
    Env::system().uuid().to_string()
}

/// Returns the id of a new guest.
pub(crate) fn new_guest() -> String {
    let bytes = *Env::system().uuid().as_bytes();
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// Returns product and units of each line, in order.
pub(crate) fn lines(cart: &pb::Cart) -> Vec<(&str, i32)> {
    cart.items.iter().map(|item| (item.product_id.as_str(), item.quantity)).collect()
}

/// Returns the total of a cart in cents.
pub(crate) fn total(cart: &pb::Cart) -> i64 {
    let total = cart.total.as_ref().unwrap();
    assert_eq!(total.currency, "USD");
    total.amount_cents
}
