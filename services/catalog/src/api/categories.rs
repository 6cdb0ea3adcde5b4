//! Parsers of requests about categories.

use kit::Env;
use proto::catalog::v1 as pb;
use tonic::Status;

use wire::Fields;

use super::fields::CatalogFields as _;
use super::mask::Mask;
use crate::domain::category::{Category, CategoryPatch};
use crate::domain::ids::CategoryId;
use crate::domain::slug::Slug;

const MAX_NAME_CHARS: usize = 100;
const MAX_DESCRIPTION_CHARS: usize = 2_000;

/// Fields of a category that an update mask can contain.
const UPDATABLE: [&str; 4] = ["name", "slug", "description", "parent_id"];

pub(super) fn create(request: &pb::CreateCategoryRequest, env: &Env) -> Result<Category, Status> {
    let mut fields = Fields::default();
    let name = fields.line("name", &request.name, MAX_NAME_CHARS);
    let slug = fields.slug_or_none("slug", &request.slug);
    let description = fields.text("description", &request.description, MAX_DESCRIPTION_CHARS);
    let parent = fields.id_or_none("parent_id", &request.parent_id);
    let id = env.uuid();
    let parse = || {
        let name = name?;
        Some(Category {
            id: id.into(),
            slug: slug?.unwrap_or_else(|| Slug::from_name(&name, id)),
            name,
            description: description?,
            parent: parent?,
            created_at: env.now(),
        })
    };
    fields.finish(parse())
}

pub(super) fn update(
    request: &pb::UpdateCategoryRequest,
) -> Result<(CategoryId, CategoryPatch), Status> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let id = f.id("id", &request.id);
    let mask = Mask::new(f, request.update_mask.as_ref(), &UPDATABLE);
    let name = mask.change("name", request.name.as_deref()).parse_with("", Some);
    let name = name.and_then(|name| match name {
        Some(name) => f.line("name", name, MAX_NAME_CHARS).map(Some),
        None => Some(None),
    });
    let slug = mask
        .change("slug", request.slug.as_deref())
        .parse_with(None, |slug| f.slug_or_none("slug", slug));
    let description = mask
        .change("description", request.description.as_deref())
        .parse_with(String::new(), |text| f.text("description", text, MAX_DESCRIPTION_CHARS));
    let parent = mask
        .change("parent_id", request.parent_id.as_deref())
        .parse_with(None, |parent| f.id_or_none("parent_id", parent));
    let parse = || {
        let patch =
            CategoryPatch { name: name?, slug: slug?, description: description?, parent: parent? };
        Some((id?, patch))
    };
    let parsed = parse();
    fields.finish(parsed)
}

pub(super) fn delete(request: &pb::DeleteCategoryRequest) -> Result<CategoryId, Status> {
    let mut fields = Fields::default();
    let id = fields.id("id", &request.id);
    fields.finish(id)
}
