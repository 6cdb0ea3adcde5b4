//! The gRPC service: each method parses the request, calls the domain and the store, and renders
//! the response.

mod accounts;
mod addresses;
mod auth;
mod fields;
mod render;
mod session_list;
mod sessions;
mod verification;
mod wishlist;

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use kit::postgres::traced;
use proto::common::v1::Empty;
use proto::user::v1 as pb;
use proto::user::v1::user_service_server::UserService;
use tonic::{Request, Response, Status};

use crate::accounts::Accounts;
use crate::error::Error;
use crate::{ended_sessions, store, transactions};

/// The implementation of the gRPC service.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) accounts: Accounts,
    /// How long ended sessions are kept.
    pub(crate) ended_session_retention: Duration,
}

type RpcResult<T> = Result<Response<T>, Status>;

fn empty_response() -> RpcResult<Empty> {
    Ok(Response::new(Empty {}))
}

#[tonic::async_trait]
impl UserService for Api {
    async fn register(&self, request: Request<pb::RegisterRequest>) -> RpcResult<pb::AuthResponse> {
        let registration = auth::register(request.get_ref())?;
        let signed_in = self.accounts.register(registration).await?;
        Ok(Response::new(render::signed_in(signed_in)))
    }

    async fn login(&self, request: Request<pb::LoginRequest>) -> RpcResult<pb::AuthResponse> {
        let (email, password) = auth::login(request.get_ref())?;
        let signed_in = self.accounts.sign_in(&email, password).await?;
        Ok(Response::new(render::signed_in(signed_in)))
    }

    async fn refresh_token(
        &self,
        request: Request<pb::RefreshTokenRequest>,
    ) -> RpcResult<pb::AuthResponse> {
        let token = auth::refresh(request.get_ref())?;
        let signed_in = self.accounts.refresh(token).await?;
        Ok(Response::new(render::signed_in(signed_in)))
    }

    async fn validate_token(
        &self,
        request: Request<pb::ValidateTokenRequest>,
    ) -> RpcResult<pb::ValidateTokenResponse> {
        let token = auth::validate(request.get_ref())?;
        Ok(Response::new(render::validated(self.accounts.tokens.verify(token))))
    }

    async fn logout(&self, request: Request<pb::LogoutRequest>) -> RpcResult<Empty> {
        let (user, sessions) = auth::logout(request.get_ref())?;
        self.accounts.end_sessions(user, sessions).await?;
        empty_response()
    }

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> RpcResult<Empty> {
        let change = auth::change_password(request.get_ref())?;
        self.accounts.change_password(change).await?;
        empty_response()
    }

    async fn request_password_reset(
        &self,
        request: Request<pb::RequestPasswordResetRequest>,
    ) -> RpcResult<Empty> {
        let email = auth::request_reset(request.get_ref())?;
        self.accounts.request_password_reset(&email).await?;
        empty_response()
    }

    async fn reset_password(&self, request: Request<pb::ResetPasswordRequest>) -> RpcResult<Empty> {
        let (token, new) = auth::reset(request.get_ref())?;
        self.accounts.reset_password(token, new).await?;
        empty_response()
    }

    async fn get_user(&self, request: Request<pb::GetUserRequest>) -> RpcResult<pb::User> {
        let id = accounts::get(request.get_ref())?;
        let mut conn = self.accounts.pool.acquire().await.map_err(Error::from)?;
        let account = traced("user.get", store::users::find(&mut conn, id)).await?;
        let account = account.ok_or(Error::NotFound("user"))?;
        Ok(Response::new(render::user(account)))
    }

