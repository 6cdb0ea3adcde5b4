//! The gRPC service: each method parses the request, calls the domain rules and the store, and
//! renders the response.

mod categories;
mod fields;
mod mask;
mod products;
mod render;
mod reservations;

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use kit::Env;
use kit::postgres::traced;
use money::Currency;
use proto::catalog::v1 as pb;
use proto::catalog::v1::catalog_service_server::CatalogService;
use proto::common::v1::Empty;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use crate::changes::Changes;
use crate::domain::ids::ProductId;
use crate::domain::product::Product;
use crate::domain::reservation::Ending;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::{store, transactions};

/// State of the service.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) currency: Currency,
    pub(crate) reservation_ttl: Duration,
    pub(crate) changes: Changes,
    pub(crate) metrics: Metrics,
}

type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CatalogService for Api {
    async fn list_products(
        &self,
        request: Request<pb::ListProductsRequest>,
    ) -> RpcResult<pb::ListProductsResponse> {
        let (filter, sort, page) = products::list(request.get_ref())?;
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let found =
            traced("catalog.list", store::listing::list(&mut conn, &filter, sort, page)).await?;
        Ok(Response::new(render::page(found, page)))
    }

    async fn search_products(
        &self,
        request: Request<pb::SearchProductsRequest>,
    ) -> RpcResult<pb::ListProductsResponse> {
        let products::Search { text, filter, sort, page } = products::search(request.get_ref())?;
        let mut tx = self.pool.begin().await.map_err(Error::from)?;
        let found =
            traced("catalog.search", store::listing::search(&mut tx, &text, &filter, sort, page))
                .await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(Response::new(render::page(found, page)))
    }

    async fn get_product(&self, request: Request<pb::GetProductRequest>) -> RpcResult<pb::Product> {
        let identifier = products::identifier(request.into_inner())?;
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let product = match identifier {
            products::Identifier::Id(id) => {
                traced("catalog.find", store::products::find(&mut conn, id)).await?
            }
            products::Identifier::Slug(slug) => {
                traced("catalog.find_by_slug", store::products::find_by_slug(&mut conn, &slug))
                    .await?
            }
        };
        let product = product.ok_or(Error::NotFound("product"))?;
        Ok(Response::new(render::product(product)))
    }

    async fn batch_get_products(
        &self,
        request: Request<pb::BatchGetProductsRequest>,
    ) -> RpcResult<pb::BatchGetProductsResponse> {
        let ids = products::batch(request.get_ref())?;
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let found = traced("catalog.find_all", store::products::find_all(&mut conn, &ids)).await?;
        let products = in_order(&ids, found).map(render::product).collect();
        Ok(Response::new(pb::BatchGetProductsResponse { products }))
    }

    async fn create_product(
        &self,
        request: Request<pb::CreateProductRequest>,
    ) -> RpcResult<pb::Product> {
        let is_generated = request.get_ref().slug.is_empty();
        let (product, units) = products::create(request.get_ref(), self.currency, &self.env)?;
        let product = traced(
            "catalog.create_product",
            transactions::products::create(&self.pool, &self.env, product, units),
        )
        .await
        .map_err(|error| error.with_slug_field(is_generated))?;
        Ok(Response::new(render::product(product)))
    }

    async fn update_product(
        &self,
        request: Request<pb::UpdateProductRequest>,
    ) -> RpcResult<pb::Product> {
        let (id, expected, patch) = products::update(request.into_inner(), self.currency)?;
        let expected = expected.as_deref();
        let is_generated = patch.slug == Some(None);
        let product = traced(
            "catalog.update_product",
            transactions::products::update(&self.pool, &self.env, id, expected, patch),
        )
        .await
        .map_err(|error| error.with_slug_field(is_generated))?;
        Ok(Response::new(render::product(product)))
    }

    async fn delete_product(&self, request: Request<pb::DeleteProductRequest>) -> RpcResult<Empty> {
        let (id, expected) = products::delete(request.get_ref())?;
        let expected = expected.as_deref();
        let deleted = transactions::products::delete(&self.pool, &self.env, id, expected);
        traced("catalog.delete_product", deleted).await?;
        Ok(Response::new(Empty {}))
    }

    async fn list_categories(&self, _: Request<Empty>) -> RpcResult<pb::ListCategoriesResponse> {
        let categories =
            traced("catalog.list_categories", transactions::categories::list(&self.pool)).await?;
        let categories = categories.into_iter().map(render::category).collect();
        Ok(Response::new(pb::ListCategoriesResponse { categories }))
    }

    async fn create_category(
        &self,
        request: Request<pb::CreateCategoryRequest>,
    ) -> RpcResult<pb::Category> {
        let is_generated = request.get_ref().slug.is_empty();
        let category = categories::create(request.get_ref(), &self.env)?;
        traced(
            "catalog.create_category",
            transactions::categories::create(&self.pool, &self.env, &category),
        )
        .await
        .map_err(|error| error.with_slug_field(is_generated))?;
        Ok(Response::new(render::category((category, 0))))
    }

    async fn update_category(
        &self,
        request: Request<pb::UpdateCategoryRequest>,
    ) -> RpcResult<pb::Category> {
        let (id, patch) = categories::update(request.get_ref())?;
        let is_generated = patch.slug == Some(None);
        let category = traced(
            "catalog.update_category",
            transactions::categories::update(&self.pool, &self.env, id, patch),
        )
        .await
        .map_err(|error| error.with_slug_field(is_generated))?;
        Ok(Response::new(render::category(category)))
    }

    async fn delete_category(
        &self,
        request: Request<pb::DeleteCategoryRequest>,
    ) -> RpcResult<Empty> {
        let id = categories::delete(request.get_ref())?;
        traced(
            "catalog.delete_category",
            transactions::categories::delete(&self.pool, &self.env, id),
        )
        .await?;
        Ok(Response::new(Empty {}))
    }

    async fn check_inventory(
        &self,
        request: Request<pb::CheckInventoryRequest>,
    ) -> RpcResult<pb::CheckInventoryResponse> {
        let lines = reservations::check(request.get_ref())?;
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let stock =
            traced("catalog.read_stock", store::stock::read(&mut conn, lines.products())).await?;
        let unavailable = lines.unavailable(&stock);
        Ok(Response::new(pb::CheckInventoryResponse {
            available: unavailable.is_empty(),
            unavailable_product_ids: unavailable.iter().map(ToString::to_string).collect(),
        }))
    }

    async fn reserve_inventory(
        &self,
        request: Request<pb::ReserveInventoryRequest>,
    ) -> RpcResult<pb::ReserveInventoryResponse> {
        let (order, lines, ttl) = reservations::reserve(request.get_ref(), self.reservation_ttl)?;
        let reserved = traced(
            "catalog.reserve",
            transactions::reservations::reserve(&self.pool, &self.env, order, lines, ttl),
        )
        .await;
        self.metrics.observe_reserve(&reserved);
        Ok(Response::new(render::reservation(&reserved?)))
    }

    async fn commit_reservation(
        &self,
        request: Request<pb::CommitReservationRequest>,
    ) -> RpcResult<Empty> {
        self.end_reservation(&request.get_ref().order_id, Ending::Commit).await
    }

    async fn release_reservation(
        &self,
        request: Request<pb::ReleaseReservationRequest>,
    ) -> RpcResult<Empty> {
        self.end_reservation(&request.get_ref().order_id, Ending::Release).await
    }

    async fn restock_order(&self, request: Request<pb::RestockOrderRequest>) -> RpcResult<Empty> {
        self.end_reservation(&request.get_ref().order_id, Ending::Restock).await
    }

    async fn get_reservation(
        &self,
        request: Request<pb::GetReservationRequest>,
    ) -> RpcResult<pb::Reservation> {
        let order = reservations::order(&request.get_ref().order_id)?;
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let found =
            traced("catalog.find_reservation", store::reservations::find(&mut conn, order)).await?;
        let reservation = found.ok_or(Error::NotFound("reservation"))?;
        Ok(Response::new(render::stored_reservation(&reservation)))
    }

    async fn adjust_stock(
        &self,
        request: Request<pb::AdjustStockRequest>,
    ) -> RpcResult<pb::Product> {
        let (id, expected, delta, change) = products::adjust(request.get_ref())?;
        let (pool, env, expected) = (&self.pool, &self.env, expected.as_deref());
        let adjusted = transactions::products::adjust_stock(pool, env, id, expected, delta, change);
        let product = traced("catalog.adjust_stock", adjusted).await?;
        Ok(Response::new(render::product(product)))
    }

    async fn list_low_stock(
        &self,
        request: Request<pb::ListLowStockRequest>,
    ) -> RpcResult<pb::ListProductsResponse> {
        let (threshold, page) = products::low_stock(request.get_ref())?;
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let found =
            traced("catalog.low_stock", store::listing::low_stock(&mut conn, threshold, page))
                .await?;
        Ok(Response::new(render::page(found, page)))
    }

    type WatchChangesStream =
        Pin<Box<dyn Stream<Item = Result<pb::CatalogChange, Status>> + Send + 'static>>;

    async fn watch_changes(
        &self,
        _: Request<pb::WatchChangesRequest>,
    ) -> RpcResult<Self::WatchChangesStream> {
        let changes = self.changes.watch().map(|change| Ok(render::change(change)));
        Ok(Response::new(Box::pin(changes)))
    }
}

impl Api {
    async fn end_reservation(&self, order: &str, ending: Ending) -> RpcResult<Empty> {
        let order = reservations::order(order)?;
        let ended = traced(
            "catalog.end_reservation",
            transactions::reservations::end(&self.pool, &self.env, order, ending),
        )
        .await;
        self.metrics.observe_ending(ending, &ended);
        ended?;
        Ok(Response::new(Empty {}))
    }
}

/// The products in the order of the requested ids, each once.
fn in_order(ids: &[ProductId], products: Vec<Product>) -> impl Iterator<Item = Product> {
    let mut by_id: HashMap<ProductId, Product> =
        products.into_iter().map(|product| (product.details.id, product)).collect();
    ids.iter().filter_map(move |id| by_id.remove(id))
}
