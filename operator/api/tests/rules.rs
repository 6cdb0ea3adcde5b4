//! Every validation rule on a real API server: what it rejects, and its message.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a fixture that fails fails the test")]

use std::collections::BTreeSet;

use apiserver::ApiServer;
use kube::api::{DynamicObject, PostParams};
use kube::core::Status;
use kube::{Api, Client};
use serde_json::{Value, json};
use storefront_api::{Storefront, crd};

/// A request that is rejected.
struct Case {
    /// The start of the rule's message.
    message: String,
    /// The spec of the existing object; `None` for a creation.
    before: Option<Value>,
    /// The spec in the request.
    spec: Value,
}

fn creation(message: &str, spec: Value) -> Case {
    Case { message: message.to_owned(), before: None, spec: with_version(spec) }
}

fn change(message: &str, before: Value, spec: Value) -> Case {
    let before = Some(with_version(before));
    Case { message: message.to_owned(), before, spec: with_version(spec) }
}

fn with_version(mut spec: Value) -> Value {
    if spec["version"].is_null() {
        spec["version"] = "0.1.0".into();
    }
    spec
}

fn object(name: &str, spec: &Value) -> DynamicObject {
    let object = json!({
        "apiVersion": "storefront.dev/v1alpha1",
        "kind": "Storefront",
        "metadata": { "name": name },
        "spec": spec,
    });
    serde_json::from_value(object).unwrap()
}

/// An untyped API, so that requests can contain what the types would not serialize.
async fn storefronts() -> Api<DynamicObject> {
    let server = ApiServer::shared().unwrap();
    let client: Client = server.client().unwrap();
    server.install(&client, &crd::definition().unwrap()).await.unwrap();
    let namespace = server.namespace(&client).await.unwrap();
    let resource = kube::api::ApiResource::erase::<Storefront>(&());
    Api::namespaced_with(client, &namespace, &resource)
}

fn dry_run() -> PostParams {
    PostParams { dry_run: true, ..PostParams::default() }
}

async fn send(api: &Api<DynamicObject>, number: usize, case: &Case) -> kube::Result<DynamicObject> {
    let name = format!("case-{number}");
    let request = object(&name, &case.spec);
    let Some(before) = &case.before else {
        return api.create(&dry_run(), &request).await;
    };
    let existing = api.create(&PostParams::default(), &object(&name, before)).await.unwrap();
    let mut request = request;
    request.metadata.resource_version = existing.metadata.resource_version;
    api.replace(&name, &dry_run(), &request).await
}

fn rejection(result: kube::Result<DynamicObject>, request: &Value) -> Box<Status> {
    match result {
        Err(kube::Error::Api(status)) => status,
        other => panic!("{request} was not rejected: {other:?}"),
    }
}

fn resources(requests: Value, limits: Value) -> Value {
    json!({ "components": { "catalog": { "resources": {
        "requests": requests, "limits": limits,
    } } } })
}

fn env(variable: Value) -> Value {
    json!({ "components": { "gateway": { "env": [variable] } } })
}

fn external_postgres(host: &str) -> Value {
    json!({ "mode": "External", "external": { "host": host, "adminSecret": { "name": "admin" } } })
}

