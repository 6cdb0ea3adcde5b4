//! The component table.

use crate::{Component, ComponentInfo, Database, Listen, Protocol};

pub(crate) const USER: ComponentInfo = ComponentInfo {
    name: "user",
    listen: Listen { protocol: Protocol::Grpc, port: 50051, env: "USER_LISTEN" },
    url_env: Some("USER_URL"),
    database: Some(Database { name: "user_db", role: "user_owner" }),
    calls: &[Component::Notification],
    redis: false,
    mail: false,
};

pub(crate) const CATALOG: ComponentInfo = ComponentInfo {
    name: "catalog",
    listen: Listen { protocol: Protocol::Grpc, port: 50052, env: "CATALOG_LISTEN" },
    url_env: Some("CATALOG_URL"),
    database: Some(Database { name: "catalog_db", role: "catalog_owner" }),
    calls: &[],
    redis: false,
    mail: false,
};

pub(crate) const CART: ComponentInfo = ComponentInfo {
    name: "cart",
    listen: Listen { protocol: Protocol::Grpc, port: 50053, env: "CART_LISTEN" },
    url_env: Some("CART_URL"),
    database: None,
    calls: &[Component::Catalog],
    redis: true,
    mail: false,
};

pub(crate) const ORDER: ComponentInfo = ComponentInfo {
    name: "order",
    listen: Listen { protocol: Protocol::Grpc, port: 50055, env: "ORDER_LISTEN" },
    url_env: Some("ORDER_URL"),
    database: Some(Database { name: "order_db", role: "order_owner" }),
    calls: &[
        Component::User,
        Component::Catalog,
        Component::Cart,
        Component::Payment,
        Component::Shipping,
        Component::Notification,
    ],
    redis: false,
    mail: false,
};

pub(crate) const PAYMENT: ComponentInfo = ComponentInfo {
    name: "payment",
    listen: Listen { protocol: Protocol::Grpc, port: 50056, env: "PAYMENT_LISTEN" },
    url_env: Some("PAYMENT_URL"),
    database: Some(Database { name: "payment_db", role: "payment_owner" }),
    calls: &[],
    redis: false,
    mail: false,
};

pub(crate) const SHIPPING: ComponentInfo = ComponentInfo {
    name: "shipping",
    listen: Listen { protocol: Protocol::Grpc, port: 50058, env: "SHIPPING_LISTEN" },
    url_env: Some("SHIPPING_URL"),
    database: Some(Database { name: "shipping_db", role: "shipping_owner" }),
    calls: &[],
    redis: false,
    mail: false,
};

pub(crate) const NOTIFICATION: ComponentInfo = ComponentInfo {
    name: "notification",
    listen: Listen { protocol: Protocol::Grpc, port: 50057, env: "NOTIFICATION_LISTEN" },
    url_env: Some("NOTIFICATION_URL"),
    database: Some(Database { name: "notification_db", role: "notification_owner" }),
    calls: &[],
    redis: false,
    mail: true,
};

pub(crate) const GATEWAY: ComponentInfo = ComponentInfo {
    name: "gateway",
    listen: Listen { protocol: Protocol::Http, port: 8080, env: "GATEWAY_LISTEN" },
    url_env: Some("GATEWAY_URL"),
    database: None,
    calls: &[
        Component::User,
        Component::Catalog,
        Component::Cart,
        Component::Order,
        Component::Payment,
        Component::Shipping,
        Component::Notification,
    ],
    redis: true,
    mail: false,
};

pub(crate) const WEB: ComponentInfo = ComponentInfo {
    name: "web",
    listen: Listen { protocol: Protocol::Http, port: 3000, env: "WEB_LISTEN" },
    url_env: None,
    database: None,
    calls: &[Component::Gateway],
    redis: false,
    mail: false,
};
