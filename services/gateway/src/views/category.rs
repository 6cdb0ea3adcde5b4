//! Categories.

use std::ops::RangeInclusive;

use prost_types::FieldMask;
use proto::catalog::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::non_empty;
use crate::validation::{Field, Validator};

const NAME_CHARS: RangeInclusive<usize> = 1..=100;
const DESCRIPTION_CHARS: RangeInclusive<usize> = 0..=2_000;

/// A category of products. Categories form a tree.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Category {
    /// Id of the category.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a01")]
    id: String,
    /// Name of the category.
    #[schema(example = "Electronics")]
    name: String,
    /// Unique name in URLs.
    #[schema(example = "electronics")]
    slug: String,
    /// Description; `""` if absent.
    #[schema(example = "Things with a plug.")]
    description: String,
    /// Id of the parent category; `null` at the top level.
    #[schema(format = Uuid, example = json!(null))]
    parent_id: Option<String>,
    /// Number of products visible to shoppers.
    #[schema(example = 3, minimum = 0)]
    product_count: i32,
    /// Time of creation.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
}

impl From<v1::Category> for Category {
    fn from(category: v1::Category) -> Self {
        Self {
            id: category.id,
            name: category.name,
            slug: category.slug,
            description: category.description,
            parent_id: non_empty(category.parent_id),
            product_count: category.product_count,
            created_at: category.created_at,
        }
    }
}

/// All categories.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryList {
    /// Categories of all levels.
    categories: Vec<Category>,
}

impl From<v1::ListCategoriesResponse> for CategoryList {
    fn from(v1::ListCategoriesResponse { categories }: v1::ListCategoriesResponse) -> Self {
        Self { categories: categories.into_iter().map(Category::from).collect() }
    }
}

/// A new category.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewCategory {
    /// Name of the category.
    #[schema(value_type = String, required, min_length = 1, max_length = 100, example = "Lighting")]
    #[serde(default)]
    name: Field<String>,
    /// Name in URLs; generated from the name if absent.
    #[schema(
        value_type = Option<String>, max_length = 120, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "lighting"
    )]
    #[serde(default)]
    slug: Field<String>,
    /// Description.
    #[schema(value_type = Option<String>, max_length = 2000, example = "Lamps and more.")]
    #[serde(default)]
    description: Field<String>,
    /// Id of the parent category; top level if absent.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    parent_id: Field<String>,
}

impl NewCategory {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<v1::CreateCategoryRequest> {
        let name = validator.required("name", self.name);
        let name = validator.line("name", name, NAME_CHARS);
        let slug = validator.optional("slug", self.slug);
        let slug = validator.slug("slug", slug);
        let description = validator.optional("description", self.description);
        let description = validator.text("description", description, DESCRIPTION_CHARS);
        let parent = validator.optional("parent_id", self.parent_id);
        let parent = validator.uuid("parent_id", parent.as_deref());
        Some(v1::CreateCategoryRequest {
            name: name?,
            slug: slug.unwrap_or_default(),
            description: description.unwrap_or_default(),
            parent_id: parent.map(|id| id.to_string()).unwrap_or_default(),
        })
    }
}

/// Changes of a category; absent fields stay unchanged.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CategoryChanges {
    /// Name of the category.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "Lighting")]
    #[serde(default)]
    name: Field<String>,
    /// Name in URLs.
    #[schema(
        value_type = String, min_length = 1, max_length = 120,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "lighting"
    )]
    #[serde(default)]
    slug: Field<String>,
    /// Description.
    #[schema(value_type = String, max_length = 2000, example = "Lamps and more.")]
    #[serde(default)]
    description: Field<String>,
    /// Id of the parent category; `null` moves the category to the top level.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    parent_id: Field<String>,
}

impl CategoryChanges {
    /// Validates the fields and builds the message for the category `id`.
    pub(crate) fn validate(self, validator: &mut Validator, id: Uuid) -> v1::UpdateCategoryRequest {
        let update_mask = Some(FieldMask { paths: self.present_fields() });
        let name = validator.changed("name", self.name);
        let slug = validator.changed("slug", self.slug);
        let description = validator.changed("description", self.description);
        let parent = validator.optional("parent_id", self.parent_id);
        v1::UpdateCategoryRequest {
            id: id.to_string(),
            name: validator.line("name", name, NAME_CHARS),
            slug: validator.slug("slug", slug),
            description: validator.text("description", description, DESCRIPTION_CHARS),
            parent_id: validator.uuid("parent_id", parent.as_deref()).map(|id| id.to_string()),
            update_mask,
        }
    }

    /// Returns the names of the present fields, because the message cannot represent `null`.
    fn present_fields(&self) -> Vec<String> {
        let fields = [
            ("name", self.name.is_present()),
            ("slug", self.slug.is_present()),
            ("description", self.description.is_present()),
            ("parent_id", self.parent_id.is_present()),
        ];
        fields
            .into_iter()
            .filter(|(_, present)| *present)
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}
