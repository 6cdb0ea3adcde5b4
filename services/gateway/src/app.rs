//! State that the handlers share.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kit::grpc::client::{Channel, ClientTarget, MAX_RESPONSE_BYTES, TargetUrl};
use kit::http::EventStreams;
use kit::{Env, Runtime};
use proto::audit::v1::audit_service_client::AuditServiceClient;
use proto::cart::v1::cart_service_client::CartServiceClient;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::order::v1::order_service_client::OrderServiceClient;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::shipping::v1::shipping_service_client::ShippingServiceClient;
use proto::user::v1::user_service_client::UserServiceClient;

use crate::args::Args;
use crate::auth::{Auth, OptionalCaller, Role, SessionWatch};
use crate::cache::{CacheKey, CatalogCache, CatalogRead};
use crate::circuit_breaker::{CircuitBreakerChannel, CircuitBreakers};
use crate::encoded_response::EncodedResponse;
use crate::problem::Problem;
use crate::rate_limit::GuestCartLimit;

/// Read-only RPCs, by service. The client retries these when the connection breaks during the call.
/// RPCs that set a field to a value are excluded although they are idempotent: another caller may
/// have set a different value in between.
const CATALOG_READS: &[&str] = &[
    "ListProducts",
    "SearchProducts",
    "GetProduct",
    "BatchGetProducts",
    "ListCategories",
    "ListLowStock",
    "ListAuditEntries",
];
/// RPCs of the catalog that return an unbounded stream.
const CATALOG_STREAMS: &[&str] = &["WatchChanges"];
const USER_READS: &[&str] = &[
    "GetUser",
    "ListUsers",
    "ListAddresses",
    "GetWishlist",
    "ListAuditEntries",
    "ListSessions",
    "VerifySession",
];
/// RPCs of the user service that return an unbounded stream.
const USER_STREAMS: &[&str] = &["WatchEndedSessions"];
const CART_READS: &[&str] = &["GetCart"];
const ORDER_READS: &[&str] = &[
    "PreviewOrder",
    "GetOrder",
    "ListOrders",
    "ListAllOrders",
    "GetCheckout",
    "GetStats",
    "ListAuditEntries",
];
/// RPCs of the order service that return an unbounded stream.
const ORDER_STREAMS: &[&str] = &["WatchOrder"];
const PAYMENT_READS: &[&str] = &["ListPaymentMethods", "ListTransactions"];
const SHIPPING_READS: &[&str] = &["GetQuote", "TrackShipment"];
const NOTIFICATION_READS: &[&str] = &["ListNotifications", "ListAuditEntries"];

/// Maximum number of open event streams: as many as the HTTP/2 connection to a single replica of
/// the order service has. Each occupies one of the 512 connections of shoppers.
const MAX_EVENT_STREAMS: u64 = 256;

/// State that the handlers share: clients, cache and authentication. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    catalog: CatalogServiceClient<CircuitBreakerChannel>,
    user: UserServiceClient<CircuitBreakerChannel>,
    cart: CartServiceClient<CircuitBreakerChannel>,
    order: OrderServiceClient<CircuitBreakerChannel>,
    order_streams: OrderServiceClient<Channel>,
    event_streams: EventStreams,
    payment: PaymentServiceClient<CircuitBreakerChannel>,
    shipping: ShippingServiceClient<CircuitBreakerChannel>,
    notification: NotificationServiceClient<CircuitBreakerChannel>,
    /// The audit log of each service that has one.
    audit: [AuditServiceClient<CircuitBreakerChannel>; 4],
    /// None: every read is sent to the catalog.
    cache: Option<CatalogCache>,
    auth: Auth,
    guest_carts: GuestCartLimit,
    env: Env,
    request_timeout: Duration,
}

impl App {
    /// Starts connecting to the services in the background. None has to be up yet.
    pub(crate) fn new(
        args: &Args,
        auth: Auth,
        guest_carts: GuestCartLimit,
        runtime: &Runtime,
    ) -> Self {
        let breakers = CircuitBreakers::new(runtime);
        let connect = |name, url: &TargetUrl, reads| {
            let target = ClientTarget::new(name, url.clone()).reads(reads);
            breakers.wrap(name, Channel::connect(&target, runtime))
        };
        let target = ClientTarget::new("catalog", args.catalog_url.clone());
        let target = target.reads(CATALOG_READS).streams(CATALOG_STREAMS);
        let channel = Channel::connect(&target, runtime);
        let cache = CatalogCache::new(args.catalog_cache_bytes, args.catalog_cache_ttl, runtime);
        if let Some(cache) = &cache {
            // Bypasses the circuit breaker, which protects requests: the watch retries
            // indefinitely.
            cache.watch(channel.clone(), runtime);
        }
        let catalog = breakers.wrap("catalog", channel);
        let target = ClientTarget::new("user", args.user_url.clone());
        let channel = Channel::connect(&target.reads(USER_READS).streams(USER_STREAMS), runtime);
        SessionWatch::start(auth.ended_sessions().clone(), channel.clone(), runtime);
        let user = breakers.wrap("user", channel);
        let cart = connect("cart", &args.cart_url, CART_READS);
        let order = connect("order", &args.order_url, ORDER_READS);
        let payment = connect("payment", &args.payment_url, PAYMENT_READS);
        let shipping = connect("shipping", &args.shipping_url, SHIPPING_READS);
        let notification = connect("notification", &args.notification_url, NOTIFICATION_READS);
        let audit = [&catalog, &user, &order, &notification].map(|channel| {
            AuditServiceClient::new(channel.clone()).max_decoding_message_size(MAX_RESPONSE_BYTES)
        });
        Self(Arc::new(Shared {
            catalog: CatalogServiceClient::new(catalog)
                .max_decoding_message_size(MAX_RESPONSE_BYTES),
            user: UserServiceClient::new(user).max_decoding_message_size(MAX_RESPONSE_BYTES),
            cart: CartServiceClient::new(cart).max_decoding_message_size(MAX_RESPONSE_BYTES),
            order_streams: order_streams(args, runtime),
            event_streams: EventStreams::new(MAX_EVENT_STREAMS, runtime),
            order: OrderServiceClient::new(order).max_decoding_message_size(MAX_RESPONSE_BYTES),
            payment: PaymentServiceClient::new(payment)
                .max_decoding_message_size(MAX_RESPONSE_BYTES),
            shipping: ShippingServiceClient::new(shipping)
                .max_decoding_message_size(MAX_RESPONSE_BYTES),
            notification: NotificationServiceClient::new(notification)
                .max_decoding_message_size(MAX_RESPONSE_BYTES),
            audit,
            cache,
            auth,
            guest_carts,
            env: runtime.env.clone(),
            request_timeout: args.request_timeout,
        }))
    }

