//! Order numbers: in responses and mails, and for orders of the release that had none.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use order::domain::number::OrderNumber;
use proto::order::v1::{self as pb, OrderStatus};
use sqlx::migrate::Migrator;
use sqlx::{PgPool, query, query_as};
use testing::TestDatabase;
use uuid::Uuid;

use crate::fixture::ShopFixture;

/// Migrations of the release whose orders had no number.
static WITHOUT_NUMBERS: LazyLock<Migrator> = LazyLock::new(|| {
    let earlier = order::MIGRATOR.iter().filter(|migration| migration.version < 10);
    Migrator::with_migrations(earlier.cloned().collect())
});

/// Orders more than a batch of the migration has.
const ORDERS: i32 = 1500;
/// Size of a batch of the migration.
const BATCH: usize = 1000;

/// Inserts orders as the previous release does, which names no number.
async fn insert_previous_orders(pool: &PgPool, count: i32) {
    let sql = "INSERT INTO orders (id, user_id, status, currency, subtotal_cents, shipping_cents,
            tax_cents, total_cents, recipient, street, city, state, zip_code, country,
            payment_method, carrier, service, weight_grams, cart_version, idempotency_key,
            fingerprint, created_at, updated_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'pending', 'USD', 100, 0, 0, 100, '',
            '1 Main Street', 'Springfield', 'IL', '62701', 'US', 'pm_test_visa', 'USPS',
            'Priority Mail', 500, 1, NULL, '', now(), now()
        FROM generate_series(1, $1)";
    query(sql).bind(count).execute(pool).await.unwrap();
}

async fn migrate(database: &TestDatabase) -> Result<(), kit::Error> {
    let args: order::Args = testing::settings_with_database(database.url(), &[]);
    kit::postgres::migrate(&args.database, &order::MIGRATOR).await
}

/// Returns the stored numbers of the orders that have one.
async fn stored_numbers(pool: &PgPool) -> BTreeMap<Uuid, String> {
    let sql = "SELECT id, number FROM orders WHERE number IS NOT NULL";
    let rows: Vec<(Uuid, String)> = query_as(sql).fetch_all(pool).await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn number_is_in_responses_and_mails() {
    let database = testing::database(&order::MIGRATOR).await;
    let shop = ShopFixture::open(database.pool()).await;
    let lamp = shop.add_product("Lamp", 1000, 10).await;
    let shipped = shop.buy(&lamp, 1).await;
    for status in [OrderStatus::Processing, OrderStatus::Shipped] {
        let moved = shop.update_status(&shipped.id, status).await.unwrap();
        assert_eq!(moved.number, shipped.number);
    }
    let refunded = shop.refund(&shipped.id, Some(100), "").await.unwrap();
    assert_eq!(refunded.number, shipped.number);
    shop.wait_until_settled(&shipped.id).await;
    let cancelled = shop.buy(&lamp, 1).await;
    assert_eq!(shop.cancel(&cancelled.id).await.unwrap().number, cancelled.number);
    shop.wait_until_settled(&cancelled.id).await;

    assert_ne!(shipped.number, cancelled.number);
    for order in [&shipped, &cancelled] {
        let parsed: OrderNumber = order.number.parse().unwrap();
        assert_eq!(parsed.to_string(), order.number, "as it is displayed");
    }
    let own = pb::ListOrdersRequest { user_id: shop.user.clone(), ..Default::default() };
    let own = shop.client.clone().list_orders(own).await.unwrap().into_inner();
    let all = shop.client.clone().list_all_orders(pb::ListAllOrdersRequest::default()).await;
    for listed in [own, all.unwrap().into_inner()] {
        let listed: Vec<_> = listed.orders.into_iter().map(|order| order.number).collect();
        assert_eq!(listed, [cancelled.number.clone(), shipped.number.clone()]);
    }

    let sql = "SELECT kind, content->>'order_number' FROM notifications \
               WHERE recipient = $1 AND kind <> 'email_verification'";
    let mut mails: Vec<(String, String)> =
        query_as(sql).bind(&shop.email).fetch_all(&shop.services.notification_db).await.unwrap();
    mails.sort();
    let mut expected = [
        ("order_cancelled", &cancelled.number),
        ("order_confirmation", &cancelled.number),
        ("order_confirmation", &shipped.number),
        ("refund_issued", &cancelled.number),
        ("refund_issued", &shipped.number),
        ("shipping_update", &shipped.number),
    ]
    .map(|(kind, number)| (kind.to_owned(), number.clone()));
    expected.sort();
    assert_eq!(mails, expected);
    shop.close().await;
}

#[tokio::test]
async fn migration_numbers_the_orders_of_the_previous_release() {
    let database = testing::database(&WITHOUT_NUMBERS).await;
    let pool = database.pool();
    insert_previous_orders(pool, ORDERS).await;
    // The previous release serves customers during the migration and until it is replaced.
    let serve = async {
        for _ in 0..100 {
            insert_previous_orders(pool, 1).await;
        }
    };
    let (migrated, ()) = tokio::join!(migrate(&database), serve);
    migrated.unwrap();
    insert_previous_orders(pool, 1).await;

    let (stored,): (i64,) = query_as("SELECT count(*) FROM orders").fetch_one(pool).await.unwrap();
    assert_eq!(stored, i64::from(ORDERS) + 101);
    let mut numbers: Vec<String> = stored_numbers(pool).await.into_values().collect();
    for number in &numbers {
        assert_eq!(number.parse::<OrderNumber>().unwrap().digits(), *number);
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(i64::try_from(numbers.len()).unwrap(), stored, "each order has its own number");
}

#[tokio::test]
async fn interrupted_migration_keeps_the_filled_batches() {
    let database = testing::database(&WITHOUT_NUMBERS).await;
    let pool = database.pool();
    insert_previous_orders(pool, ORDERS).await;
    for statement in [
        "CREATE FUNCTION interrupt() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.id = (SELECT id FROM orders ORDER BY id DESC LIMIT 1) THEN
                    RAISE 'interrupted';
                END IF;
                RETURN NEW;
            END $$",
        "CREATE TRIGGER interrupt BEFORE UPDATE ON orders
            FOR EACH ROW EXECUTE FUNCTION interrupt()",
    ] {
        query(statement).execute(pool).await.unwrap();
    }
    assert!(migrate(&database).await.is_err());
    let filled = stored_numbers(pool).await;
    assert_eq!(filled.len(), BATCH, "batches are committed one by one");

    query("DROP TRIGGER interrupt ON orders").execute(pool).await.unwrap();
    migrate(&database).await.unwrap();
    let all = stored_numbers(pool).await;
    assert_eq!(i32::try_from(all.len()).unwrap(), ORDERS);
    assert!(filled.iter().all(|(id, number)| all[id] == *number), "numbers do not change");
}