fn formats() -> Vec<Case> {
    let version = "version must be an image tag";
    let image = "image must be a complete reference";
    let origin = "must be http:// or https:// with a host";
    let network = "must be a network in CIDR notation";
    vec![
        creation(version, json!({ "version": "0.1.0 " })),
        creation(version, json!({ "version": "-1" })),
        creation(version, json!({ "version": "v1/2" })),
        creation("currency must be an ISO 4217 code", json!({ "currency": "usd" })),
        creation("currency must be an ISO 4217 code", json!({ "currency": "DEM" })),
        creation("currency must be an ISO 4217 code", json!({ "currency": "XXX" })),
        creation(
            "registry must be a host name",
            json!({ "image": { "registry": "registry.example.com/team" } }),
        ),
        creation(
            "repository must be an image's name",
            json!({ "image": { "repository": "storefront/shop:0.1.0" } }),
        ),
        creation(image, json!({ "components": { "catalog": { "image": "catalog" } } })),
        creation(image, json!({ "postgres": { "image": "postgres 17" } })),
        creation(image, json!({ "redis": { "image": "redis:" } })),
        creation(
            "must be the name of a Kubernetes object",
            json!({ "image": { "pullSecrets": [{ "name": "Pull_Secret" }] } }),
        ),
        creation(
            "must be a key of a Secret",
            env(json!({ "name": "A", "secret": { "name": "a", "key": "a/b" } })),
        ),
        creation(origin, json!({ "gateway": { "corsOrigins": ["https://shop.example.com/"] } })),
        creation(origin, json!({ "gateway": { "corsOrigins": ["*"] } })),
        creation(origin, json!({ "expose": { "urls": { "api": "shop.example.com" } } })),
        creation(network, json!({ "gateway": { "trustedProxies": ["10.0.0.1"] } })),
        creation(network, json!({ "gateway": { "trustedProxies": ["proxy.example.com/24"] } })),
        creation(network, json!({ "gateway": { "trustedProxies": ["10.0.0.0/33"] } })),
        creation(network, json!({ "gateway": { "trustedProxies": ["10.0.0.0/8,fd00::/8"] } })),
        creation(network, json!({ "gateway": { "trustedProxies": ["0.0.0.0/0"] } })),
        creation(network, json!({ "gateway": { "trustedProxies": ["fd00::/8", "::/0"] } })),
        creation(
            "host must be a DNS name or an IP address",
            json!({ "postgres": external_postgres("db.example.com:5432") }),
        ),
    ]
}

fn components() -> Vec<Case> {
    let quantity = "must be a quantity above zero";
    vec![
        creation("components can contain only", json!({ "components": { "catalogue": {} } })),
        creation(
            "must be the name of an environment variable",
            env(json!({ "name": "MY-SETTING", "value": "1" })),
        ),
        creation(
            "an environment variable can have a value or a secret",
            env(json!({ "name": "A", "value": "1", "secret": { "name": "a", "key": "b" } })),
        ),
        creation(quantity, resources(json!({ "cpu": "a lot" }), json!({}))),
        creation(quantity, resources(json!({ "memory": "0Mi" }), json!({}))),
        creation(quantity, resources(json!({ "memory": "64MB" }), json!({}))),
        creation(
            "requests.cpu must not exceed limits.cpu",
            resources(json!({ "cpu": "2" }), json!({ "cpu": "1500m" })),
        ),
        creation(
            "requests.memory must not exceed limits.memory",
            resources(json!({ "memory": "1Gi" }), json!({ "memory": "1000Mi" })),
        ),
        creation(
            "only components.web can be disabled",
            json!({ "components": { "gateway": { "enabled": true } } }),
        ),
        creation(
            "nodePorts requires type NodePort",
            json!({ "expose": { "nodePorts": { "gateway": 30080 } } }),
        ),
    ]
}

/// One reserved environment variable for each component.
fn reserved_variables() -> Vec<Case> {
    [
        ("user", "ADMIN_PASSWORD_FILE"),
        ("catalog", "DATABASE_URL"),
        ("cart", "REDIS_URL"),
        ("order", "PAYMENT_URL"),
        ("payment", "PAYMENT_PROVIDER"),
        ("shipping", "CURRENCY"),
        ("notification", "SMTP_PASSWORD"),
        ("gateway", "TRUSTED_PROXIES"),
        ("web", "WEB_URL"),
    ]
    .map(|(component, variable)| {
        let env = json!([{ "name": variable, "value": "custom" }]);
        creation(
            &format!("components.{component}.env contains a variable that the operator sets"),
            json!({ "components": { component: { "env": env } } }),
        )
    })
    .into()
}

fn smtp() -> Value {
    json!({ "mode": "Smtp", "from": "Shop <orders@shop.example.com>", "smtp": {
        "host": "smtp.example.com",
    } })
}

fn node_ports(ports: Value) -> Value {
    json!({ "expose": { "type": "NodePort", "nodePorts": ports } })
}