    /// Returns a client of the catalog.
    pub(crate) fn catalog(&self) -> CatalogServiceClient<CircuitBreakerChannel> {
        self.0.catalog.clone()
    }

    /// Responds to a public read: from the cache for shoppers, from the catalog for administrators.
    pub(crate) async fn public_read(
        &self,
        caller: OptionalCaller,
        key: &CacheKey,
        read: impl Future<Output = Result<CatalogRead, Problem>>,
    ) -> Result<EncodedResponse, Problem> {
        match &self.0.cache {
            Some(cache) if !caller.has_role(Role::Admin) => cache.get_or_read(key, read).await,
            _ => read.await.map(|read| read.response),
        }
    }

    /// Returns a client of the user service.
    pub(crate) fn user(&self) -> UserServiceClient<CircuitBreakerChannel> {
        self.0.user.clone()
    }

    /// Returns a client of the cart service.
    pub(crate) fn cart(&self) -> CartServiceClient<CircuitBreakerChannel> {
        self.0.cart.clone()
    }

    /// Returns a client of the order service.
    pub(crate) fn order(&self) -> OrderServiceClient<CircuitBreakerChannel> {
        self.0.order.clone()
    }

    /// Returns a client of the order service for its streams.
    pub(crate) fn order_streams(&self) -> OrderServiceClient<Channel> {
        self.0.order_streams.clone()
    }

    /// Returns the open event streams of clients.
    pub(crate) fn event_streams(&self) -> &EventStreams {
        &self.0.event_streams
    }

    /// Creates a call whose deadline is the request timeout, for RPCs that wait for work to finish.
    /// The callee receives the deadline and returns the intermediate state before it passes
    /// (`CHECKOUT_WAIT`). Other calls have the shorter default deadline of the client.
    pub(crate) fn with_request_deadline<T>(&self, message: T) -> tonic::Request<T> {
        let mut call = tonic::Request::new(message);
        call.set_timeout(self.0.request_timeout);
        call
    }

    /// Returns a client of the payment service.
    pub(crate) fn payment(&self) -> PaymentServiceClient<CircuitBreakerChannel> {
        self.0.payment.clone()
    }

    /// Returns a client of the shipping service.
    pub(crate) fn shipping(&self) -> ShippingServiceClient<CircuitBreakerChannel> {
        self.0.shipping.clone()
    }

    /// Returns a client of the notification service.
    pub(crate) fn notification(&self) -> NotificationServiceClient<CircuitBreakerChannel> {
        self.0.notification.clone()
    }

    /// Returns clients of the audit log of each service that has one.
    pub(crate) fn audit(&self) -> [AuditServiceClient<CircuitBreakerChannel>; 4] {
        self.0.audit.clone()
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.env.now()
    }

    /// Returns the current date in UTC.
    pub(crate) fn today(&self) -> Date {
        self.0.env.now().to_zoned(TimeZone::UTC).date()
    }

    /// Returns the source of random tokens.
    pub(crate) fn env(&self) -> &Env {
        &self.0.env
    }

    /// Returns the limit of the carts that guests create.
    pub(crate) fn guest_carts(&self) -> &GuestCartLimit {
        &self.0.guest_carts
    }

    /// Returns the verifier of access tokens.
    pub(crate) fn auth(&self) -> &Auth {
        &self.0.auth
    }
}

/// Connects to the order service for its streams, on connections of their own: streams whose
/// clients are slow must not use up the flow-control window of other calls. Without a circuit
/// breaker, which counts the results of calls: a stream has none for minutes.
fn order_streams(args: &Args, runtime: &Runtime) -> OrderServiceClient<Channel> {
    let target = ClientTarget::new("order", args.order_url.clone()).streams(ORDER_STREAMS);
    OrderServiceClient::new(Channel::connect(&target, runtime))
        .max_decoding_message_size(MAX_RESPONSE_BYTES)
}
