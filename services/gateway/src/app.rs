//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use kit::Runtime;
use kit::grpc::client::{Channel, ClientTarget, MAX_RESPONSE_BYTES, TargetUrl};
use proto::cart::v1::cart_service_client::CartServiceClient;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::order::v1::order_service_client::OrderServiceClient;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::shipping::v1::shipping_service_client::ShippingServiceClient;
use proto::user::v1::user_service_client::UserServiceClient;

use crate::answer::Answer;
use crate::args::Args;
use crate::auth::{Anyone, Auth, Role};
use crate::breaker::{Breakers, Guarded};
use crate::cache::{CatalogCache, Found, Question};
use crate::problem::Problem;

/// RPCs that change nothing, by service: what may be tried again when the connection breaks under
/// them. Those that set something to a value are not among them: somebody else may have set it to
/// another in between.
const CATALOG_READS: &[&str] = &[
    "ListProducts",
    "SearchProducts",
    "GetProduct",
    "BatchGetProducts",
    "ListCategories",
    "ListLowStock",
];
/// RPCs of the catalog whose answer has no end.
const CATALOG_STREAMS: &[&str] = &["WatchChanges"];
const USER_READS: &[&str] = &["GetUser", "ListUsers", "ListAddresses", "GetWishlist"];
const CART_READS: &[&str] = &["GetCart"];
const ORDER_READS: &[&str] =
    &["GetOrder", "ListOrders", "ListAllOrders", "GetCheckout", "GetStats"];
const PAYMENT_READS: &[&str] = &["ListPaymentMethods", "ListTransactions"];
const SHIPPING_READS: &[&str] = &["GetQuote", "TrackShipment"];
const NOTIFICATION_READS: &[&str] = &["ListNotifications"];

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    catalog: CatalogServiceClient<Guarded>,
    user: UserServiceClient<Guarded>,
    cart: CartServiceClient<Guarded>,
    order: OrderServiceClient<Guarded>,
    payment: PaymentServiceClient<Guarded>,
    shipping: ShippingServiceClient<Guarded>,
    notification: NotificationServiceClient<Guarded>,
    /// None: every read asks the catalog.
    cache: Option<CatalogCache>,
    auth: Auth,
    request_timeout: Duration,
}

impl App {
    /// Begins to look for the services; none is needed yet.
    pub(crate) fn new(args: &Args, auth: Auth, runtime: &Runtime) -> Self {
        let breakers = Breakers::new(runtime);
        let to = |name, url: &TargetUrl, reads| {
            let target = ClientTarget::new(name, url.clone()).reads(reads);
            breakers.guard(name, Channel::connect(&target, runtime))
        };
        let target = ClientTarget::new("catalog", args.catalog_url.clone());
        let target = target.reads(CATALOG_READS).streams(CATALOG_STREAMS);
        let channel = Channel::connect(&target, runtime);
        let cache = CatalogCache::new(args.catalog_cache_bytes, args.catalog_cache_ttl, runtime);
        if let Some(cache) = &cache {
            // Past the breaker, which is there for requests: this one waits for as long as it takes.
            cache.watch(channel.clone(), runtime);
        }
        let catalog = breakers.guard("catalog", channel);
        let user = to("user", &args.user_url, USER_READS);
        let cart = to("cart", &args.cart_url, CART_READS);
        let order = to("order", &args.order_url, ORDER_READS);
        let payment = to("payment", &args.payment_url, PAYMENT_READS);
        let shipping = to("shipping", &args.shipping_url, SHIPPING_READS);
        let notification = to("notification", &args.notification_url, NOTIFICATION_READS);
        Self(Arc::new(Shared {
            catalog: CatalogServiceClient::new(catalog)
                .max_decoding_message_size(MAX_RESPONSE_BYTES),
            user: UserServiceClient::new(user).max_decoding_message_size(MAX_RESPONSE_BYTES),
            cart: CartServiceClient::new(cart).max_decoding_message_size(MAX_RESPONSE_BYTES),
            order: OrderServiceClient::new(order).max_decoding_message_size(MAX_RESPONSE_BYTES),
            payment: PaymentServiceClient::new(payment)
                .max_decoding_message_size(MAX_RESPONSE_BYTES),
            shipping: ShippingServiceClient::new(shipping)
                .max_decoding_message_size(MAX_RESPONSE_BYTES),
            notification: NotificationServiceClient::new(notification)
                .max_decoding_message_size(MAX_RESPONSE_BYTES),
            cache,
            auth,
            request_timeout: args.request_timeout,
        }))
    }

    /// A client of the catalog.
    pub(crate) fn catalog(&self) -> CatalogServiceClient<Guarded> {
        self.0.catalog.clone()
    }

    /// The answer to a public read: to shoppers as it is kept, to administrators as it is now.
    pub(crate) async fn public_read(
        &self,
        caller: Anyone,
        question: &Question,
        read: impl Future<Output = Result<Found, Problem>>,
    ) -> Result<Answer, Problem> {
        match &self.0.cache {
            Some(cache) if !caller.is(Role::Admin) => cache.answer(question, read).await,
            _ => read.await.map(|found| found.answer),
        }
    }

    /// A client of the accounts.
    pub(crate) fn user(&self) -> UserServiceClient<Guarded> {
        self.0.user.clone()
    }

    /// A client of the carts.
    pub(crate) fn cart(&self) -> CartServiceClient<Guarded> {
        self.0.cart.clone()
    }

    /// A client of the orders.
    pub(crate) fn order(&self) -> OrderServiceClient<Guarded> {
        self.0.order.clone()
    }

    /// A call that waits for work to be done, for as long as the request that it is made for has. The
    /// callee learns of that time and answers with what is so far, in time (`CHECKOUT_WAIT`); other calls
    /// end sooner.
    pub(crate) fn patient<T>(&self, message: T) -> tonic::Request<T> {
        let mut call = tonic::Request::new(message);
        call.set_timeout(self.0.request_timeout);
        call
    }

    /// A client of the payment methods.
    pub(crate) fn payment(&self) -> PaymentServiceClient<Guarded> {
        self.0.payment.clone()
    }

    /// A client of the shipping quotes.
    pub(crate) fn shipping(&self) -> ShippingServiceClient<Guarded> {
        self.0.shipping.clone()
    }

    /// A client of the mails.
    pub(crate) fn notification(&self) -> NotificationServiceClient<Guarded> {
        self.0.notification.clone()
    }

    /// Who may do what.
    pub(crate) fn auth(&self) -> &Auth {
        &self.0.auth
    }
}