fn web() -> Vec<Case> {
    let web = |field: &str, value: &str| json!({ "web": { field: value } });
    let mut cases = Vec::new();
    for line in [" Shop", "Shop ", " ", "Two\nlines", "A\u{7}"] {
        cases.push(creation("name must be one line of text", web("name", line)));
        cases.push(creation("tagline must be one line of text", web("tagline", line)));
    }
    for zone in ["Europe/", "/etc/localtime", "../UTC", "Europe Berlin", "+01:00"] {
        cases.push(creation("timeZone must be a name of the IANA", web("timeZone", zone)));
    }
    cases.push(creation(
        "must be an e-mail address without a display name",
        web("supportEmail", "Help <help@shop.example.com>"),
    ));
    cases.push(creation(
        "must be http:// or https:// with a host",
        json!({ "web": { "imageOrigins": ["https://cdn.example.com/images"] } }),
    ));
    cases
}

fn services() -> Vec<Case> {
    let with = |field: &str, value: &str| {
        let mut mail = smtp();
        mail[field] = value.into();
        json!({ "mail": mail })
    };
    let without = |field: &str| {
        let mut mail = smtp();
        mail.as_object_mut().unwrap().remove(field);
        json!({ "mail": mail })
    };
    let auth = |field: &str, value: &str| json!({ "auth": { field: value } });
    let mail = "mail.smtp describes the server of mode Smtp";
    let from = "from must be an e-mail address";
    let address = "must be an e-mail address without a display name";
    let access = "accessTokenTtl must be a duration from 1m to 24h";
    let refresh = "refreshTokenTtl must be a duration from 5m to 8760h";
    let mut cases = vec![
        creation(mail, without("smtp")),
        creation(mail, without("mode")),
        change(mail, json!({ "mail": smtp() }), with("mode", "Inbox")),
        creation("mail.from is required with mode Smtp", without("from")),
        creation(
            "expose.nodePorts.inbox is the port of the inbox",
            json!({ "mail": smtp(), "expose": {
                "type": "NodePort", "nodePorts": { "inbox": 30_825 },
            } }),
        ),
        creation(
            "the ports of nodePorts must be different",
            node_ports(json!({ "gateway": 30_080, "inbox": 30_080 })),
        ),
        creation(
            "the ports of nodePorts must be different",
            node_ports(json!({ "gateway": 30_080, "web": 30_080 })),
        ),
        creation(
            "the ports of nodePorts must be different",
            node_ports(json!({ "inbox": 30_080, "web": 30_080 })),
        ),
        creation(
            "host must be a DNS name or an IP address",
            json!({ "mail": {
                "mode": "Smtp", "from": "a@b.example", "smtp": { "host": "b.example:587" },
            } }),
        ),
    ];
    let senders = ["Shop", "orders@", "Shop orders@b.example", "a@b.example\nBcc: c@d.example"];
    cases.extend(senders.map(|sender| creation(from, with("from", sender))));
    for sender in ["Shop <orders@b.example", "A, B <orders@b.example>", "<a@b.example>"] {
        cases.push(creation(from, with("from", sender)));
    }
    let admins = ["admin", "Admin <admin@b.example>", "a@b@c.example", "a b@c.example"];
    cases.extend(admins.map(|admin| creation(address, auth("adminEmail", admin))));
    let durations = ["15", "15 m", "30s", "25h", "1d", "m", "1h1h", "-15m"];
    cases.extend(durations.map(|duration| creation(access, auth("accessTokenTtl", duration))));
    let durations = ["1m", "8761h", "7d"];
    cases.extend(durations.map(|duration| creation(refresh, auth("refreshTokenTtl", duration))));
    cases
}

fn servers() -> Vec<Case> {
    let redis = json!({ "mode": "External", "external": {
        "urlSecret": { "name": "redis", "key": "url" },
    } });
    let with_image = |mut server: Value| {
        server["image"] = "example/server:1".into();
        server
    };
    let with_resources = |mut server: Value, resources: Value| {
        server["resources"] = resources;
        server
    };
    vec![
        creation("postgres.external describes", json!({ "postgres": { "mode": "External" } })),
        creation(
            "postgres.external describes",
            json!({ "postgres": { "external": external_postgres("db")["external"] } }),
        ),
        creation(
            "postgres.image is the image of the managed server",
            json!({ "postgres": with_image(external_postgres("db")) }),
        ),
        creation("redis.external describes", json!({ "redis": { "mode": "External" } })),
        creation(
            "redis.image is the image of the managed server",
            json!({ "redis": with_image(redis.clone()) }),
        ),
        creation(
            "redis.resources are the resources of the managed server",
            json!({ "redis": with_resources(redis.clone(), json!({})) }),
        ),
        creation(
            "redis.resources must leave Redis room to work",
            json!({ "redis": { "resources": { "limits": { "memory": "15Mi" } } } }),
        ),
        creation(
            "redis.resources must leave Redis room to work",
            json!({ "redis": { "resources": { "requests": { "memory": "4M" } } } }),
        ),
        change(
            "postgres.mode is immutable",
            json!({}),
            json!({ "postgres": external_postgres("db") }),
        ),
        change(
            "postgres.mode is immutable",
            json!({ "postgres": external_postgres("db") }),
            json!({}),
        ),
        change("redis.mode is immutable", json!({ "redis": redis }), json!({})),
    ]
}

