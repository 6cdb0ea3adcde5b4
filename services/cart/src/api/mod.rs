//! The gRPC service: each method reads the request, has it carried out, writes the answer.

mod render;
mod requests;

use proto::{
    cart::v1::{self as pb, cart_service_server::CartService},
    common::v1::Empty,
};
use tonic::{Request, Response, Status};
use wire::UserId;

use crate::{carts::Carts, domain::cart::Change};

/// What the service stands on.
pub(crate) struct Api {
    pub(crate) carts: Carts,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CartService for Api {
    async fn get_cart(&self, request: Request<pb::GetCartRequest>) -> Answer<pb::Cart> {
        let user = requests::get(request.get_ref())?;
        let cart = self.carts.read(user).await?;
        Ok(Response::new(render::cart(user, cart)))
    }

    async fn add_item(&self, request: Request<pb::AddItemRequest>) -> Answer<pb::Cart> {
        self.change(requests::add(request.get_ref())?).await
    }

    async fn update_item(&self, request: Request<pb::UpdateItemRequest>) -> Answer<pb::Cart> {
        self.change(requests::update(request.get_ref())?).await
    }

    async fn remove_item(&self, request: Request<pb::RemoveItemRequest>) -> Answer<pb::Cart> {
        self.change(requests::remove(request.get_ref())?).await
    }

    async fn clear_cart(&self, request: Request<pb::ClearCartRequest>) -> Answer<Empty> {
        let (user, change) = requests::clear(request.get_ref())?;
        self.carts.clear(user, &change).await?;
        Ok(Response::new(Empty {}))
    }
}

impl Api {
    async fn change(&self, (user, change): (UserId, Change)) -> Answer<pb::Cart> {
        let cart = self.carts.change(user, change).await?;
        Ok(Response::new(render::cart(user, cart)))
    }
}
