//! Fixture: a running catalog, and shorthands of its RPCs.

use catalog::Args;
use jiff::Timestamp;
use kit::{Env, Runtime};
use proto::catalog::v1 as pb;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::common::v1::{Money, Pagination};
use sqlx::{ConnectOptions, PgPool};
use testing::RunningService;
pub(crate) use testing::{code, fields, reason};
use tonic::Status;
use tonic::transport::Channel;
use uuid::Uuid;

/// Settings of a catalog on the database at `url`: a short sweep interval, and timeouts for a busy
/// machine.
pub(crate) fn args(url: &str) -> Args {
    let line = ["--reservation-sweep-interval", "100ms"];
    testing::settings_with_database(url, &line)
}

/// A running catalog whose clock the test controls.
pub(crate) struct Shop {
    pub(crate) client: CatalogServiceClient<Channel>,
    pub(crate) env: Env,
    pub(crate) pool: PgPool,
    server: RunningService,
}

impl Shop {
    /// Starts a catalog on the database of a test.
    pub(crate) async fn open(pool: &PgPool) -> Self {
        let url = pool.connect_options().to_url_lossy();
        Self::open_with(pool, args(url.as_str())).await
    }

    /// Starts a catalog with other settings.
    pub(crate) async fn open_with(pool: &PgPool, args: Args) -> Self {
        let mut runtime = Runtime::for_tests();
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let env = Env::fixed(start, 7);
        runtime.env = env.clone();
        let server = RunningService::start(runtime, |listener, runtime| {
            catalog::serve_on(listener, args, runtime)
        })
        .await;
        let client = CatalogServiceClient::connect(server.url()).await.unwrap();
        Self { client, env, pool: pool.clone(), server }
    }

    /// Shuts down gracefully. Open connections would prevent the removal of the test's database.
    pub(crate) async fn close(self) {
        drop(self.client);
        self.server.stop().await;
    }

    /// Creates a product without a category.
    pub(crate) async fn product(&self, name: &str, price_cents: i64, units: i32) -> pb::Product {
        self.create(pb::CreateProductRequest {
            stock_quantity: units,
            ..new_product(name, price_cents)
        })
        .await
    }

    pub(crate) async fn create(&self, request: pb::CreateProductRequest) -> pb::Product {
        self.client.clone().create_product(request).await.unwrap().into_inner()
    }

    /// Creates a category below `parent`; "" is the top level.
    pub(crate) async fn category(&self, name: &str, parent: &str) -> pb::Category {
        let request = pb::CreateCategoryRequest {
            name: name.into(),
            parent_id: parent.into(),
            ..Default::default()
        };
        self.client.clone().create_category(request).await.unwrap().into_inner()
    }

    pub(crate) async fn get(&self, id: &str) -> Result<pb::Product, Status> {
        let identifier = Some(pb::get_product_request::Identifier::Id(id.into()));
        let response = self.client.clone().get_product(pb::GetProductRequest { identifier }).await;
        response.map(tonic::Response::into_inner)
    }

    /// Units that can be bought now.
    pub(crate) async fn available(&self, id: &str) -> i32 {
        self.get(id).await.unwrap().stock_quantity
    }

    /// Reserves `units` of one product for an order.
    pub(crate) async fn reserve(
        &self,
        order: &str,
        product: &str,
        units: i32,
    ) -> Result<pb::ReserveInventoryResponse, Status> {
        let request = reservation(order, &[(product, units)]);
        let response = self.client.clone().reserve_inventory(request).await;
        response.map(tonic::Response::into_inner)
    }

    pub(crate) async fn commit(&self, order: &str) -> Result<(), Status> {
        let request = pb::CommitReservationRequest { order_id: order.into() };
        self.client.clone().commit_reservation(request).await.map(|_| ())
    }

    pub(crate) async fn release(&self, order: &str) -> Result<(), Status> {
        let request = pb::ReleaseReservationRequest { order_id: order.into() };
        self.client.clone().release_reservation(request).await.map(|_| ())
    }

    pub(crate) async fn restock(&self, order: &str) -> Result<(), Status> {
        let request = pb::RestockOrderRequest { order_id: order.into() };
        self.client.clone().restock_order(request).await.map(|_| ())
    }

    /// The stock row of a product: (on hand, reserved).
    pub(crate) async fn stock(&self, product: &str) -> (i32, i32) {
        sqlx::query_as("SELECT on_hand, reserved FROM stock WHERE product_id = $1::uuid")
            .bind(product)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Asserts that every stock row is the sum of its movements, and that reserved units are those
    /// of held reservations.
    pub(crate) async fn assert_ledger_balances(&self) {
        let wrong: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM stock s
             WHERE on_hand <> (SELECT coalesce(sum(on_hand_delta), 0)
                  FROM stock_movements m WHERE m.product_id = s.product_id)
             OR reserved <> (SELECT coalesce(sum(reserved_delta), 0)
                  FROM stock_movements m WHERE m.product_id = s.product_id)
             OR reserved <> (SELECT coalesce(sum(quantity), 0)
                  FROM reservation_lines l JOIN reservations r USING (order_id)
                  WHERE l.product_id = s.product_id AND r.state = 'held')",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap();
        assert_eq!(wrong, 0, "stock rows that differ from their ledger");
    }
}

/// A request with the required fields of a product.
pub(crate) fn new_product(name: &str, price_cents: i64) -> pb::CreateProductRequest {
    pb::CreateProductRequest {
        name: name.into(),
        price: Some(dollars(price_cents)),
        ..Default::default()
    }
}

pub(crate) fn dollars(cents: i64) -> Money {
    Money { amount_cents: cents, currency: "USD".into() }
}

pub(crate) fn page(page: i32, page_size: i32) -> Option<Pagination> {
    Some(Pagination { page, page_size })
}

pub(crate) fn reservation(order: &str, lines: &[(&str, i32)]) -> pb::ReserveInventoryRequest {
    pb::ReserveInventoryRequest {
        order_id: order.into(),
        items: items(lines),
        expiration_minutes: 0,
    }
}

pub(crate) fn items(lines: &[(&str, i32)]) -> Vec<pb::InventoryItem> {
    let item = |(product, quantity): &(&str, i32)| pb::InventoryItem {
        product_id: (*product).into(),
        quantity: *quantity,
    };
    lines.iter().map(item).collect()
}

/// The id of an order, by number.
pub(crate) fn order(n: u128) -> String {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | n).to_string()
}
