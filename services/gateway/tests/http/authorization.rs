//! Nobody reaches what is somebody else's: every operation of the document is tried.

use reqwest::Method;
use serde_json::{Map, Value, json};
use sqlx::PgPool;

use crate::shop::{Customer, Shop, text};

/// An operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    /// Whether it needs a token.
    bearer: bool,
    /// A body as the document shows it.
    body: Option<Value>,
}

impl Operation {
    fn is_for_admins(&self) -> bool {
        self.path.contains("/admin/")
    }
}

fn document() -> Value {
    serde_json::to_value(gateway::openapi()).expect("JSON")
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let security = operation["security"].as_array().expect("security");
            all.push(Operation {
                id: text(&operation["operationId"]),
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                bearer: security.iter().all(|way| !way["bearer"].is_null()),
                body: (!body.is_null()).then(|| example(document, body)),
            });
        }
    }
    all
}

/// A value that a schema shows.
fn example(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(&reference[1..]).expect("it leads somewhere");
        return example(document, target);
    }
    for way in ["allOf", "oneOf"] {
        let last = schema[way].as_array().and_then(|parts| parts.last());
        if let Some(part) = last {
            return example(document, part);
        }
    }
    match (&schema["example"], schema["properties"].as_object()) {
        (Value::Null, Some(properties)) => {
            let read =
                |(name, schema): (&String, &Value)| (name.clone(), example(document, schema));
            Value::Object(properties.iter().map(read).collect::<Map<_, _>>())
        }
        (example, _) => example.clone(),
    }
}

/// Everything that the shop knows of somebody, as somebody sees it.
async fn all_of(customer: &Customer<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["me", "addresses", "wishlist", "cart", "payment-methods", "orders"] {
        all.push(customer.get(&format!("/api/v1/{path}")).await.is(200, "").json());
    }
    all
}

/// What somebody has, as the parameters of paths.
struct Things {
    address: String,
    method: String,
    product: String,
    order: String,
}

async fn furnished(shop: &Shop, customer: &Customer<'_>) -> Things {
    let document = document();
    let all = operations(&document);
    let body = |id: &str| {
        let operation = all.iter().find(|operation| operation.id == id).expect(id);
        operation.body.clone().expect("a body")
    };
    let post = async |path: &str, body: Value| {
        customer.post(&format!("/api/v1/{path}"), &body).await.is(201, "").json()
    };
    let product = shop.product("laptop-backpack").await;
    let of_product = |id: &str| {
        let mut body = body(id);
        body["product_id"] = product.clone().into();
        body
    };
    let address = text(&post("addresses", body("addAddress")).await["id"]);
    let method = text(&post("payment-methods", body("addPaymentMethod")).await["id"]);
    post("wishlist", of_product("addToWishlist")).await;
    let mut order = body("createOrder");
    order["address_id"] = address.clone().into();
    order["shipping_address"] = Value::Null;
    order["shipping_option"] = Value::Null;
    post("cart/items", of_product("addCartItem")).await;
    let order = text(&post("orders", order).await["id"]);
    customer.has_empty_cart().await;
    post("cart/items", of_product("addCartItem")).await;
    Things { address, method, product, order }
}

impl Things {
    /// The path of an operation with these things in it.
    fn path(&self, operation: &Operation) -> String {
        let id = match &*operation.path {
            path if path.contains("/addresses/") => &self.address,
            path if path.contains("/payment-methods/") => &self.method,
            path if path.contains("/orders/") => &self.order,
            _ => &self.product,
        };
        operation.path.replace("{id}", id).replace("{product_id}", id)
    }
}

/// The operations on one thing of one customer, which for anybody else is not there.
const OF_ONE: [&str; 6] = [
    "updateAddress",
    "deleteAddress",
    "setDefaultPaymentMethod",
    "getOrder",
    "cancelOrder",
    "trackOrder",
];

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn no_operation_reaches_what_is_somebody_elses(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let things = furnished(&shop, &ada).await;
    let before = all_of(&ada).await;
    let document = document();
    let mut tried = 0;
    for operation in operations(&document).iter().filter(|operation| operation.bearer) {
        let path = things.path(operation);
        let mut call = eve.request(operation.method.clone(), &path);
        if let Some(body) = &operation.body {
            let mut body = body.clone();
            // Of somebody else, where a thing can be named.
            for (name, value) in [("product_id", &things.product), ("user_id", &ada.id())] {
                if body.get(name).is_some() {
                    body[name] = value.clone().into();
                }
            }
            if body.get("refresh_token").is_some() {
                body["refresh_token"] = ada.refresh_token().into();
            }
            call = call.json(&body);
        }
        let answer = call.send().await;
        let (status, name) = (answer.status.as_u16(), &operation.id);
        assert!(status < 500, "{name}: {:?}", answer.told());
        match () {
            () if operation.is_for_admins() => assert_eq!(status, 403, "{name}"),
            () if OF_ONE.contains(&&**name) => assert_eq!(status, 404, "{name}"),
            () => assert_ne!(status, 401, "{name}"),
        }
        tried += 1;
    }
    assert!(tried > 30, "{tried} operations");
    assert_eq!(all_of(&ada).await, before);
    let refresh = json!({"refresh_token": ada.refresh_token()});
    shop.post("/api/v1/auth/refresh", &refresh).await.is(200, "");
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn no_operation_for_the_signed_in_is_open_to_others(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let things = furnished(&shop, &shop.customer().await).await;
    let document = document();
    for operation in operations(&document).iter().filter(|operation| operation.bearer) {
        let path = things.path(operation);
        let call = || shop.gateway.request(operation.method.clone(), &path);
        call().send().await.is(401, "unauthenticated");
        call().bearer("no.token.ofours").send().await.is(401, "invalid_token");
        let expired = shop.gateway.signer().sign("admin", -60);
        call().bearer(&expired).send().await.is(401, "token_expired");
    }
}