fn changes() -> Vec<Case> {
    let storage = |storage: Value| json!({ "postgres": { "storage": storage } });
    let smaller = "storage.size cannot decrease";
    let class = "storage.className is immutable";
    vec![
        change("currency is immutable", json!({ "currency": "EUR" }), json!({})),
        change("currency is immutable", json!({}), json!({ "currency": "EUR" })),
        change(smaller, storage(json!({ "size": "20Gi" })), storage(json!({ "size": "19Gi" }))),
        change(smaller, storage(json!({ "size": "20Gi" })), json!({})),
        change(smaller, json!({}), storage(json!({ "size": "9999Mi" }))),
        change(smaller, json!({}), json!({ "redis": { "storage": { "size": "512Mi" } } })),
        change(class, storage(json!({ "className": "a" })), storage(json!({ "className": "b" }))),
        change(class, storage(json!({ "className": "a" })), json!({})),
        change(class, json!({}), storage(json!({ "className": "b" }))),
    ]
}

fn cases() -> Vec<Case> {
    [formats(), components(), reserved_variables(), services(), web(), servers(), changes()]
        .into_iter()
        .flatten()
        .collect()
}

#[tokio::test]
async fn invalid_specs_are_rejected_with_the_message() {
    let api = storefronts().await;
    let cases = cases();
    for (number, case) in cases.iter().enumerate() {
        let rejection = rejection(send(&api, number, case).await, &case.spec);
        assert_eq!(rejection.code, 422, "{rejection:?}");
        assert!(rejection.message.contains(&case.message), "{}: {}", case.spec, rejection.message);
    }
}

#[tokio::test]
async fn invalid_names_are_rejected() {
    let api = storefronts().await;
    let longest = "s".repeat(30);
    let spec = with_version(json!({}));
    for name in ["1shop", "my.shop", &format!("{longest}s")] {
        let rejection = rejection(api.create(&dry_run(), &object(name, &spec)).await, &name.into());
        assert!(rejection.message.contains("create the Storefront with such a name"), "{name}");
    }
    for name in ["s", "shop-2", &longest] {
        api.create(&dry_run(), &object(name, &spec)).await.unwrap();
    }
}

#[tokio::test]
async fn schema_violations_name_the_field() {
    let api = storefronts().await;
    let cases = [
        (json!({ "version": null }), "spec.version: Required value"),
        (json!({ "version": "1", "profile": "Huge" }), "spec.profile: Unsupported value"),
        (
            json!({ "version": "1", "payments": { "provider": "Stripe" } }),
            "spec.payments.provider: Unsupported value",
        ),
        (
            json!({ "version": "1", "mail": {
                "mode": "Smtp", "from": "a@b.example", "smtp": {},
            } }),
            "spec.mail.smtp.host: Required value",
        ),
        (json!({ "version": "1", "replicas": 0 }), "spec.replicas"),
        (json!({ "version": "1", "replicas": 33 }), "spec.replicas"),
        (
            json!({ "version": "1", "expose": {
                "type": "NodePort", "nodePorts": { "gateway": 65_536 },
            } }),
            "spec.expose.nodePorts.gateway",
        ),
        (json!({ "version": "1", "web": { "accentHue": 360 } }), "spec.web.accentHue"),
        (
            json!({ "version": "1", "web": { "locale": "fr-FR" } }),
            "spec.web.locale: Unsupported value",
        ),
        (
            json!({ "version": "1", "components": { "gateway": {
                "env": [{ "name": "A" }, { "name": "A" }],
            } } }),
            "spec.components[gateway].env[1]: Duplicate value",
        ),
    ];
    for (spec, message) in cases {
        let rejection = rejection(api.create(&dry_run(), &object("shop", &spec)).await, &spec);
        assert!(rejection.message.contains(message), "{spec}: {}", rejection.message);
    }
}

