//! Authorization of every operation of the document: no access to data of other customers.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::shop::{Customer, Shop, text};

/// Operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    /// Whether the operation requires an access token, or a cart token instead.
    bearer: bool,
    /// Example body from the document.
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
                bearer: security.iter().all(|option| option != &json!({})),
                body: (!body.is_null()).then(|| example(document, body)),
            });
        }
    }
    all
}

/// Returns an example value of a schema.
fn example(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(&reference[1..]).expect("the target of a reference");
        return example(document, target);
    }
    for keyword in ["allOf", "oneOf"] {
        let last = schema[keyword].as_array().and_then(|parts| parts.last());
        if let Some(part) = last {
            return example(document, part);
        }
    }
    match (&schema["example"], schema["properties"].as_object()) {
        (Value::Null, Some(properties)) => {
            let property =
                |(name, schema): (&String, &Value)| (name.clone(), example(document, schema));
            Value::Object(properties.iter().map(property).collect::<Map<_, _>>())
        }
        (example, _) => example.clone(),
    }
}

/// Reads all data of a customer.
async fn all_data(customer: &Customer<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["me", "me/sessions", "addresses", "wishlist", "cart", "payment-methods", "orders"]
    {
        all.push(customer.get(&format!("/api/v1/{path}")).await.is(200, "").json());
    }
    all
}

/// Ids of a customer's resources, for path parameters.
struct Resources {
    address: String,
    method: String,
    product: String,
    order: String,
    session: String,
}

async fn create_resources(shop: &Shop, customer: &Customer<'_>) -> Resources {
    let document = document();
    let all = operations(&document);
    let body = |id: &str| {
        let operation = all.iter().find(|operation| operation.id == id).expect(id);
        operation.body.clone().expect("a body")
    };
    let post = async |path: &str, body: Value| {
        customer.post(&format!("/api/v1/{path}"), &body).await.is(201, "").json()
    };
    let product = shop.product_id("laptop-backpack").await;
    let body_with_product = |id: &str| {
        let mut body = body(id);
        body["product_id"] = product.clone().into();
        body
    };
    let address = text(&post("addresses", body("addAddress")).await["id"]);
    let method = text(&post("payment-methods", body("addPaymentMethod")).await["id"]);
    post("wishlist", body_with_product("addToWishlist")).await;
    let mut order = body("createOrder");
    order["address_id"] = address.clone().into();
    order["shipping_address"] = Value::Null;
    order["shipping_option"] = Value::Null;
    post("cart/items", body_with_product("addCartItem")).await;
    let order = text(&post("orders", order).await["id"]);
    customer.wait_for_empty_cart().await;
    post("cart/items", body_with_product("addCartItem")).await;
    let sessions = customer.get("/api/v1/me/sessions").await.is(200, "").json();
    let session = text(&sessions["sessions"][0]["id"]);
    Resources { address, method, product, order, session }
}

impl Resources {
    /// Returns the path of an operation with these ids.
    fn path(&self, operation: &Operation) -> String {
        let id = match &*operation.path {
            path if path.contains("/addresses/") => &self.address,
            path if path.contains("/payment-methods/") => &self.method,
            path if path.contains("/orders/") => &self.order,
            path if path.contains("/sessions/") => &self.session,
            _ => &self.product,
        };
        operation.path.replace("{id}", id).replace("{product_id}", id)
    }
}

/// Operations on one resource of a customer, which return 404 for other customers.
const OWN_RESOURCE_OPERATIONS: [&str; 8] = [
    "updateAddress",
    "deleteAddress",
    "setDefaultPaymentMethod",
    "getOrder",
    "cancelOrder",
    "trackOrder",
    "watchOrder",
    "endSession",
];

#[tokio::test]
async fn customers_cannot_access_data_of_others() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let resources = create_resources(&shop, &ada).await;
    let before = all_data(&ada).await;
    let document = document();
    let mut tried = 0;
    for operation in operations(&document).iter().filter(|operation| operation.bearer) {
        let path = resources.path(operation);
        let mut call = eve.request(operation.method.clone(), &path);
        if let Some(body) = &operation.body {
            let mut body = body.clone();
            // Refer to the other customer where the body has ids.
            for (name, value) in [("product_id", &resources.product), ("user_id", &ada.id())] {
                if body.get(name).is_some() {
                    body[name] = value.clone().into();
                }
            }
            if body.get("refresh_token").is_some() {
                body["refresh_token"] = ada.refresh_token().into();
            }
            call = call.json(&body);
        }
        let response = call.send().await;
        let (status, name) = (response.status.as_u16(), &operation.id);
        assert!(status < 500, "{name}: {:?}", response.status_and_code());
        match () {
            () if operation.is_for_admins() => assert_eq!(status, 403, "{name}"),
            () if OWN_RESOURCE_OPERATIONS.contains(&&**name) => assert_eq!(status, 404, "{name}"),
            () => assert_ne!(status, 401, "{name}"),
        }
        tried += 1;
    }
    assert!(tried > 30, "{tried} operations");
    assert_eq!(all_data(&ada).await, before);
    let refresh = json!({"refresh_token": ada.refresh_token()});
    shop.post("/api/v1/auth/refresh", &refresh).await.is(200, "");
}

#[tokio::test]
async fn operations_reject_missing_invalid_and_expired_tokens() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let resources = create_resources(&shop, &shop.customer().await).await;
    let document = document();
    for operation in operations(&document).iter().filter(|operation| operation.bearer) {
        let path = resources.path(operation);
        let call = || shop.gateway.request(operation.method.clone(), &path);
        call().send().await.is(401, "unauthenticated");
        call().bearer("no.real.token").send().await.is(401, "invalid_token");
        let expired = shop.gateway.signer().sign("admin", -60);
        call().bearer(&expired).send().await.is(401, "token_expired");
    }
}
