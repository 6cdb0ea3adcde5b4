//! The fixture: a running user service and shorthands for its calls.

use std::path::PathBuf;

use futures::future::join_all;
use jiff::Timestamp;
use kit::{Env, Runtime};
use proto::common::v1::Address;
use proto::user::v1 as pb;
use proto::user::v1::user_service_client::UserServiceClient;
use secrecy::ExposeSecret as _;
use sqlx::{ConnectOptions, PgPool};
use tempfile::TempDir;
use testing::RunningService;
pub(crate) use testing::{code, code_and_reason, fields};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use user::Args;
use uuid::Uuid;

use crate::fake_notification::FakeNotification;

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Settings for a service on the database at `url`. The database timeouts are long, so that a slow
/// machine does not cause errors that a client would retry.
pub(crate) fn args(url: &str, mail: &str, keys: &str) -> Args {
    let line = ["--notification-url", mail, "--jwt-signing-keys", keys, "--bcrypt-cost", "4"];
    testing::settings_with_database(url, &line)
}

/// A running service with a clock that the test controls.
pub(crate) struct TestService {
    pub(crate) client: UserServiceClient<Channel>,
    pub(crate) env: Env,
    pub(crate) pool: PgPool,
    pub(crate) notification: FakeNotification,
    pub(crate) runtime: Runtime,
    /// The public key set, as the gateway reads it.
    pub(crate) public_keys: String,
    folder: TempDir,
    server: RunningService,
}

