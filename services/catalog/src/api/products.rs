//! Parsers of requests about products.

use kit::Env;
use money::Currency;
use proto::catalog::v1 as pb;
use proto::catalog::v1::get_product_request::Identifier as PbIdentifier;
use tonic::Status;

use wire::{Fields, Page};

use super::fields::CatalogFields as _;
use super::mask::Mask;
use crate::domain::ids::ProductId;
use crate::domain::listing::{Filter, MAX_QUERY_CHARS, SearchSort, SearchText, Sort};
use crate::domain::product::{DEFAULT_WEIGHT_GRAMS, Details, MAX_WEIGHT_GRAMS, ProductPatch};
use crate::domain::slug::Slug;
use crate::domain::stock::{MAX_UNITS, ManualChange};

const MAX_NAME_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 10_000;
const MAX_IMAGES: usize = 20;
const MAX_URL_CHARS: usize = 2_048;
const MAX_REASON_CHARS: usize = 200;
/// Maximum number of further revisions that a product may have for an edit. A client knows a few.
const MAX_OTHER_REVISIONS: usize = 100;
/// Maximum number of products of one batch: twice the maximum lines of a cart.
const MAX_BATCH: usize = 200;

/// Fields of a product that an update mask can contain.
const UPDATABLE: [&str; 9] = [
    "name",
    "slug",
    "description",
    "price",
    "category_id",
    "image_urls",
    "stock_quantity",
    "is_active",
    "weight_grams",
];

/// The identifier of a requested product.
#[derive(Debug)]
pub(super) enum Identifier {
    Id(ProductId),
    Slug(String),
}

pub(super) fn identifier(request: pb::GetProductRequest) -> Result<Identifier, Status> {
    let mut fields = Fields::default();
    let identifier = match request.identifier {
        None => fields.reject("identifier", "id or slug is required"),
        Some(PbIdentifier::Id(id)) => fields.id("id", &id).map(Identifier::Id),
        // An invalid slug cannot exist.
        Some(PbIdentifier::Slug(slug)) => match slug.parse::<Slug>() {
            Ok(slug) => Some(Identifier::Slug(slug.to_string())),
            Err(_) if slug.is_empty() => fields.reject("slug", "is required"),
            Err(_) => return Err(kit::grpc::status::not_found("product")),
        },
    };
    fields.finish(identifier)
}

pub(super) fn batch(request: &pb::BatchGetProductsRequest) -> Result<Vec<ProductId>, Status> {
    let mut fields = Fields::default();
    if request.ids.len() > MAX_BATCH {
        let rejected = fields.reject("ids", format!("must be at most {MAX_BATCH}"));
        return fields.finish(rejected);
    }
    let ids: Vec<Option<ProductId>> = (0..)
        .zip(&request.ids)
        .map(|(n, id): (usize, _)| fields.id(&format!("ids[{n}]"), id))
        .collect();
    fields.finish(ids.into_iter().collect())
}

pub(super) fn list(request: &pb::ListProductsRequest) -> Result<(Filter, Sort, Page), Status> {
    let mut fields = Fields::default();
    let page = fields.page(request.pagination.as_ref());
    let prices = (request.min_price_cents, request.max_price_cents);
    let filter = filter(&mut fields, &request.category_id, prices);
    let sort = match sort(&mut fields, request.sort, SearchSort::By(Sort::Newest)) {
        // A list has no relevance.
        Some(SearchSort::Relevance) => Some(Sort::Newest),
        Some(SearchSort::By(sort)) => Some(sort),
        None => None,
    };
    let parsed = filter.zip(sort).zip(page).map(|((filter, sort), page)| {
        let Filter { category, min_price_cents, max_price_cents, .. } = filter;
        let (active_only, in_stock) = (request.active_only, request.in_stock);
        (Filter { category, active_only, in_stock, min_price_cents, max_price_cents }, sort, page)
    });
    fields.finish(parsed)
}

/// The parameters of a search.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) text: SearchText,
    pub(super) filter: Filter,
    pub(super) sort: SearchSort,
    pub(super) page: Page,
}

pub(super) fn search(request: &pb::SearchProductsRequest) -> Result<Search, Status> {
    let mut fields = Fields::default();
    let text = SearchText::new(&request.query).or_else(|| {
        fields.reject("query", format!("must have 1 to {MAX_QUERY_CHARS} characters, all visible"))
    });
    let page = fields.page(request.pagination.as_ref());
    let prices = (request.min_price_cents, request.max_price_cents);
    let filter = filter(&mut fields, &request.category_id, prices);
    let sort = sort(&mut fields, request.sort, SearchSort::Relevance);
    let parsed = text.zip(filter).zip(sort.zip(page)).map(|((text, filter), (sort, page))| {
        let (active_only, in_stock) = (!request.include_inactive, request.in_stock);
        Search { text, filter: Filter { active_only, in_stock, ..filter }, sort, page }
    });
    fields.finish(parsed)
}

