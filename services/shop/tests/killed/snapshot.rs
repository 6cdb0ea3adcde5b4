//! The snapshot: the rows of all services in one database, so that SQL can compare them.

use proto::cart::v1::GetCartRequest;
use proto::cart::v1::cart_service_client::CartServiceClient;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, query, query_scalar, raw_sql};

use crate::fixture::Fixture;
use crate::observations::Observations;

/// The tables that are copied from each component's database.
const COPIED_TABLES: [(&str, &[&str]); 5] = [
    ("order", &["orders", "order_lines", "checkouts", "refunds", "outbox"]),
    ("payment", &["transactions", "simulator_movements"]),
    ("catalog", &["stock", "stock_movements", "reservations"]),
    ("shipping", &["shipments"]),
    ("notification", &["notifications"]),
];

/// The tables of the shoppers' observations.
const OBSERVED_TABLES: [&str; 5] =
    ["accounts", "unknown_carts", "cart_additions", "order_requests", "cancel_requests"];

/// Queries for the number of unfinished work items in each component's database. All must be 0
/// before a snapshot is taken.
pub(crate) const UNFINISHED_WORK: [(&str, &str); 3] = [
    (
        "order",
        "SELECT (SELECT count(*) FROM checkouts WHERE step NOT IN ('confirmed', 'cancelled'))
            + (SELECT count(*) FROM refunds WHERE step NOT IN ('done', 'refused'))
            + (SELECT count(*) FROM outbox WHERE state = 'waiting')",
    ),
    ("payment", "SELECT count(*) FROM transactions WHERE state = 'open'"),
    ("notification", "SELECT count(*) FROM notifications WHERE status = 'queued'"),
];

/// Takes the snapshot of a shop that is idle.
pub(crate) async fn take(fixture: &Fixture, observations: &Observations) -> PgConnection {
    let mut snapshot = fixture.create_database("snapshot").await;
    raw_sql(include_str!("snapshot.sql")).execute(&mut snapshot).await.unwrap();
    for (component, tables) in COPIED_TABLES {
        let mut source = fixture.database(component).await;
        for table in tables {
            let rows = read_rows(&mut source, &mut snapshot, table).await;
            write_rows(&mut snapshot, table, rows).await;
        }
    }
    for table in OBSERVED_TABLES {
        let rows = Value::Array(observations.rows(table)).to_string();
        write_rows(&mut snapshot, table, rows).await;
    }
    let stock =
        fixture.products.iter().map(|(id, units)| json!({"product_id": id, "units": units}));
    write_rows(&mut snapshot, "initial_stock", Value::Array(stock.collect()).to_string()).await;
    let carts = read_carts(fixture, observations).await;
    write_rows(&mut snapshot, "carts", carts.to_string()).await;
    raw_sql("ANALYZE").execute(&mut snapshot).await.unwrap();
    snapshot
}

/// Returns every row of a source table as a JSON array, with the columns that the snapshot has.
async fn read_rows(source: &mut PgConnection, snapshot: &mut PgConnection, table: &str) -> String {
    let columns: String = query_scalar(
        "SELECT string_agg(attname, ', ') FROM pg_attribute
         WHERE attrelid = $1::regclass AND attnum > 0",
    )
    .bind(table)
    .fetch_one(snapshot)
    .await
    .unwrap();
    let sql =
        format!("SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT {columns} FROM {table}) t");
    query_scalar(AssertSqlSafe(sql)).fetch_one(source).await.unwrap()
}

async fn write_rows(snapshot: &mut PgConnection, table: &str, rows: String) {
    let sql = format!(
        "INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1::json)"
    );
    query(AssertSqlSafe(sql)).bind(rows).execute(snapshot).await.unwrap();
}

/// Returns the content of all carts.
async fn read_carts(fixture: &Fixture, observations: &Observations) -> Value {
    let mut client = CartServiceClient::connect(fixture.cart.clone()).await.unwrap();
    let mut rows = Vec::new();
    for account in observations.rows("accounts") {
        let user = &account["user_id"];
        let request = GetCartRequest { user_id: user.as_str().unwrap().to_owned() };
        for item in client.get_cart(request).await.unwrap().into_inner().items {
            let product = item.product_id;
            rows.push(json!({"user_id": user, "product_id": product, "quantity": item.quantity}));
        }
    }
    Value::Array(rows)
}