impl TestService {
    /// Starts a service on the test's database and a fake notification service.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        Self::start_with(pool, |_| {}).await
    }

    /// Starts a service with changed settings.
    pub(crate) async fn start_with(pool: &PgPool, change: impl FnOnce(&mut Args)) -> Self {
        let mut notification = FakeNotification::stopped().await;
        notification.start().await;
        Self::start_at(pool, "2026-03-01T12:00:00Z", notification, change).await
    }

    /// Starts a service whose clock begins at `start`.
    pub(crate) async fn start_at(
        pool: &PgPool,
        start: &str,
        notification: FakeNotification,
        change: impl FnOnce(&mut Args),
    ) -> Self {
        let mut runtime = Runtime::for_tests();
        let start: Timestamp = start.parse().unwrap();
        // Two services on one database must not generate the same random values.
        runtime.env = Env::fixed(start, u64::from(notification.address.port()));
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys.json");
        let generated = user::jwk::generate(&Env::system()).unwrap();
        std::fs::write(&keys, generated.signing.expose_secret()).unwrap();
        let url = pool.connect_options().to_url_lossy();
        let mail = format!("http://{}", notification.address);
        let mut args = args(url.as_str(), &mail, keys.to_str().unwrap());
        change(&mut args);
        let server = RunningService::start(runtime.clone(), |listener, runtime| {
            user::serve_on(listener, args, runtime)
        })
        .await;
        let client = UserServiceClient::connect(server.url()).await.unwrap();
        let (env, pool) = (runtime.env.clone(), pool.clone());
        let public_keys = generated.public;
        Self { client, env, pool, notification, runtime, public_keys, folder, server }
    }

    /// Shuts the service down gracefully: open connections would keep the test's database in use.
    pub(crate) async fn stop(self) {
        drop(self.client);
        self.server.stop().await;
    }

    /// Returns the path of the file with the signing keys.
    pub(crate) fn signing_keys_path(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    /// Registers a customer.
    pub(crate) async fn register(&self, email: &str) -> pb::AuthResponse {
        self.try_register(email).await.unwrap()
    }

    pub(crate) async fn try_register(&self, email: &str) -> Result<pb::AuthResponse, Status> {
        into_inner(self.client.clone().register(registration(email)).await)
    }

    /// Registers a customer and returns the ID.
    pub(crate) async fn customer(&self, email: &str) -> String {
        self.register(email).await.user.unwrap().id
    }

    /// Registers an administrator and returns the ID.
    pub(crate) async fn admin(&self, email: &str) -> String {
        let id = self.customer(email).await;
        self.set_access(&id, "admin", None).await.unwrap();
        id
    }

    pub(crate) async fn set_access(
        &self,
        id: &str,
        role: &str,
        disabled: Option<bool>,
    ) -> Result<pb::User, Status> {
        let request = pb::UpdateUserAccessRequest { id: id.into(), role: role.into(), disabled };
        into_inner(self.client.clone().update_user_access(request).await)
    }

    pub(crate) async fn get_user(&self, id: &str) -> Result<pb::User, Status> {
        into_inner(self.client.clone().get_user(pb::GetUserRequest { id: id.into() }).await)
    }

    pub(crate) async fn login(
        &self,
        email: &str,
        password: &str,
    ) -> Result<pb::AuthResponse, Status> {
        self.login_from(email, password, "").await
    }

    /// Signs in from a network, such as `203.0.113.0/24`; an empty one is not known.
    pub(crate) async fn login_from(
        &self,
        email: &str,
        password: &str,
        network: &str,
    ) -> Result<pb::AuthResponse, Status> {
        let message = pb::LoginRequest { email: email.into(), password: password.into() };
        into_inner(self.client.clone().login(from_network(message, network)).await)
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<pb::AuthResponse, Status> {
        let request = pb::RefreshTokenRequest { refresh_token: token.into() };
        into_inner(self.client.clone().refresh_token(request).await)
    }

    /// Sends `count` concurrent refreshes with one token.
    pub(crate) async fn refresh_concurrently(
        &self,
        token: &str,
        count: usize,
    ) -> Vec<Result<pb::AuthResponse, Status>> {
        join_all((0..count).map(|_| self.refresh(token))).await
    }

    pub(crate) async fn logout(&self, user: &str, token: &str, all: bool) -> Result<(), Status> {
        let request = pb::LogoutRequest { refresh_token: token.into(), user_id: user.into(), all };
        self.client.clone().logout(request).await.map(|_| ())
    }

    pub(crate) async fn sessions(&self, user: &str) -> Result<Vec<pb::Session>, Status> {
        let request = pb::ListSessionsRequest { user_id: user.into() };
        into_inner(self.client.clone().list_sessions(request).await).map(|list| list.sessions)
    }

    pub(crate) async fn end_session(&self, user: &str, id: &str) -> Result<(), Status> {
        let request = pb::EndSessionRequest { id: id.into(), user_id: user.into() };
        self.client.clone().end_session(request).await.map(|_| ())
    }

    pub(crate) async fn change_password(
        &self,
        user: &str,
        (current, new): (&str, &str),
        session: &str,
    ) -> Result<(), Status> {
        let request = pb::ChangePasswordRequest {
            user_id: user.into(),
            current_password: current.into(),
            new_password: new.into(),
            session_id: session.into(),
        };
        self.client.clone().change_password(request).await.map(|_| ())
    }

    pub(crate) async fn request_password_reset(&self, email: &str) -> Result<(), Status> {
        let request = pb::RequestPasswordResetRequest { email: email.into() };
        self.client.clone().request_password_reset(request).await.map(|_| ())
    }

    pub(crate) async fn reset_password(&self, token: &str, new: &str) -> Result<(), Status> {
        self.reset_password_from(token, new, "").await
    }

    pub(crate) async fn reset_password_from(
        &self,
        token: &str,
        new: &str,
        network: &str,
    ) -> Result<(), Status> {
        let message = pb::ResetPasswordRequest { token: token.into(), new_password: new.into() };
        let request = from_network(message, network);
        self.client.clone().reset_password(request).await.map(|_| ())
    }

    pub(crate) async fn validate(&self, token: &str) -> pb::ValidateTokenResponse {
        let request = pb::ValidateTokenRequest { token: token.into() };
        self.client.clone().validate_token(request).await.unwrap().into_inner()
    }

    pub(crate) async fn add_address(
        &self,
        user: &str,
        label: &str,
        is_default: bool,
    ) -> Result<pb::UserAddress, Status> {
        let request = pb::AddAddressRequest {
            user_id: user.into(),
            label: label.into(),
            address: Some(address()),
            is_default,
        };
        into_inner(self.client.clone().add_address(request).await)
    }

    pub(crate) async fn addresses(&self, user: &str) -> Vec<pb::UserAddress> {
        let request = pb::ListAddressesRequest { user_id: user.into() };
        self.client.clone().list_addresses(request).await.unwrap().into_inner().addresses
    }

    /// Runs a statement that counts.
    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement).fetch_one(&self.pool).await.unwrap()
    }

    /// Returns the value of a metric.
    pub(crate) fn metric(&self, name: &str) -> Option<String> {
        let text = self.runtime.metrics().text();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.map(str::to_owned)
    }
}

/// Returns a request from a client on a network, as the gateway sends it.
pub(crate) fn from_network<T>(message: T, network: &str) -> Request<T> {
    let mut request = Request::new(message);
    if !network.is_empty() {
        request.metadata_mut().insert("x-client-network", network.parse().unwrap());
    }
    request
}

pub(crate) fn into_inner<T>(response: Result<Response<T>, Status>) -> Result<T, Status> {
    response.map(Response::into_inner)
}

pub(crate) fn registration(email: &str) -> pb::RegisterRequest {
    pb::RegisterRequest {
        email: email.into(),
        password: PASSWORD.into(),
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
    }
}

pub(crate) fn address() -> Address {
    Address {
        street: "1 Main Street".into(),
        city: "Springfield".into(),
        state: "IL".into(),
        zip_code: "62701".into(),
        country: "us".into(),
        recipient: String::new(),
    }
}

/// Returns the `n`th of a series of IDs that nothing has.
pub(crate) fn unused_id(n: u128) -> String {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | n).to_string()
}
