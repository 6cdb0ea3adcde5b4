//! `/products`: the public catalog.

use std::ops::RangeInclusive;

use axum::extract::State;
use proto::catalog::v1::get_product_request::Identifier;
use proto::catalog::v1::{
    self, GetProductRequest, ListProductsRequest, ListProductsResponse, ProductSort,
    SearchProductsRequest,
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{OptionalCaller, Role};
use crate::cache::{CacheKey, CatalogRead, DependsOn, ReadKind};
use crate::encoded_response::EncodedResponse;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::routes::PathText;
use crate::validation::{IfNoneMatchHeader, Page, Params, Validator, is_slug};
use crate::views::product::{Product, ProductList};

const QUERY_CHARS: RangeInclusive<usize> = 1..=200;
const CENTS: RangeInclusive<i64> = 0..=i64::MAX;

const LIST_SORTS: [(&str, ProductSort); 4] = [
    ("newest", ProductSort::Newest),
    ("price_asc", ProductSort::PriceAsc),
    ("price_desc", ProductSort::PriceDesc),
    ("name", ProductSort::Name),
];

const SEARCH_SORTS: [(&str, ProductSort); 5] = [
    ("relevance", ProductSort::Relevance),
    ("newest", ProductSort::Newest),
    ("price_asc", ProductSort::PriceAsc),
    ("price_desc", ProductSort::PriceDesc),
    ("name", ProductSort::Name),
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let reads = [
        Code::InvalidRequest,
        Code::Unauthenticated,
        Code::InvalidToken,
        Code::TokenExpired,
        Code::SessionEnded,
        Code::Forbidden,
    ];
    let read = [
        Code::Unauthenticated,
        Code::InvalidToken,
        Code::TokenExpired,
        Code::SessionEnded,
        Code::NotFound,
        Code::ProductNotFound,
    ];
    OpenApiRouter::new()
        .routes(service_route(&reads, routes!(list)))
        .routes(service_route(&reads, routes!(search)))
        .routes(service_route(&read, routes!(get)))
}

/// Filter of a list of products.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only products of this category and its subcategories.
    category_id: Option<Uuid>,
    /// Lowest price in cents, inclusive.
    #[param(minimum = 0, example = 1000)]
    min_price: Option<i64>,
    /// Highest price in cents, inclusive.
    #[param(minimum = 0, example = 50000)]
    max_price: Option<i64>,
    /// Only products that are in stock.
    #[param(value_type = Option<bool>, default = false)]
    in_stock: bool,
    /// Include products that are hidden from shoppers; for administrators only.
    #[param(value_type = Option<bool>, default = false)]
    include_inactive: bool,
}

impl Filter {
    fn validate(params: &Params, validator: &mut Validator) -> Self {
        let filter = Self {
            category_id: params.uuid(validator, "category_id"),
            min_price: params.number(validator, "min_price", CENTS),
            max_price: params.number(validator, "max_price", CENTS),
            in_stock: params.flag(validator, "in_stock"),
            include_inactive: params.flag(validator, "include_inactive"),
        };
        if let (Some(min), Some(max)) = (filter.min_price, filter.max_price)
            && min > max
        {
            validator.fail("min_price", "out_of_range", "must not be above max_price");
        }
        filter
    }

    fn category(&self) -> String {
        self.category_id.map(|id| id.to_string()).unwrap_or_default()
    }

    /// Returns an error if the caller must not see hidden products.
    fn authorize(&self, caller: OptionalCaller) -> Result<(), Problem> {
        match self.include_inactive {
            true => caller.require(Role::Admin).map(drop),
            false => Ok(()),
        }
    }
}

