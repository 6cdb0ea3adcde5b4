//! The components of a shop in one process: their settings, and how they reach each other.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use ::components::Component;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use futures::future::{BoxFuture, try_join_all};
use kit::{BoxError, Env, Runtime};

use super::secrets::Secrets;
use super::servers::Servers;
use crate::Error;
use crate::components::{
    CATALOG, DatabaseComponent, EnvSettings, NOTIFICATION, ORDER, PAYMENT, SHIPPING, USER,
};
use crate::provisioning::provision_and_migrate;
use crate::single::boxed;

/// A part of the shop, as a value of `--only`: a component or the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Component(Component),
    Inbox,
}

impl Part {
    /// All values: the components in the order of [`Component::ALL`], then the inbox.
    const ALL: [Self; Component::ALL.len() + 1] = {
        let mut parts = [Self::Inbox; Component::ALL.len() + 1];
        let mut index = 0;
        while index < Component::ALL.len() {
            parts[index] = Self::Component(Component::ALL[index]);
            index += 1;
        }
        parts
    };
}

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Component(component) => component.name(),
            Self::Inbox => "inbox",
        }))
    }
}

/// The settings of the components, and which of them run in this process.
pub(super) struct Components {
    user: user::Args,
    catalog: catalog::Args,
    cart: cart::Args,
    order: order::Args,
    payment: payment::Args,
    notification: notification::Args,
    shipping: shipping::Args,
    gateway: gateway::Args,
    web: web::Args,
    inbox: inbox::Args,
    selected: Vec<Part>,
}

/// The settings of every component, read from the environment.
struct AllSettings {
    user: EnvSettings<user::Args>,
    catalog: EnvSettings<catalog::Args>,
    cart: EnvSettings<cart::Args>,
    order: EnvSettings<order::Args>,
    payment: EnvSettings<payment::Args>,
    notification: EnvSettings<notification::Args>,
    shipping: EnvSettings<shipping::Args>,
    gateway: EnvSettings<gateway::Args>,
    web: EnvSettings<web::Args>,
    inbox: EnvSettings<inbox::Args>,
}

impl Components {
    /// Reads the settings of all components, and selects those named in `only`, or all if `only` is
    /// empty. Mail is sent to the inbox unless an SMTP server is set.
    pub(super) fn from_env(only: &[Part]) -> Result<Self, Error> {
        let mut settings = AllSettings::from_env()?;
        let mut selected =
            if only.is_empty() { Part::value_variants().to_vec() } else { only.to_vec() };
        if !settings.notification.is_default("smtp_host") && only.is_empty() {
            selected.retain(|name| *name != Part::Inbox);
        }
        settings.listen_on_loopback();
        settings.wire_urls()?;
        let AllSettings {
            user,
            catalog,
            cart,
            order,
            payment,
            notification,
            shipping,
            gateway,
            web,
            inbox,
        } = settings;
        Ok(Self {
            user: user.args,
            catalog: catalog.args,
            cart: cart.args,
            order: order.args,
            payment: payment.args,
            notification: notification.args,
            shipping: shipping.args,
            gateway: gateway.args,
            web: web.args,
            inbox: inbox.args,
            selected,
        })
    }

    /// The settings of the catalog.
    pub(super) fn catalog(&self) -> &catalog::Args {
        &self.catalog
    }

    /// Returns whether a component runs in this process.
    pub(super) fn is_selected(&self, name: Part) -> bool {
        self.selected.contains(&name)
    }

    /// Logs the URLs that people open.
    pub(super) fn log_urls(&self) {
        if self.is_selected(Part::Component(Component::Web)) {
            let url = format!("http://localhost:{}", self.web.web_listen.port());
            tracing::info!(%url, "web shop is available");
        }
        if self.is_selected(Part::Component(Component::Gateway)) {
            let url = format!("http://localhost:{}", self.gateway.gateway_listen.port());
            tracing::info!(%url, docs = %format!("{url}/docs"), "API is available");
        }
        if self.is_selected(Part::Inbox) {
            let url = format!("http://localhost:{}", self.inbox.inbox_listen.port());
            tracing::info!(%url, "mail inbox is available");
        }
    }

