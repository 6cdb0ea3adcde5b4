//! The gRPC service. Each method validates the request, executes it, and renders the response.

mod render;
mod requests;

use proto::cart::v1 as pb;
use proto::cart::v1::cart_service_server::CartService;
use proto::common::v1::Empty;
use tonic::{Request, Response, Status};
use wire::UserId;

use crate::carts::{Carts, GuestCartCreation};
use crate::domain::cart::Change;

/// Dependencies of the RPC handlers.
pub(crate) struct Api {
    pub(crate) carts: Carts,
}

type GrpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CartService for Api {
    async fn get_cart(&self, request: Request<pb::GetCartRequest>) -> GrpcResult<pb::Cart> {
        let user = requests::get(request.get_ref())?;
        let cart = self.carts.read(user).await?;
        Ok(Response::new(render::cart(user, cart)))
    }

    async fn add_item(&self, request: Request<pb::AddItemRequest>) -> GrpcResult<pb::Cart> {
        let (owner, change) = requests::add(request.get_ref())?;
        let creation = match request.get_ref().create_guest_cart {
            true => GuestCartCreation::Allowed,
            false => GuestCartCreation::Refused,
        };
        let cart = self.carts.add(owner, change, creation).await?;
        Ok(Response::new(render::cart(owner, cart)))
    }

    async fn update_item(&self, request: Request<pb::UpdateItemRequest>) -> GrpcResult<pb::Cart> {
        self.change(requests::update(request.get_ref())?).await
    }

    async fn remove_item(&self, request: Request<pb::RemoveItemRequest>) -> GrpcResult<pb::Cart> {
        self.change(requests::remove(request.get_ref())?).await
    }

    async fn clear_cart(&self, request: Request<pb::ClearCartRequest>) -> GrpcResult<Empty> {
        let (user, change) = requests::clear(request.get_ref())?;
        self.carts.clear(user, &change).await?;
        Ok(Response::new(Empty {}))
    }

    async fn merge_cart(
        &self,
        request: Request<pb::MergeCartRequest>,
    ) -> GrpcResult<pb::MergeCartResponse> {
        let (guest, user) = requests::merge(request.get_ref())?;
        let merged = self.carts.merge(guest, user).await?;
        Ok(Response::new(render::merged(user, merged)))
    }
}

impl Api {
    async fn change(&self, (user, change): (UserId, Change)) -> GrpcResult<pb::Cart> {
        let cart = self.carts.change(user, change).await?;
        Ok(Response::new(render::cart(user, cart)))
    }
}
