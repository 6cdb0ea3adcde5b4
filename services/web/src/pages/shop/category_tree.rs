//! The tree of the categories.

use std::sync::Arc;

use uuid::Uuid;

use crate::gateway_client::Category;

/// Maximum depth of a path. The catalog refuses cycles; this bounds the walk anyway.
const MAX_DEPTH: usize = 16;

/// All categories, with the tree that their parents define.
#[derive(Clone, Debug, Default)]
pub(crate) struct CategoryTree(Vec<Category>);

impl CategoryTree {
    /// Creates the tree of these categories.
    pub(crate) fn new(categories: &Arc<[Category]>) -> Self {
        Self(categories.to_vec())
    }

    /// Finds the category with this slug.
    pub(crate) fn by_slug(&self, slug: &str) -> Option<&Category> {
        self.0.iter().find(|category| category.slug == slug)
    }

    /// Finds the category with this id.
    pub(crate) fn by_id(&self, id: Uuid) -> Option<&Category> {
        self.0.iter().find(|category| category.id == id)
    }

    /// Returns the categories directly below `parent`, or the top level.
    pub(crate) fn children(&self, parent: Option<Uuid>) -> impl Iterator<Item = &Category> {
        self.0.iter().filter(move |category| category.parent_id == parent)
    }

    /// Returns the categories from the top level down to this one.
    pub(crate) fn path(&self, id: Uuid) -> Vec<&Category> {
        let mut path = Vec::new();
        let mut next = self.by_id(id);
        while let Some(category) = next
            && path.len() < MAX_DEPTH
        {
            path.push(category);
            next = category.parent_id.and_then(|parent| self.by_id(parent));
        }
        path.reverse();
        path
    }

    /// Returns the position of the top-level category above this one.
    pub(crate) fn top_level_position(&self, id: Uuid) -> Option<usize> {
        let top = self.path(id).first()?.id;
        self.children(None).position(|category| category.id == top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(id: u128, parent: Option<u128>) -> Category {
        Category {
            id: Uuid::from_u128(id),
            name: format!("Category {id}"),
            slug: format!("category-{id}"),
            description: String::new(),
            parent_id: parent.map(Uuid::from_u128),
            product_count: 0,
        }
    }

    fn tree(categories: Vec<Category>) -> CategoryTree {
        CategoryTree::new(&categories.into())
    }

    #[test]
    fn path_leads_from_the_top_level() {
        let tree = tree(vec![category(1, None), category(2, None), category(3, Some(2))]);
        let path: Vec<_> = tree.path(Uuid::from_u128(3)).iter().map(|c| c.slug.clone()).collect();
        assert_eq!(path, ["category-2", "category-3"]);
        assert_eq!(tree.top_level_position(Uuid::from_u128(3)), Some(1));
        assert_eq!(tree.top_level_position(Uuid::from_u128(9)), None);
        assert_eq!(tree.children(Some(Uuid::from_u128(2))).count(), 1);
    }

    #[test]
    fn cycle_of_parents_ends() {
        let tree = tree(vec![category(1, Some(2)), category(2, Some(1))]);
        assert_eq!(tree.path(Uuid::from_u128(1)).len(), MAX_DEPTH);
    }
}
