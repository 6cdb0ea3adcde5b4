//! Administration of orders, and sales statistics.

use reqwest::Method;
use serde_json::{Value, json};

use crate::orders::{ORDERS, add_to_cart, order_path, order_request, place_order, statuses, stock};
use crate::shop::{Response, Shop, text};

const ALL: &str = "/api/v1/admin/orders";
const STATS: &str = "/api/v1/admin/stats";

async fn get(shop: &Shop, path: &str) -> Response {
    shop.gateway.admin(Method::GET, path).send().await
}

async fn post(shop: &Shop, path: &str, body: &Value) -> Response {
    shop.gateway.admin(Method::POST, path).json(body).send().await
}

fn action_path(order: &Value, action: &str) -> String {
    format!("{ALL}/{}/{action}", text(&order["id"]))
}

fn ids(list: &Response) -> Vec<String> {
    let orders = list.is(200, "").json()["orders"].as_array().expect("orders").clone();
    orders.iter().map(|order| text(&order["id"])).collect()
}

#[tokio::test]
async fn orders_are_listed_with_checkout_and_transactions() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let product = shop.create_product(100).await;
    let first = place_order(&ada, &product, 1).await;
    let second = place_order(&eve, &product, 1).await;
    let (first_id, second_id) = (text(&first["id"]), text(&second["id"]));
    assert_eq!(ids(&get(&shop, ALL).await), [&*second_id, &*first_id]);
    assert_eq!(ids(&get(&shop, &format!("{ALL}?user_id={}", ada.id())).await), [&*first_id]);
    assert!(ids(&get(&shop, &format!("{ALL}?status=shipped")).await).is_empty());
    let at = text(&second["created_at"]);
    assert_eq!(ids(&get(&shop, &format!("{ALL}?from={at}")).await), [&*second_id]);
    assert_eq!(ids(&get(&shop, &format!("{ALL}?to={at}")).await), [&*first_id]);
    let wrong = get(
        &shop,
        &format!("{ALL}?user_id=ada&from=2026-12-01T00:00:00Z&to=2026-11-01T00:00:00Z&status=x"),
    )
    .await;
    let expected =
        [("status", "unknown_value"), ("user_id", "invalid_uuid"), ("from", "out_of_range")];
    assert_eq!(wrong.fields(), expected.map(|(f, c)| (f.to_owned(), c.to_owned())));
    // An unescaped + arrives as a space.
    let day = "from=2026-01-01T00:00:00+01:00&to=9999-01-01T00:00:00+01:00";
    assert_eq!(ids(&get(&shop, &format!("{ALL}?{day}")).await).len(), 2);
    get(&shop, &format!("{STATS}?{day}")).await.is(200, "");
    for (time, code) in [
        ("yesterday", "invalid_time"),
        ("-004714-01-01T00:00:00Z", "invalid_time"),
        ("2016-12-31T23:59:60Z", "invalid_time"),
        ("0000-01-01T00:00:00Z", "out_of_range"),
        ("9999-12-31T23:59:59Z", "out_of_range"),
    ] {
        for list in [ALL, STATS] {
            let wrong = get(&shop, &format!("{list}?from={time}")).await;
            let fields = wrong.is(400, "invalid_request").fields();
            assert_eq!(fields, [("from".to_owned(), code.to_owned())], "{list} {time}");
        }
    }

    let detail = get(&shop, &format!("{ALL}/{first_id}")).await.is(200, "").json();
    assert_eq!(
        (&detail["total"], &detail["checkout"]["step"]),
        (&first["total"], &json!("confirmed"))
    );
    let steps = detail["checkout"]["steps"].as_array().expect("steps");
    let steps: Vec<_> =
        steps.iter().map(|step| (text(&step["name"]), text(&step["outcome"]))).collect();
    let expected = ["reserve", "authorize", "commit_stock", "capture", "ship"];
    assert_eq!(steps, expected.map(|name| (name.to_owned(), "done".to_owned())));
    let transactions = detail["transactions"].as_array().expect("transactions");
    let transactions: Vec<_> =
        transactions.iter().map(|one| (text(&one["type"]), one["amount"].clone())).collect();
    let expected =
        ["authorization", "capture"].map(|kind| (kind.to_owned(), first["total"].clone()));
    assert_eq!(transactions, expected);
    get(&shop, &format!("{ALL}/{}", ada.id())).await.is(404, "order_not_found");
    ada.get(&format!("{ALL}/{first_id}")).await.is(403, "forbidden");
}