    /// Provisions and migrates the databases of the selected components concurrently, and sets the
    /// URL of Redis.
    pub(super) async fn connect(&mut self, servers: &Servers, env: &Env) -> Result<(), Error> {
        let selected = self.selected.clone();
        let databases: [(&'static DatabaseComponent, &mut kit::postgres::Args); 6] = [
            (&USER, &mut self.user.database),
            (&CATALOG, &mut self.catalog.database),
            (&ORDER, &mut self.order.database),
            (&PAYMENT, &mut self.payment.database),
            (&NOTIFICATION, &mut self.notification.database),
            (&SHIPPING, &mut self.shipping.database),
        ];
        let provisioned = databases
            .into_iter()
            .filter(|(owner, _)| selected.contains(&Part::Component(owner.component)))
            .map(|(owner, database)| {
                provision_and_migrate(owner, database, &servers.postgres, env)
            });
        try_join_all(provisioned).await?;
        servers.redis.apply(&mut self.gateway.redis);
        servers.redis.apply(&mut self.cart.redis);
        Ok(())
    }

    /// Sets the secrets that no setting names.
    pub(super) fn apply_secrets(&mut self, secrets: &Secrets) {
        if self.user.jwt_signing_keys.is_none() && self.gateway.jwt_public_keys.is_none() {
            self.user.jwt_signing_keys = Some(secrets.signing_keys.clone());
            self.gateway.jwt_public_keys = Some(secrets.public_keys.clone());
        }
        if self.payment.fingerprint_key.is_none() && self.payment.fingerprint_key_file.is_none() {
            self.payment.fingerprint_key_file = Some(secrets.fingerprint_key.clone());
        }
        let keys = [&mut self.gateway.trusted_proxy_key_file, &mut self.web.trusted_proxy_key_file];
        if keys.iter().all(|key| key.is_none()) {
            for key in keys {
                *key = Some(secrets.trusted_proxy_key.clone());
            }
        }
    }

    /// Returns the futures of the selected components, to be run concurrently.
    pub(super) fn serve(self, runtime: &Runtime) -> Vec<BoxFuture<'static, Result<(), BoxError>>> {
        let runtime = || runtime.clone();
        let components = [
            (Component::User, boxed(user::serve(self.user, runtime()))),
            (Component::Catalog, boxed(catalog::serve(self.catalog, runtime()))),
            (Component::Cart, boxed(cart::serve(self.cart, runtime()))),
            (Component::Order, boxed(order::serve(self.order, runtime()))),
            (Component::Payment, boxed(payment::serve(self.payment, runtime()))),
            (Component::Notification, boxed(notification::serve(self.notification, runtime()))),
            (Component::Shipping, boxed(shipping::serve(self.shipping, runtime()))),
            (Component::Gateway, boxed(gateway::serve(self.gateway, runtime()))),
            (Component::Web, boxed(web::serve(self.web, runtime()))),
        ]
        .map(|(component, future)| (Part::Component(component), future));
        let inbox = (Part::Inbox, boxed(inbox::serve(self.inbox, runtime())));
        let selected = self.selected;
        components
            .into_iter()
            .chain([inbox])
            .filter(|(name, _)| selected.contains(name))
            .map(|(_, future)| future)
            .collect()
    }
}

impl AllSettings {
    fn from_env() -> Result<Self, Error> {
        Ok(Self {
            user: EnvSettings::read(Component::User.name())?,
            catalog: EnvSettings::read(Component::Catalog.name())?,
            cart: EnvSettings::read(Component::Cart.name())?,
            order: EnvSettings::read(Component::Order.name())?,
            payment: EnvSettings::read(Component::Payment.name())?,
            notification: EnvSettings::read(Component::Notification.name())?,
            shipping: EnvSettings::read(Component::Shipping.name())?,
            gateway: EnvSettings::read(Component::Gateway.name())?,
            web: EnvSettings::read(Component::Web.name())?,
            inbox: EnvSettings::read("inbox")?,
        })
    }

    /// Replaces the default listen addresses, which are for pods, by the loopback interface.
    fn listen_on_loopback(&mut self) {
        set_loopback_default(&mut self.user, "listen", |args| &mut args.listen);
        set_loopback_default(&mut self.catalog, "listen", |args| &mut args.listen);
        set_loopback_default(&mut self.cart, "listen", |args| &mut args.listen);
        set_loopback_default(&mut self.order, "listen", |args| &mut args.listen);
        set_loopback_default(&mut self.payment, "listen", |args| &mut args.listen);
        set_loopback_default(&mut self.notification, "listen", |args| &mut args.listen);
        set_loopback_default(&mut self.shipping, "listen", |args| &mut args.listen);
        set_loopback_default(&mut self.gateway, "gateway_listen", |args| &mut args.gateway_listen);
        set_loopback_default(&mut self.gateway, "gateway_internal_listen", |args| {
            &mut args.gateway_internal_listen
        });
        set_loopback_default(&mut self.web, "web_listen", |args| &mut args.web_listen);
        set_loopback_default(&mut self.inbox, "inbox_listen", |args| &mut args.inbox_listen);
        set_loopback_default(&mut self.inbox, "inbox_smtp_listen", |args| {
            &mut args.inbox_smtp_listen
        });
    }