/// Parses the part of a filter that lists and searches share.
fn filter(
    fields: &mut Fields,
    category: &str,
    (min, max): (Option<i64>, Option<i64>),
) -> Option<Filter> {
    let category = fields.id_or_none("category_id", category);
    let mut price = |field, cents: Option<i64>| match cents {
        Some(cents) => fields.number(field, cents, 0, i64::MAX).map(Some),
        None => Some(None),
    };
    let min = price("min_price_cents", min);
    let max = price("max_price_cents", max);
    if let (Some(Some(min)), Some(Some(max))) = (min, max)
        && min > max
    {
        return fields.reject("max_price_cents", "must not be below min_price_cents");
    }
    Some(Filter {
        category: category?,
        min_price_cents: min?,
        max_price_cents: max?,
        ..Filter::default()
    })
}

fn sort(fields: &mut Fields, sort: i32, unspecified: SearchSort) -> Option<SearchSort> {
    Some(match pb::ProductSort::try_from(sort) {
        Ok(pb::ProductSort::Unspecified) => unspecified,
        Ok(pb::ProductSort::Newest) => SearchSort::By(Sort::Newest),
        Ok(pb::ProductSort::PriceAsc) => SearchSort::By(Sort::PriceAsc),
        Ok(pb::ProductSort::PriceDesc) => SearchSort::By(Sort::PriceDesc),
        Ok(pb::ProductSort::Name) => SearchSort::By(Sort::Name),
        Ok(pb::ProductSort::Relevance) => SearchSort::Relevance,
        Err(_) => return fields.reject("sort", "is not a known order"),
    })
}

/// Parses a new product and its units on hand.
pub(super) fn create(
    request: &pb::CreateProductRequest,
    currency: Currency,
    env: &Env,
) -> Result<(Details, i32), Status> {
    let mut fields = Fields::default();
    let name = fields.line("name", &request.name, MAX_NAME_CHARS);
    let slug = fields.slug_or_none("slug", &request.slug);
    let description = fields.text("description", &request.description, MAX_DESCRIPTION_CHARS);
    let price = fields.price("price", request.price.as_ref(), currency);
    let category = fields.id_or_none("category_id", &request.category_id);
    let image_urls = image_urls(&mut fields, &request.image_urls);
    let units = fields.number("stock_quantity", request.stock_quantity, 0, MAX_UNITS);
    let weight_grams = weight(&mut fields, request.weight_grams);
    let now = env.now();
    let id = env.uuid();
    let parse = || {
        let name = name?;
        let details = Details {
            id: id.into(),
            slug: slug?.unwrap_or_else(|| Slug::from_name(&name, id)),
            name,
            description: description?,
            price: price?,
            category: category?,
            image_urls: image_urls?,
            weight_grams: weight_grams?,
            is_active: true,
            created_at: now,
            updated_at: now,
        };
        Some((details, units?))
    };
    fields.finish(parse())
}

pub(super) fn update(
    request: pb::UpdateProductRequest,
    currency: Currency,
) -> Result<(ProductId, ExpectedRevisions, ProductPatch), Status> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let id = f.id("id", &request.id);
    let expected = expected_revisions(f, request.expected_revision, &request.other_revisions);
    let mask = Mask::new(f, request.update_mask.as_ref(), &UPDATABLE);
    // Protobuf lists have no presence: an empty list is a value only if the mask contains the
    // field.
    let images = Some(request.image_urls).filter(|urls| !urls.is_empty());

    let name = mask.change("name", request.name.as_deref());
    let name = name.parse_with("", Some).and_then(|name| match name {
        Some(name) => f.line("name", name, MAX_NAME_CHARS).map(Some),
        None => Some(None),
    });
    let slug = mask.change("slug", request.slug.as_deref());
    let slug = slug.parse_with(None, |slug| f.slug_or_none("slug", slug));
    let description = mask
        .change("description", request.description.as_deref())
        .parse_with(String::new(), |text| f.text("description", text, MAX_DESCRIPTION_CHARS));
    let price =
        mask.change("price", request.price.as_ref()).parse_with(None, |price| Some(Some(price)));
    let price = price.and_then(|price| match price {
        Some(price) => f.price("price", price, currency).map(Some),
        None => Some(None),
    });
    let category = mask
        .change("category_id", request.category_id.as_deref())
        .parse_with(None, |category| f.id_or_none("category_id", category));
    let image_urls =
        mask.change("image_urls", images).parse_with(Vec::new(), |urls| image_urls(f, &urls));
    let weight_grams = mask
        .change("weight_grams", request.weight_grams)
        .parse_with(DEFAULT_WEIGHT_GRAMS, |grams| weight(f, grams));
    let is_active = mask.change("is_active", request.is_active).parse_with(false, Some);
    let available = mask
        .change("stock_quantity", request.stock_quantity)
        .parse_with(0, |units| f.number("stock_quantity", units, 0, MAX_UNITS));
    let parse = || {
        let patch = ProductPatch {
            name: name?,
            slug: slug?,
            description: description?,
            price: price?,
            category: category?,
            image_urls: image_urls?,
            weight_grams: weight_grams?,
            is_active: is_active?,
            available: available?,
        };
        Some((id?, expected?, patch))
    };
    let parsed = parse();
    fields.finish(parsed)
}

