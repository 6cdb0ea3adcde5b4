//! `/products`: what the shop sells.

use std::ops::RangeInclusive;

use axum::extract::State;
use proto::catalog::v1::{
    self, GetProductRequest, ListProductsRequest, ListProductsResponse, ProductSort,
    SearchProductsRequest, get_product_request::Identifier,
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::answer::Answer;
use crate::app::App;
use crate::auth::{Anyone, Role};
use crate::cache::{Found, Question, Read, Shows};
use crate::check::{Check, Page, Params, is_slug};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::routes::PathText;
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
        Code::Forbidden,
    ];
    let read = [
        Code::Unauthenticated,
        Code::InvalidToken,
        Code::TokenExpired,
        Code::NotFound,
        Code::ProductNotFound,
    ];
    OpenApiRouter::new()
        .routes(raising(&reads, routes!(list)))
        .routes(raising(&reads, routes!(search)))
        .routes(raising(&read, routes!(get)))
}

/// Which products a list holds.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only products of this category and of those below it.
    category_id: Option<Uuid>,
    /// Lowest price in cents, inclusive.
    #[param(minimum = 0, example = 1000)]
    min_price: Option<i64>,
    /// Highest price in cents, inclusive.
    #[param(minimum = 0, example = 50000)]
    max_price: Option<i64>,
    /// Only products that can be bought now.
    #[param(value_type = Option<bool>, default = false)]
    in_stock: bool,
    /// Also products that shoppers do not see; for administrators.
    #[param(value_type = Option<bool>, default = false)]
    include_inactive: bool,
}

impl Filter {
    fn read(params: &Params, check: &mut Check) -> Self {
        let filter = Self {
            category_id: params.uuid(check, "category_id"),
            min_price: params.number(check, "min_price", CENTS),
            max_price: params.number(check, "max_price", CENTS),
            in_stock: params.flag(check, "in_stock"),
            include_inactive: params.flag(check, "include_inactive"),
        };
        if let (Some(min), Some(max)) = (filter.min_price, filter.max_price)
            && min > max
        {
            check.fail("min_price", "out_of_range", "must not be above max_price");
        }
        filter
    }

    fn category(&self) -> String {
        self.category_id.map(|id| id.to_string()).unwrap_or_default()
    }

    /// What shoppers do not see is for administrators.
    fn allowed_to(&self, caller: Anyone) -> Result<(), Problem> {
        match self.include_inactive {
            true => caller.require(Role::Admin).map(drop),
            false => Ok(()),
        }
    }
}

/// List products
///
/// Active products, newest first unless `sort` says otherwise; the id breaks ties.
#[utoipa::path(
    get, path = "/products", operation_id = "listProducts", tag = "products",
    params(Page, Filter, ("sort" = Option<String>, Query, description = "The order.",
        pattern = "^(newest|price_asc|price_desc|name)$", example = "price_asc")),
    responses((status = 200, description = "A page of products.", body = ProductList)),
    security((), ("bearer" = []))
)]
async fn list(State(app): State<App>, caller: Anyone, params: Params) -> Result<Answer, Problem> {
    let mut check = Check::new();
    let filter = Filter::read(&params, &mut check);
    let pagination = Some(params.page(&mut check));
    let sort = params.choice(&mut check, "sort", &LIST_SORTS).unwrap_or(ProductSort::Newest);
    check.finish()?;
    filter.allowed_to(caller)?;
    let request = ListProductsRequest {
        pagination,
        category_id: filter.category(),
        active_only: !filter.include_inactive,
        min_price_cents: filter.min_price,
        max_price_cents: filter.max_price,
        in_stock: filter.in_stock,
        sort: sort.into(),
    };
    let question = Question::new(Read::List, &request);
    let read = async { products(app.catalog().list_products(request).await?.into_inner()) };
    app.public_read(caller, &question, read).await
}

/// Search products
///
/// Words of names, descriptions and categories, in any order, with mistakes; the best match first
/// unless `sort` says otherwise. Nothing in `q` is a wildcard.
#[utoipa::path(
    get, path = "/products/search", operation_id = "searchProducts", tag = "products",
    params(
        ("q" = String, Query, description = "What is looked for.",
            min_length = 1, max_length = 200, example = "laptop"),
        Page, Filter,
        ("sort" = Option<String>, Query, description = "The order.",
            pattern = "^(relevance|newest|price_asc|price_desc|name)$", example = "relevance")),
    responses((status = 200, description = "A page of what was found.", body = ProductList)),
    security((), ("bearer" = []))
)]
async fn search(State(app): State<App>, caller: Anyone, params: Params) -> Result<Answer, Problem> {
    let mut check = Check::new();
    let query = params.one(&mut check, "q").map(str::to_owned);
    if query.is_none() {
        check.fail("q", "required", "is required");
    }
    let query = check.line("q", query, QUERY_CHARS);
    let filter = Filter::read(&params, &mut check);
    let pagination = Some(params.page(&mut check));
    let sort = params.choice(&mut check, "sort", &SEARCH_SORTS).unwrap_or(ProductSort::Relevance);
    let query = check.pass(query)?;
    filter.allowed_to(caller)?;
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
    let question = Question::new(Read::Search, &request);
    let read = async { products(app.catalog().search_products(request).await?.into_inner()) };
    app.public_read(caller, &question, read).await
}

fn products(page: ListProductsResponse) -> Result<Found, Problem> {
    Ok(Found { answer: Answer::of(&ProductList::from(page))?, shows: Shows::Products })
}

/// Get a product
///
/// By its id or its slug. One that shoppers do not see is found by administrators alone.
#[utoipa::path(
    get, path = "/products/{id}", operation_id = "getProduct", tag = "products",
    params(("id" = String, Path, description = "The id or the slug.", example = "laptop-backpack")),
    responses((status = 200, description = "The product.", body = Product)),
    security((), ("bearer" = []))
)]
async fn get(
    State(app): State<App>,
    caller: Anyone,
    PathText(id): PathText,
) -> Result<Answer, Problem> {
    let identifier = match Uuid::try_parse(&id) {
        Ok(id) => Identifier::Id(id.to_string()),
        // Anything else names no product, so that the catalog need not be asked.
        Err(_) if is_slug(&id) => Identifier::Slug(id),
        Err(_) => return Err(Code::ProductNotFound.problem()),
    };
    let request = GetProductRequest { identifier: Some(identifier) };
    let question = Question::new(Read::Product, &request);
    let read = async {
        let product = app.catalog().get_product(request).await;
        let product = product.map_err(Problem::where_missing_is(Code::ProductNotFound))?;
        let product = product.into_inner();
        if !product.is_active && !caller.is(Role::Admin) {
            return Err(Code::ProductNotFound.problem());
        }
        let shows = Shows::Product(id_of(&product)?);
        Ok(Found { answer: Answer::of(&Product::from(product))?, shows })
    };
    app.public_read(caller, &question, read).await
}

fn id_of(product: &v1::Product) -> Result<Uuid, Problem> {
    Uuid::try_parse(&product.id).map_err(|error| {
        tracing::error!(%error, "the catalog answered with a product without an id");
        Code::Internal.problem()
    })
}
