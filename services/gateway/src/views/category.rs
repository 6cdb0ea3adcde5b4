//! Categories.

use std::ops::RangeInclusive;

use prost_types::FieldMask;
use proto::catalog::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reference;
use crate::check::{Check, Field};

const NAME_CHARS: RangeInclusive<usize> = 1..=100;
const DESCRIPTION_CHARS: RangeInclusive<usize> = 0..=2_000;

/// A shelf of the shop; categories form a tree.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Category {
    /// The category.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a01")]
    id: String,
    /// Its name.
    #[schema(example = "Electronics")]
    name: String,
    /// Its name in addresses, unique.
    #[schema(example = "electronics")]
    slug: String,
    /// What is in it; `""` when nothing is said.
    #[schema(example = "Things with a plug.")]
    description: String,
    /// The category above; `null` at the top.
    #[schema(format = Uuid, example = json!(null))]
    parent_id: Option<String>,
    /// How many products shoppers see in it.
    #[schema(example = 3, minimum = 0)]
    product_count: i32,
    /// Since when it exists.
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
            parent_id: reference(category.parent_id),
            product_count: category.product_count,
            created_at: category.created_at,
        }
    }
}

/// All categories.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryList {
    /// All of them, of every level.
    categories: Vec<Category>,
}

impl From<v1::ListCategoriesResponse> for CategoryList {
    fn from(v1::ListCategoriesResponse { categories }: v1::ListCategoriesResponse) -> Self {
        Self { categories: categories.into_iter().map(Category::from).collect() }
    }
}

/// A category to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewCategory {
    /// Its name.
    #[schema(value_type = String, required, min_length = 1, max_length = 100, example = "Lighting")]
    #[serde(default)]
    name: Field<String>,
    /// Its name in addresses; made from the name when absent.
    #[schema(
        value_type = Option<String>, max_length = 120, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "lighting"
    )]
    #[serde(default)]
    slug: Field<String>,
    /// What is in it.
    #[schema(value_type = Option<String>, max_length = 2000, example = "Lamps and more.")]
    #[serde(default)]
    description: Field<String>,
    /// The category above; at the top when absent.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    parent_id: Field<String>,
}

impl NewCategory {
    /// The message, or all that is wrong.
    pub(crate) fn read(self, check: &mut Check) -> Option<v1::CreateCategoryRequest> {
        let name = check.required("name", self.name);
        let name = check.line("name", name, NAME_CHARS);
        let slug = check.optional("slug", self.slug);
        let slug = check.slug("slug", slug);
        let description = check.optional("description", self.description);
        let description = check.text("description", description, DESCRIPTION_CHARS);
        let parent = check.optional("parent_id", self.parent_id);
        let parent = check.uuid("parent_id", parent.as_deref());
        Some(v1::CreateCategoryRequest {
            name: name?,
            slug: slug.unwrap_or_default(),
            description: description.unwrap_or_default(),
            parent_id: parent.map(|id| id.to_string()).unwrap_or_default(),
        })
    }
}

/// What is to change in a category; fields that are absent stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CategoryChanges {
    /// Its name.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "Lighting")]
    #[serde(default)]
    name: Field<String>,
    /// Its name in addresses.
    #[schema(
        value_type = String, min_length = 1, max_length = 120,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "lighting"
    )]
    #[serde(default)]
    slug: Field<String>,
    /// What is in it.
    #[schema(value_type = String, max_length = 2000, example = "Lamps and more.")]
    #[serde(default)]
    description: Field<String>,
    /// The category above; `null` moves it to the top.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    parent_id: Field<String>,
}

impl CategoryChanges {
    /// The message for the category `id`; what is wrong is noted.
    pub(crate) fn read(self, check: &mut Check, id: Uuid) -> v1::UpdateCategoryRequest {
        let update_mask = Some(FieldMask { paths: self.given() });
        let name = check.changed("name", self.name);
        let slug = check.changed("slug", self.slug);
        let description = check.changed("description", self.description);
        let parent = check.optional("parent_id", self.parent_id);
        v1::UpdateCategoryRequest {
            id: id.to_string(),
            name: check.line("name", name, NAME_CHARS),
            slug: check.slug("slug", slug),
            description: check.text("description", description, DESCRIPTION_CHARS),
            parent_id: check.uuid("parent_id", parent.as_deref()).map(|id| id.to_string()),
            update_mask,
        }
    }

    /// The names of the fields that are there: a `null` cannot be told from absence in the message.
    fn given(&self) -> Vec<String> {
        let fields = [
            ("name", self.name.is_given()),
            ("slug", self.slug.is_given()),
            ("description", self.description.is_given()),
            ("parent_id", self.parent_id.is_given()),
        ];
        fields.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned()).collect()
    }
}