#[tokio::test]
async fn order_status_changes_follow_allowed_transitions() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 1).await;
    let status = action_path(&order, "status");
    let skipped = post(&shop, &status, &json!({"status": "delivered"})).await;
    let field = ("status".to_owned(), "transition_not_allowed".to_owned());
    assert_eq!(skipped.is(409, "transition_not_allowed").fields(), [field]);
    let packed = post(&shop, &status, &json!({"status": "processing", "notes": "Packed"})).await;
    assert_eq!(packed.is(200, "").json()["history"][2]["notes"], "Packed");
    ada.delete(&order_path(&order)).await.is(409, "order_not_cancellable");
    post(&shop, &status, &json!({"status": "cancelled"})).await.is(409, "order_not_cancellable");
    for next in ["shipped", "delivered"] {
        post(&shop, &status, &json!({"status": next})).await.is(200, "");
    }
    let changed = ada.get(&order_path(&order)).await.is(200, "").json();
    assert_eq!(statuses(&changed)[2..], ["processing", "shipped", "delivered"]);
    let wrong = post(&shop, &status, &json!({"status": "paid", "notes": 1})).await;
    let expected = [("status", "unknown_value"), ("notes", "wrong_type")];
    assert_eq!(wrong.fields(), expected.map(|(f, c)| (f.to_owned(), c.to_owned())));

    let other = place_order(&ada, &product, 2).await;
    let body = json!({"status": "cancelled", "notes": "Cannot be sent"});
    let cancelled = post(&shop, &action_path(&other, "status"), &body).await.is(200, "").json();
    assert_eq!((&cancelled["refunded"], stock(&shop, &product).await), (&other["total"], 99));
}

#[tokio::test]
async fn refunds_cannot_exceed_the_payment() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 2).await; // 200, and 500 + 200 × 0.10 for shipping
    let refund = action_path(&order, "refund");
    let cents = |cents: i64| {
        let amount = json!({"amount_cents": cents, "currency": "USD"});
        json!({"amount": amount, "reason": "Broken"})
    };
    let keyed = async |body: &Value| {
        let call = shop.gateway.admin(Method::POST, &refund).header("idempotency-key", "r-1");
        call.json(body).send().await
    };
    assert_eq!(order["total"]["amount_cents"], 720);
    let too_large = post(&shop, &refund, &cents(721)).await;
    let field = ("amount".to_owned(), "refund_too_large".to_owned());
    assert_eq!(too_large.is(409, "refund_too_large").fields(), [field]);
    post(&shop, &refund, &cents(0)).await.is(400, "invalid_request");
    let euros = json!({"amount": {"amount_cents": 1, "currency": "EUR"}});
    post(&shop, &refund, &euros).await.is(400, "invalid_request");
    for replayed in ["", "true"] {
        let part = keyed(&cents(220)).await;
        assert_eq!(part.header("idempotency-replayed"), replayed);
        let part = part.is(200, "").json();
        assert_eq!(
            (&part["status"], &part["refunded"]["amount_cents"]),
            (&json!("confirmed"), &json!(220))
        );
    }
    keyed(&cents(221)).await.is(422, "idempotency_key_reused");
    post(&shop, &refund, &cents(501)).await.is(409, "refund_too_large");
    let rest = post(&shop, &refund, &json!({"reason": "Never came"})).await.is(200, "").json();
    assert_eq!((&rest["status"], &rest["refunded"]), (&json!("refunded"), &order["total"]));
    post(&shop, &refund, &json!({})).await.is(409, "nothing_to_refund");
    let missing = format!("{ALL}/{}/refund", ada.id());
    post(&shop, &missing, &json!({})).await.is(404, "order_not_found");
}

#[tokio::test]
async fn statistics_count_paid_orders() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let before = get(&shop, STATS).await.is(200, "").json();
    assert_eq!((&before["orders"], &before["revenue"]["amount_cents"]), (&json!(0), &json!(0)));
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 95).await;
    let small = place_order(&ada, &product, 1).await;
    add_to_cart(&ada, &product, 1).await;
    ada.post(ORDERS, &order_request("pm_test_declined")).await.is(402, "payment_declined");
    let amount = json!({"amount": {"amount_cents": 100, "currency": "USD"}});
    post(&shop, &action_path(&order, "refund"), &amount).await.is(200, "");

    let stats = get(&shop, STATS).await.is(200, "").json();
    let total = |order: &Value| order["total"]["amount_cents"].as_i64().expect("cents");
    let revenue = total(&order) + total(&small);
    assert_eq!((&stats["orders"], &stats["revenue"]["amount_cents"]), (&json!(2), &json!(revenue)));
    assert_eq!(stats["refunded"]["amount_cents"], 100);
    let average = stats["average_order"]["amount_cents"].as_i64().expect("cents");
    assert!((average * 2 - revenue).abs() <= 1, "{average} of {revenue}");
    assert_eq!((&stats["stuck_checkouts"], &stats["failed_notifications"]), (&json!(0), &json!(0)));
    let low = stats["low_stock"].as_array().expect("products");
    assert!(
        low.iter().any(|one| one["id"] == json!(product) && one["stock_quantity"] == 4),
        "{low:?}"
    );
    let empty_range =
        get(&shop, &format!("{STATS}?to=2020-01-01T00:00:00Z")).await.is(200, "").json();
    assert_eq!(empty_range["orders"], 0);
    get(&shop, &format!("{STATS}?from=now")).await.is(400, "invalid_request");
}