/// The revisions that a product may have; `None`: any.
type ExpectedRevisions = Option<Vec<i64>>;

/// Parses the revisions that a product may have.
fn expected_revisions(
    fields: &mut Fields,
    expected: Option<i64>,
    others: &[i64],
) -> Option<ExpectedRevisions> {
    if others.len() > MAX_OTHER_REVISIONS {
        let limit = format!("must be at most {MAX_OTHER_REVISIONS}");
        return fields.reject("other_revisions", limit);
    }
    Some(expected.map(|expected| std::iter::once(expected).chain(others.iter().copied()).collect()))
}

fn weight(fields: &mut Fields, grams: i32) -> Option<i32> {
    match grams {
        0 => Some(DEFAULT_WEIGHT_GRAMS),
        grams => fields.number("weight_grams", grams, 1, MAX_WEIGHT_GRAMS),
    }
}

/// Parses image URLs that a web page can show: absolute URLs, or absolute paths on the shop's own
/// host.
fn image_urls(fields: &mut Fields, urls: &[String]) -> Option<Vec<String>> {
    if urls.len() > MAX_IMAGES {
        return fields.reject("image_urls", format!("must be at most {MAX_IMAGES}"));
    }
    let parsed: Vec<_> = urls
        .iter()
        .enumerate()
        .map(|(n, url)| {
            let field = format!("image_urls[{n}]");
            let url = fields.exact_line_or_empty(&field, url, MAX_URL_CHARS)?;
            if url.is_empty() {
                return fields.reject(&field, "is required");
            }
            let rooted = url.starts_with('/') && !url.starts_with("//");
            if rooted || url.starts_with("https://") || url.starts_with("http://") {
                return Some(url);
            }
            fields.reject(&field, "must begin with https://, http:// or a single /")
        })
        .collect();
    parsed.into_iter().collect()
}

/// Parses a manual change of stock.
pub(super) fn adjust(
    request: &pb::AdjustStockRequest,
) -> Result<(ProductId, ExpectedRevisions, i32, ManualChange), Status> {
    let mut fields = Fields::default();
    let id = fields.id("product_id", &request.product_id);
    let (expected, others) = (request.expected_revision, &request.other_revisions);
    let expected = expected_revisions(&mut fields, expected, others);
    let delta = match request.delta {
        0 => fields.reject("delta", "must not be 0"),
        delta => fields.number("delta", delta, -MAX_UNITS, MAX_UNITS),
    };
    let reason = fields.line("reason", &request.reason, MAX_REASON_CHARS);
    let actor = fields.line_or_empty("actor_id", &request.actor_id, MAX_REASON_CHARS);
    let by = || Some(ManualChange { reason: reason?, actor: actor? });
    let parse = || Some((id?, expected?, delta?, by()?));
    let parsed = parse();
    fields.finish(parsed)
}

pub(super) fn low_stock(request: &pb::ListLowStockRequest) -> Result<(i32, Page), Status> {
    let mut fields = Fields::default();
    let threshold = fields.number("threshold", request.threshold, 0, MAX_UNITS);
    let page = fields.page(request.pagination.as_ref());
    fields.finish(threshold.zip(page))
}

pub(super) fn delete(
    request: &pb::DeleteProductRequest,
) -> Result<(ProductId, ExpectedRevisions), Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    let (expected, others) = (request.expected_revision, &request.other_revisions);
    let expected = expected_revisions(&mut fields, expected, others);
    fields.finish(id.zip(expected))
}