    async fn update_user(&self, request: Request<pb::UpdateUserRequest>) -> RpcResult<pb::User> {
        let (id, patch) = accounts::update(request.get_ref())?;
        let Accounts { pool, env, .. } = &self.accounts;
        let work = transactions::access::update_profile(pool, env.now(), id, patch);
        Ok(Response::new(render::user(traced("user.update_profile", work).await?)))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> RpcResult<pb::ListUsersResponse> {
        let (query, page) = accounts::list(request.get_ref())?;
        let mut conn = self.accounts.pool.acquire().await.map_err(Error::from)?;
        let found = traced("user.list", store::users::list(&mut conn, &query, page)).await?;
        Ok(Response::new(render::users(found, page)))
    }

    async fn update_user_access(
        &self,
        request: Request<pb::UpdateUserAccessRequest>,
    ) -> RpcResult<pb::User> {
        let (id, patch) = accounts::access(request.get_ref())?;
        let Accounts { pool, env, .. } = &self.accounts;
        let work = transactions::access::update_access(pool, env, id, patch);
        Ok(Response::new(render::user(traced("user.update_access", work).await?)))
    }

    async fn add_address(
        &self,
        request: Request<pb::AddAddressRequest>,
    ) -> RpcResult<pb::UserAddress> {
        let Accounts { pool, env, .. } = &self.accounts;
        let entry = addresses::add_address(request.get_ref(), env)?;
        let work = transactions::addresses::add(pool, entry);
        Ok(Response::new(render::address(traced("user.add_address", work).await?)))
    }

    async fn list_addresses(
        &self,
        request: Request<pb::ListAddressesRequest>,
    ) -> RpcResult<pb::ListAddressesResponse> {
        let user = fields::user_id(&request.get_ref().user_id)?;
        let mut conn = self.accounts.pool.acquire().await.map_err(Error::from)?;
        let entries =
            traced("user.list_addresses", store::addresses::list(&mut conn, user)).await?;
        let addresses = entries.into_iter().map(render::address).collect();
        Ok(Response::new(pb::ListAddressesResponse { addresses }))
    }

    async fn update_address(
        &self,
        request: Request<pb::UpdateAddressRequest>,
    ) -> RpcResult<pb::UserAddress> {
        let update = addresses::update_address(request.get_ref())?;
        let work = transactions::addresses::update(&self.accounts.pool, &update);
        Ok(Response::new(render::address(traced("user.update_address", work).await?)))
    }

    async fn delete_address(&self, request: Request<pb::DeleteAddressRequest>) -> RpcResult<Empty> {
        let (user, id) = addresses::delete_address(request.get_ref())?;
        let work = transactions::addresses::delete(&self.accounts.pool, user, id);
        traced("user.delete_address", work).await?;
        empty_response()
    }

    async fn add_to_wishlist(
        &self,
        request: Request<pb::AddToWishlistRequest>,
    ) -> RpcResult<Empty> {
        let Accounts { pool, env, .. } = &self.accounts;
        let (user, item) = wishlist::add(request.get_ref(), env)?;
        traced("user.add_wish", transactions::wishlist::add(pool, user, &item)).await?;
        empty_response()
    }

    async fn get_wishlist(
        &self,
        request: Request<pb::GetWishlistRequest>,
    ) -> RpcResult<pb::WishlistResponse> {
        let user = fields::user_id(&request.get_ref().user_id)?;
        let mut conn = self.accounts.pool.acquire().await.map_err(Error::from)?;
        let items = traced("user.list_wishes", store::wishlist::list(&mut conn, user)).await?;
        let items = items.into_iter().map(render::item).collect();
        Ok(Response::new(pb::WishlistResponse { items }))
    }

    async fn remove_from_wishlist(
        &self,
        request: Request<pb::RemoveFromWishlistRequest>,
    ) -> RpcResult<Empty> {
        let (user, product) = wishlist::remove(request.get_ref())?;
        let mut conn = self.accounts.pool.acquire().await.map_err(Error::from)?;
        traced("user.remove_wish", store::wishlist::delete(&mut conn, user, product)).await?;
        empty_response()
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> RpcResult<pb::ListSessionsResponse> {
        let user = fields::user_id(&request.get_ref().user_id)?;
        let sessions = self.accounts.sessions(user).await?;
        Ok(Response::new(session_list::render(sessions)))
    }

    async fn end_session(&self, request: Request<pb::EndSessionRequest>) -> RpcResult<Empty> {
        let (user, id) = session_list::end(request.get_ref())?;
        self.accounts.end_session(user, id).await?;
        empty_response()
    }

    async fn verify_session(
        &self,
        request: Request<pb::VerifySessionRequest>,
    ) -> RpcResult<pb::VerifySessionResponse> {
        let (user, session) = sessions::verify(request.get_ref())?;
        let mut conn = self.accounts.pool.acquire().await.map_err(Error::from)?;
        let role = store::ended_sessions::active_role(&mut conn, session, user);
        let role = traced("user.verify_session", role).await?;
        Ok(Response::new(render::session(role)))
    }

    async fn verify_email(&self, request: Request<pb::VerifyEmailRequest>) -> RpcResult<Empty> {
        let token = verification::verify(request.get_ref())?;
        self.accounts.verify_email(token).await?;
        empty_response()
    }

    async fn request_email_verification(
        &self,
        request: Request<pb::RequestEmailVerificationRequest>,
    ) -> RpcResult<Empty> {
        let user = verification::request(request.get_ref())?;
        self.accounts.request_email_verification(user).await?;
        empty_response()
    }

    async fn change_email(&self, request: Request<pb::ChangeEmailRequest>) -> RpcResult<Empty> {
        let change = verification::change(request.get_ref())?;
        self.accounts.change_email(change).await?;
        empty_response()
    }

    type WatchEndedSessionsStream =
        Pin<Box<dyn Stream<Item = Result<pb::EndedSessions, Status>> + Send + 'static>>;

    async fn watch_ended_sessions(
        &self,
        _: Request<pb::WatchEndedSessionsRequest>,
    ) -> RpcResult<Self::WatchEndedSessionsStream> {
        let pool = self.accounts.pool.clone();
        let sessions = ended_sessions::watch(pool, self.ended_session_retention);
        Ok(Response::new(Box::pin(sessions)))
    }
}