    /// Sets the URLs of the components that each component calls, unless a setting names them.
    fn wire_urls(&mut self) -> Result<(), Error> {
        let user = self.user.args.listen;
        let catalog = self.catalog.args.listen;
        let cart = self.cart.args.listen;
        let payment = self.payment.args.listen;
        let shipping = self.shipping.args.listen;
        let notification = self.notification.args.listen;
        let gateway = &mut self.gateway;
        set_default_url(gateway, "user_url", |args| &mut args.user_url, user)?;
        set_default_url(gateway, "catalog_url", |args| &mut args.catalog_url, catalog)?;
        set_default_url(gateway, "cart_url", |args| &mut args.cart_url, cart)?;
        set_default_url(gateway, "order_url", |args| &mut args.order_url, self.order.args.listen)?;
        set_default_url(gateway, "payment_url", |args| &mut args.payment_url, payment)?;
        set_default_url(gateway, "shipping_url", |args| &mut args.shipping_url, shipping)?;
        set_default_url(
            gateway,
            "notification_url",
            |args| &mut args.notification_url,
            notification,
        )?;
        let gateway = self.gateway.args.gateway_listen;
        set_default_url(&mut self.web, "gateway_url", |args| &mut args.gateway_url, gateway)?;
        self.set_web_url()?;
        let order = &mut self.order;
        set_default_url(order, "user_url", |args| &mut args.user_url, user)?;
        set_default_url(order, "catalog_url", |args| &mut args.catalog_url, catalog)?;
        set_default_url(order, "cart_url", |args| &mut args.cart_url, cart)?;
        set_default_url(order, "payment_url", |args| &mut args.payment_url, payment)?;
        set_default_url(order, "shipping_url", |args| &mut args.shipping_url, shipping)?;
        set_default_url(
            order,
            "notification_url",
            |args| &mut args.notification_url,
            notification,
        )?;
        set_default_url(&mut self.cart, "catalog_url", |args| &mut args.catalog_url, catalog)?;
        set_default_url(
            &mut self.user,
            "notification_url",
            |args| &mut args.notification_url,
            notification,
        )?;
        if self.notification.is_default("smtp_host") {
            let inbox = reachable(self.inbox.args.inbox_smtp_listen);
            self.notification.args.smtp_host = inbox.ip().to_string();
            self.notification.args.smtp_port = inbox.port();
        }
        Ok(())
    }

    /// Sets the URL under which people open the web shop, unless it was set.
    fn set_web_url(&mut self) -> Result<(), Error> {
        if self.web.is_default("web_url") {
            let port = self.web.args.web_listen.port();
            self.web.args.web_url = parse(&format!("http://localhost:{port}"))?;
        }
        Ok(())
    }
}

/// Sets the URL setting `id` of a caller to the callee's listen address, unless it was set.
fn set_default_url<A: clap::Args, U: FromStr<Err = String>>(
    caller: &mut EnvSettings<A>,
    id: &str,
    url: fn(&mut A) -> &mut U,
    listen: SocketAddr,
) -> Result<(), Error> {
    if caller.is_default(id) {
        *url(&mut caller.args) = parse(&format!("http://{}", reachable(listen)))?;
    }
    Ok(())
}

/// Parses the value of a setting that this process chooses.
fn parse<T: FromStr<Err = String>>(text: &str) -> Result<T, Error> {
    let invalid =
        |reason| Error::Settings { component: "all", reason: format!("{text}: {reason}") };
    text.parse().map_err(invalid)
}

/// Sets the listen address `id` to its port on the loopback interface, unless it was set.
fn set_loopback_default<A: clap::Args>(
    settings: &mut EnvSettings<A>,
    id: &str,
    listen: fn(&mut A) -> &mut SocketAddr,
) {
    if settings.is_default(id) {
        listen(&mut settings.args).set_ip(Ipv4Addr::LOCALHOST.into());
    }
}

/// Returns the address at which this machine reaches a server that listens at `listen`.
fn reachable(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    listen
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Components that serve without a database.
    const WITHOUT_DATABASE: [Part; 4] = [
        Part::Component(Component::Gateway),
        Part::Component(Component::Cart),
        Part::Component(Component::Web),
        Part::Inbox,
    ];

    impl Components {
        fn listen_addresses(&mut self) -> [&mut SocketAddr; 11] {
            [
                &mut self.user.listen,
                &mut self.catalog.listen,
                &mut self.cart.listen,
                &mut self.order.listen,
                &mut self.payment.listen,
                &mut self.notification.listen,
                &mut self.shipping.listen,
                &mut self.gateway.gateway_listen,
                &mut self.web.web_listen,
                &mut self.inbox.inbox_smtp_listen,
                &mut self.inbox.inbox_listen,
            ]
        }
    }

    #[tokio::test]
    async fn default_listeners_are_on_loopback() {
        let mut components = Components::from_env(&WITHOUT_DATABASE).unwrap();
        components.cart.redis.redis_url = Some("redis://127.0.0.1:1".into());
        for listen in components.listen_addresses() {
            assert_eq!(listen.ip(), Ipv4Addr::LOCALHOST, "{listen}");
            listen.set_port(0);
        }
        for component in components.serve(&Runtime::for_tests()) {
            tokio::spawn(component);
        }
        let mut sockets = Vec::new();
        while sockets.len() < 5 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            sockets = testing::listening_sockets(std::process::id());
        }
        assert!(sockets.iter().all(|socket| socket.ip().is_loopback()), "{sockets:?}");
    }

    #[test]
    fn unspecified_listen_address_is_reached_on_loopback() {
        for (listen, expected) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "127.0.0.1:80"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), expected);
        }
    }
}