#[tokio::test]
async fn allowed_changes_are_accepted() {
    let api = storefronts().await;
    let grown = json!({ "postgres": { "storage": { "size": "10.5Gi" } } });
    let full = json!({
        "version": "0.2.0-dev.0123456789ab", "profile": "Production", "replicas": 3,
        "image": {
            "registry": "registry.example.com:5000", "repository": "team/shop",
            "pullPolicy": "Always", "pullSecrets": [{ "name": "pull" }],
        },
        "components": {
            "web": { "enabled": false, "replicas": 2 },
            "catalog": { "replicas": 5, "logLevel": "Debug", "resources": {
                "requests": { "cpu": "0.5", "memory": "64Mi" }, "limits": { "memory": "64Mi" },
            } },
            "gateway": {
                "image": "registry.example.com/gateway@sha256:0123456789abcdef",
                "env": [
                    { "name": "WORKER_THREADS", "value": "2" },
                    { "name": "TOKEN", "secret": { "name": "tokens", "key": "a.b_c-d" } },
                ],
            },
        },
        "gateway": {
            "corsOrigins": ["https://a.example", "http://localhost:3000", "http://[::1]:3000"],
            "rateLimit": { "requestsPerMinute": 0, "burst": 1 },
            "docs": "Off", "admin": "Internal",
            "trustedProxies": ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32", "fd00::1/128"],
        },
        "web": {
            "name": "Bücher & Cafés", "tagline": "\u{201c}Read\u{201d} more", "locale": "de-DE",
            "timeZone": "America/Argentina/Buenos_Aires", "accentHue": 0, "robots": "NoIndex",
            "supportEmail": "help@shop.example.com",
            "imageOrigins": ["https://images.example.com"],
        },
        "expose": {
            "type": "NodePort",
            "nodePorts": { "gateway": 30_080, "web": 30_300, "inbox": 30_825 },
            "urls": { "web": "https://shop.example", "api": "http://localhost:8080" },
        },
        "mail": { "from": "orders@shop.example.com" },
        "payments": { "provider": "Simulator" },
        "auth": {
            "accessTokenTtl": "1h30m", "refreshTokenTtl": "8760h",
            "adminEmail": "first.last+shop@shop.example.com",
        },
        "jobs": { "sidecarInjection": "Inherited" },
        "redis": { "resources": {
            "requests": { "cpu": "10m", "memory": "4Mi" }, "limits": { "memory": "16Mi" },
        } },
        "suspend": true, "demoData": true,
    });
    let mut server = smtp();
    server["from"] = "The Shop's Mails <orders@shop.example.com>".into();
    server["smtp"]["credentialsSecret"] = json!({ "name": "smtp" });
    server["smtp"]["tls"] = "Tls".into();
    let moved = external_postgres("2001:db8::1");
    for (number, (before, after)) in [
        (json!({}), grown),
        (json!({}), full.clone()),
        (full.clone(), json!({})),
        (full, json!({ "mail": server })),
        (json!({ "mail": smtp() }), json!({})),
        (json!({ "postgres": external_postgres("db") }), json!({ "postgres": moved })),
    ]
    .into_iter()
    .enumerate()
    {
        send(&api, number, &change("", before, after)).await.unwrap();
    }
}

/// A rule without a case is not tested.
#[test]
fn every_rule_has_a_case() {
    let cases = cases();
    let crd = serde_json::to_value(crd::definition().unwrap()).unwrap();
    let mut messages = BTreeSet::new();
    collect_messages(&crd, &mut messages);
    messages.retain(|message| {
        !message.starts_with("metadata.name")
            && !cases.iter().any(|case| message.starts_with(&case.message))
    });
    assert!(messages.is_empty(), "{messages:#?}");
}

fn collect_messages(value: &Value, messages: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let (Some(_), Some(Value::String(message))) =
                (fields.get("rule"), fields.get("message"))
            {
                messages.insert(message.clone());
            }
            fields.values().for_each(|field| collect_messages(field, messages));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_messages(item, messages)),
        _ => {}
    }
}
