//! The components of a shop in one process: their settings, and what they need to know of each other.

use std::net::{Ipv4Addr, SocketAddr};

use ::components::Component;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use futures::future::{BoxFuture, try_join_all};
use kit::grpc::client::TargetUrl;
use kit::{BoxError, Env, Runtime};

use super::secrets::Secrets;
use super::servers::Servers;
use crate::Error;
use crate::components::{CATALOG, FromEnv, NOTIFICATION, ORDER, Owner, PAYMENT, SHIPPING, USER};
use crate::one::boxed;
use crate::owners::prepare;

/// A component, or the inbox, that `--only` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Component(Component),
    Inbox,
}

impl Name {
    /// Every component in the order of the component table, then the inbox.
    const ALL: [Self; Component::ALL.len() + 1] = {
        let mut names = [Self::Inbox; Component::ALL.len() + 1];
        let mut index = 0;
        while index < Component::ALL.len() {
            names[index] = Self::Component(Component::ALL[index]);
            index += 1;
        }
        names
    };
}

impl ValueEnum for Name {
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

/// The components' own settings.
pub(super) struct Components {
    user: user::Args,
    catalog: catalog::Args,
    cart: cart::Args,
    order: order::Args,
    payment: payment::Args,
    notification: notification::Args,
    shipping: shipping::Args,
    gateway: gateway::Args,
    inbox: inbox::Args,
    wanted: Vec<Name>,
}

/// Every component's settings, as the environment has them.
struct Read {
    user: FromEnv<user::Args>,
    catalog: FromEnv<catalog::Args>,
    cart: FromEnv<cart::Args>,
    order: FromEnv<order::Args>,
    payment: FromEnv<payment::Args>,
    notification: FromEnv<notification::Args>,
    shipping: FromEnv<shipping::Args>,
    gateway: FromEnv<gateway::Args>,
    inbox: FromEnv<inbox::Args>,
}

impl Components {
    /// The settings of all, and of those named in `only` (of all, if none is) that they run. Mail
    /// goes to the inbox unless another server is set.
    pub(super) fn from_env(only: &[Name]) -> Result<Self, Error> {
        let mut read = Read::from_env()?;
        let mut wanted =
            if only.is_empty() { Name::value_variants().to_vec() } else { only.to_vec() };
        if !read.notification.is_default("smtp_host") && only.is_empty() {
            wanted.retain(|name| *name != Name::Inbox);
        }
        read.introduce()?;
        let Read { user, catalog, cart, order, payment, notification, shipping, gateway, inbox } =
            read;
        Ok(Self {
            user: user.args,
            catalog: catalog.args,
            cart: cart.args,
            order: order.args,
            payment: payment.args,
            notification: notification.args,
            shipping: shipping.args,
            gateway: gateway.args,
            inbox: inbox.args,
            wanted,
        })
    }

    /// Where the demonstration data is written.
    pub(super) fn catalog(&self) -> &catalog::Args {
        &self.catalog
    }

    /// Whether a component runs here.
    pub(super) fn runs(&self, name: Name) -> bool {
        self.wanted.contains(&name)
    }

    /// Says where people find what runs.
    pub(super) fn announce(&self) {
        if self.runs(Name::Component(Component::Gateway)) {
            let url = format!("http://localhost:{}", self.gateway.gateway_listen.port());
            tracing::info!(%url, docs = %format!("{url}/docs"), "the shop opens");
        }
        if self.runs(Name::Inbox) {
            let url = format!("http://localhost:{}", self.inbox.inbox_listen.port());
            tracing::info!(%url, "its mail is caught here");
        }
    }

