//! The books of all services in one database, so that SQL can compare them.

use proto::cart::v1::GetCartRequest;
use proto::cart::v1::cart_service_client::CartServiceClient;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, query, query_scalar, raw_sql};

use crate::stage::Stage;
use crate::told::Told;

/// What is copied, from which owner.
const COPIED: [(&str, &[&str]); 5] = [
    ("order", &["orders", "order_lines", "checkouts", "refunds", "outbox"]),
    ("payment", &["transactions", "simulator_movements"]),
    ("catalog", &["stock", "stock_movements", "reservations"]),
    ("shipping", &["shipments"]),
    ("notification", &["notifications"]),
];

/// What shoppers tell.
const TOLD: [&str; 5] = ["accounts", "unsure", "puts", "asked", "cancels"];

/// What must be 0 before the books can be compared: what is still at work, and where.
pub(crate) const AT_WORK: [(&str, &str); 3] = [
    (
        "order",
        "SELECT (SELECT count(*) FROM checkouts WHERE step NOT IN ('confirmed', 'cancelled'))
            + (SELECT count(*) FROM refunds WHERE step NOT IN ('done', 'refused'))
            + (SELECT count(*) FROM outbox WHERE state = 'waiting')",
    ),
    ("payment", "SELECT count(*) FROM transactions WHERE state = 'open'"),
    ("notification", "SELECT count(*) FROM notifications WHERE status = 'queued'"),
];

/// The books of a shop that is quiet.
pub(crate) async fn collect(stage: &Stage, told: &Told) -> PgConnection {
    let mut books = stage.make_database("books").await;
    raw_sql(include_str!("books.sql")).execute(&mut books).await.unwrap();
    for (owner, tables) in COPIED {
        let mut source = stage.database(owner).await;
        for table in tables {
            let rows = all_of(&mut source, &mut books, table).await;
            write(&mut books, table, rows).await;
        }
    }
    for table in TOLD {
        write(&mut books, table, Value::Array(told.rows(table)).to_string()).await;
    }
    let wares = stage.wares.iter().map(|(id, units)| json!({"product_id": id, "units": units}));
    write(&mut books, "wares", Value::Array(wares.collect()).to_string()).await;
    write(&mut books, "carts", carts(stage, told).await.to_string()).await;
    raw_sql("ANALYZE").execute(&mut books).await.unwrap();
    books
}

/// Every row of a table, with the columns that the books have of it, as a JSON array.
async fn all_of(source: &mut PgConnection, books: &mut PgConnection, table: &str) -> String {
    let columns: String = query_scalar(
        "SELECT string_agg(attname, ', ') FROM pg_attribute
         WHERE attrelid = $1::regclass AND attnum > 0",
    )
    .bind(table)
    .fetch_one(books)
    .await
    .unwrap();
    let sql =
        format!("SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT {columns} FROM {table}) t");
    query_scalar(AssertSqlSafe(sql)).fetch_one(source).await.unwrap()
}

async fn write(books: &mut PgConnection, table: &str, rows: String) {
    let sql = format!(
        "INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1::json)"
    );
    query(AssertSqlSafe(sql)).bind(rows).execute(books).await.unwrap();
}

/// What is left in all carts.
async fn carts(stage: &Stage, told: &Told) -> Value {
    let mut client = CartServiceClient::connect(stage.cart.clone()).await.unwrap();
    let mut rows = Vec::new();
    for account in told.rows("accounts") {
        let user = &account["user_id"];
        let request = GetCartRequest { user_id: user.as_str().unwrap().to_owned() };
        for item in client.get_cart(request).await.unwrap().into_inner().items {
            let product = item.product_id;
            rows.push(json!({"user_id": user, "product_id": product, "quantity": item.quantity}));
        }
    }
    Value::Array(rows)
}