/// List products
///
/// Returns active products, by default newest first; the id breaks ties.
#[utoipa::path(
    get, path = "/products", operation_id = "listProducts", tag = "products",
    params(Page, Filter, IfNoneMatchHeader,
        ("sort" = Option<String>, Query, description = "Sort order.",
        pattern = "^(newest|price_asc|price_desc|name)$", example = "price_asc")),
    responses(
        (status = 200, description = "A page of products.", body = ProductList,
            headers(("ETag" = String, description = "Weak entity tag."))),
        (status = 304, description = "Unchanged: `If-None-Match` matches.",
            headers(("ETag" = String, description = "Weak entity tag.")))),
    security((), ("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    caller: OptionalCaller,
    params: Params,
) -> Result<EncodedResponse, Problem> {
    let mut validator = Validator::new();
    let filter = Filter::validate(&params, &mut validator);
    let pagination = Some(params.page(&mut validator));
    let sort = params.choice(&mut validator, "sort", &LIST_SORTS).unwrap_or(ProductSort::Newest);
    validator.finish()?;
    filter.authorize(caller)?;
    let request = ListProductsRequest {
        pagination,
        category_id: filter.category(),
        active_only: !filter.include_inactive,
        min_price_cents: filter.min_price,
        max_price_cents: filter.max_price,
        in_stock: filter.in_stock,
        sort: sort.into(),
    };
    let key = CacheKey::new(ReadKind::List, &request);
    let read = async { product_list(app.catalog().list_products(request).await?.into_inner()) };
    app.public_read(caller, &key, read).await
}

/// Search products
///
/// Matches words of names, descriptions and categories, in any order, with spelling mistakes. By
/// default, the best match comes first. `q` has no wildcards; a run of white space is one space.
#[utoipa::path(
    get, path = "/products/search", operation_id = "searchProducts", tag = "products",
    params(
        ("q" = String, Query, description = "Search text.",
            min_length = 1, max_length = 200, example = "laptop"),
        Page, Filter, IfNoneMatchHeader,
        ("sort" = Option<String>, Query, description = "Sort order.",
            pattern = "^(relevance|newest|price_asc|price_desc|name)$", example = "relevance")),
    responses(
        (status = 200, description = "A page of matching products.", body = ProductList,
            headers(("ETag" = String, description = "Weak entity tag."))),
        (status = 304, description = "Unchanged: `If-None-Match` matches.",
            headers(("ETag" = String, description = "Weak entity tag.")))),
    security((), ("bearer" = []))
)]
async fn search(
    State(app): State<App>,
    caller: OptionalCaller,
    params: Params,
) -> Result<EncodedResponse, Problem> {
    let mut validator = Validator::new();
    if !params.contains("q") {
        validator.fail("q", "required", "is required");
    }
    let query = params.query(&mut validator, "q", QUERY_CHARS);
    let filter = Filter::validate(&params, &mut validator);
    let pagination = Some(params.page(&mut validator));
    let sort =
        params.choice(&mut validator, "sort", &SEARCH_SORTS).unwrap_or(ProductSort::Relevance);
    let query = validator.pass(query)?;
    filter.authorize(caller)?;
    let request = SearchProductsRequest {
        query,
        pagination,
        category_id: filter.category(),
        min_price_cents: filter.min_price,
        max_price_cents: filter.max_price,
        in_stock: filter.in_stock,
        sort: sort.into(),
        include_inactive: filter.include_inactive,
    };
    let key = CacheKey::new(ReadKind::Search, &request);
    let read = async { product_list(app.catalog().search_products(request).await?.into_inner()) };
    app.public_read(caller, &key, read).await
}

fn product_list(page: ListProductsResponse) -> Result<CatalogRead, Problem> {
    Ok(CatalogRead {
        response: EncodedResponse::encode(&ProductList::from(page))?,
        depends_on: DependsOn::Products,
    })
}

/// Get a product
///
/// Returns a product by id or slug. Only administrators get products that are hidden from shoppers.
#[utoipa::path(
    get, path = "/products/{id}", operation_id = "getProduct", tag = "products",
    params(("id" = String, Path, example = "laptop-backpack",
        description = "Id or slug of the product."), IfNoneMatchHeader),
    responses(
        (status = 200, description = "The product.", body = Product,
            headers(("ETag" = String,
                description = "Weak entity tag; for administrators the strong tag of the revision, \
                    for `If-Match`."))),
        (status = 304, description = "Unchanged: `If-None-Match` matches.",
            headers(("ETag" = String, description = "Entity tag.")))),
    security((), ("bearer" = []))
)]
async fn get(
    State(app): State<App>,
    caller: OptionalCaller,
    PathText(id): PathText,
) -> Result<EncodedResponse, Problem> {
    let identifier = match Uuid::try_parse(&id) {
        Ok(id) => Identifier::Id(id.to_string()),
        // Anything else is neither an id nor a slug; this saves a call of the catalog.
        Err(_) if is_slug(&id) => Identifier::Slug(id),
        Err(_) => return Err(Code::ProductNotFound.problem()),
    };
    let request = GetProductRequest { identifier: Some(identifier) };
    let key = CacheKey::new(ReadKind::Product, &request);
    let read = async {
        let product = app.catalog().get_product(request).await;
        let product = product.map_err(Problem::not_found_as(Code::ProductNotFound))?;
        let product = product.into_inner();
        if !product.is_active && !caller.has_role(Role::Admin) {
            return Err(Code::ProductNotFound.problem());
        }
        let depends_on = DependsOn::Product(product_id(&product)?);
        // Only administrators edit products, and their reads bypass the cache.
        let revision = if caller.has_role(Role::Admin) { product.revision } else { 0 };
        let response = EncodedResponse::encode_revision(&Product::from(product), revision)?;
        Ok(CatalogRead { response, depends_on })
    };
    app.public_read(caller, &key, read).await
}

fn product_id(product: &v1::Product) -> Result<Uuid, Problem> {
    Uuid::try_parse(&product.id).map_err(|error| {
        tracing::error!(%error, "catalog returned a product with an invalid id");
        Code::Internal.problem()
    })
}