    /// Gives each owner a role, a database and its migrations, side by side, and tells where Redis is.
    pub(super) async fn connect(&mut self, servers: &Servers, env: &Env) -> Result<(), Error> {
        let wanted = self.wanted.clone();
        let databases: [(Component, &'static Owner, &mut kit::postgres::Args); 6] = [
            (Component::User, &USER, &mut self.user.database),
            (Component::Catalog, &CATALOG, &mut self.catalog.database),
            (Component::Order, &ORDER, &mut self.order.database),
            (Component::Payment, &PAYMENT, &mut self.payment.database),
            (Component::Notification, &NOTIFICATION, &mut self.notification.database),
            (Component::Shipping, &SHIPPING, &mut self.shipping.database),
        ];
        let prepared = databases
            .into_iter()
            .filter(|(component, ..)| wanted.contains(&Name::Component(*component)))
            .map(|(_, owner, database)| prepare(owner, database, &servers.postgres, env));
        try_join_all(prepared).await?;
        servers.redis.tell(&mut self.gateway.redis);
        servers.redis.tell(&mut self.cart.redis);
        Ok(())
    }

    /// Tells of the secrets that the settings do not give.
    pub(super) fn entrust(&mut self, secrets: &Secrets) {
        if self.user.jwt_signing_keys.is_none() && self.gateway.jwt_public_keys.is_none() {
            self.user.jwt_signing_keys = Some(secrets.signing_keys.clone());
            self.gateway.jwt_public_keys = Some(secrets.public_keys.clone());
        }
        if self.payment.fingerprint_key.is_none() && self.payment.fingerprint_key_file.is_none() {
            self.payment.fingerprint_key_file = Some(secrets.fingerprint_key.clone());
        }
    }

    /// All that are wanted, to be run side by side.
    pub(super) fn serve(self, runtime: &Runtime) -> Vec<BoxFuture<'static, Result<(), BoxError>>> {
        let here = || runtime.clone();
        let all = [
            (Name::Component(Component::User), boxed(user::serve(self.user, here()))),
            (Name::Component(Component::Catalog), boxed(catalog::serve(self.catalog, here()))),
            (Name::Component(Component::Cart), boxed(cart::serve(self.cart, here()))),
            (Name::Component(Component::Order), boxed(order::serve(self.order, here()))),
            (Name::Component(Component::Payment), boxed(payment::serve(self.payment, here()))),
            (
                Name::Component(Component::Notification),
                boxed(notification::serve(self.notification, here())),
            ),
            (Name::Component(Component::Shipping), boxed(shipping::serve(self.shipping, here()))),
            (Name::Component(Component::Gateway), boxed(gateway::serve(self.gateway, here()))),
            (Name::Inbox, boxed(inbox::serve(self.inbox, here()))),
        ];
        let wanted = self.wanted;
        all.into_iter().filter(|(name, _)| wanted.contains(name)).map(|(_, run)| run).collect()
    }
}

impl Read {
    fn from_env() -> Result<Self, Error> {
        Ok(Self {
            user: FromEnv::read(Component::User.name())?,
            catalog: FromEnv::read(Component::Catalog.name())?,
            cart: FromEnv::read(Component::Cart.name())?,
            order: FromEnv::read(Component::Order.name())?,
            payment: FromEnv::read(Component::Payment.name())?,
            notification: FromEnv::read(Component::Notification.name())?,
            shipping: FromEnv::read(Component::Shipping.name())?,
            gateway: FromEnv::read(Component::Gateway.name())?,
            inbox: FromEnv::read("inbox")?,
        })
    }

    /// Tells each where those are that it calls, unless a setting says so.
    fn introduce(&mut self) -> Result<(), Error> {
        let user = self.user.args.listen;
        let catalog = self.catalog.args.listen;
        let cart = self.cart.args.listen;
        let payment = self.payment.args.listen;
        let shipping = self.shipping.args.listen;
        let notification = self.notification.args.listen;
        let gateway = &mut self.gateway;
        point(gateway, "user_url", |args| &mut args.user_url, user)?;
        point(gateway, "catalog_url", |args| &mut args.catalog_url, catalog)?;
        point(gateway, "cart_url", |args| &mut args.cart_url, cart)?;
        point(gateway, "order_url", |args| &mut args.order_url, self.order.args.listen)?;
        point(gateway, "payment_url", |args| &mut args.payment_url, payment)?;
        point(gateway, "shipping_url", |args| &mut args.shipping_url, shipping)?;
        point(gateway, "notification_url", |args| &mut args.notification_url, notification)?;
        let order = &mut self.order;
        point(order, "user_url", |args| &mut args.user_url, user)?;
        point(order, "catalog_url", |args| &mut args.catalog_url, catalog)?;
        point(order, "cart_url", |args| &mut args.cart_url, cart)?;
        point(order, "payment_url", |args| &mut args.payment_url, payment)?;
        point(order, "shipping_url", |args| &mut args.shipping_url, shipping)?;
        point(order, "notification_url", |args| &mut args.notification_url, notification)?;
        point(&mut self.cart, "catalog_url", |args| &mut args.catalog_url, catalog)?;
        point(&mut self.user, "notification_url", |args| &mut args.notification_url, notification)?;
        if self.notification.is_default("smtp_host") {
            let inbox = local(self.inbox.args.inbox_smtp_listen);
            self.notification.args.smtp_host = inbox.ip().to_string();
            self.notification.args.smtp_port = inbox.port();
        }
        Ok(())
    }
}

/// Tells a caller that the setting `id`, if nobody set it, is the address at which we listen.
fn point<A: clap::Args>(
    caller: &mut FromEnv<A>,
    id: &str,
    url: fn(&mut A) -> &mut TargetUrl,
    listen: SocketAddr,
) -> Result<(), Error> {
    if caller.is_default(id) {
        let text = format!("http://{}", local(listen));
        *url(&mut caller.args) = text.parse().map_err(|reason| Error::Settings {
            component: "all",
            reason: format!("{text}: {reason}"),
        })?;
    }
    Ok(())
}

/// The address at which this machine reaches what listens at `listen`.
fn local(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    listen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_reached_here() {
        for (listen, reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "127.0.0.1:80"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ] {
            assert_eq!(local(listen.parse().unwrap()).to_string(), reached);
        }
    }
}
