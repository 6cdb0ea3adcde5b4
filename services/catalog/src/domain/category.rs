//! Categories: a tree without cycles.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::ids::CategoryId;
use super::slug::Slug;

/// Maximum number of categories of a shop: they are listed without pages.
pub const MAX_CATEGORIES: usize = 1_000;
/// Maximum depth of the tree.
pub const MAX_DEPTH: usize = 8;

/// A category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Id of the category.
    pub id: CategoryId,
    /// Display name.
    pub name: String,
    /// Name in URLs; unique.
    pub slug: Slug,
    /// Description for shoppers.
    pub description: String,
    /// Parent category; none at the top level.
    pub parent: Option<CategoryId>,
    /// Time of creation.
    pub created_at: Timestamp,
}

/// An update; `None` keeps a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryPatch {
    /// See [`Category::name`].
    pub name: Option<String>,
    /// The new slug; `Some(None)` generates it from the name.
    pub slug: Option<Option<Slug>>,
    /// See [`Category::description`].
    pub description: Option<String>,
    /// See [`Category::parent`].
    pub parent: Option<Option<CategoryId>>,
}

impl CategoryPatch {
    /// Applies the update.
    #[must_use]
    pub fn apply(self, mut category: Category) -> Category {
        let Self { name, slug, description, parent } = self;
        category.name = name.unwrap_or(category.name);
        category.description = description.unwrap_or(category.description);
        category.parent = parent.unwrap_or(category.parent);
        if let Some(slug) = slug {
            let id = category.id.0;
            category.slug = slug.unwrap_or_else(|| Slug::from_name(&category.name, id));
        }
        category
    }
}

/// Why a category cannot have a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The parent does not exist.
    #[error("the category does not exist")]
    UnknownParent,
    /// The parent is the category itself or one of its descendants.
    #[error("a category cannot be its own ancestor")]
    Cycle,
    /// More than [`MAX_DEPTH`] levels.
    #[error("the tree of categories has at most 8 levels")]
    TooDeep,
}

/// The tree of all categories.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    parents: HashMap<CategoryId, Option<CategoryId>>,
}

impl Tree {
    /// Builds the tree from (category, parent) pairs.
    pub fn new(pairs: impl IntoIterator<Item = (CategoryId, Option<CategoryId>)>) -> Self {
        Self { parents: pairs.into_iter().collect() }
    }

    /// The number of categories.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there are no categories.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// Checks that `category`, which may be new, can have this parent.
    ///
    /// # Errors
    /// Fails with the reason why the parent is invalid.
    pub fn check(&self, category: CategoryId, parent: Option<CategoryId>) -> Result<(), TreeError> {
        let Some(parent) = parent else { return Ok(()) };
        if !self.parents.contains_key(&parent) {
            return Err(TreeError::UnknownParent);
        }
        let ancestors = self.with_ancestors(parent);
        if ancestors.contains(&category) {
            return Err(TreeError::Cycle);
        }
        if ancestors.len() + self.height(category) > MAX_DEPTH {
            return Err(TreeError::TooDeep);
        }
        Ok(())
    }

    /// The number of products of each category and its descendants, from the direct numbers.
    #[must_use]
    pub fn totals(&self, direct: &BTreeMap<CategoryId, i64>) -> BTreeMap<CategoryId, i64> {
        let mut totals = BTreeMap::new();
        for (category, count) in direct {
            for ancestor in self.with_ancestors(*category) {
                *totals.entry(ancestor).or_default() += count;
            }
        }
        totals
    }

    /// `category` and its ancestors, nearest first. Terminates even on a cycle, which `check`
    /// prevents.
    fn with_ancestors(&self, category: CategoryId) -> Vec<CategoryId> {
        let mut path = vec![category];
        let mut current = category;
        while let Some(Some(parent)) = self.parents.get(&current) {
            if path.contains(parent) {
                break;
            }
            path.push(*parent);
            current = *parent;
        }
        path
    }

    /// The number of levels of `category` and its descendants.
    fn height(&self, category: CategoryId) -> usize {
        let depth = |descendant: &CategoryId| {
            self.with_ancestors(*descendant)
                .iter()
                .position(|c| *c == category)
                .map_or(0, |n| n + 1)
        };
        self.parents.keys().map(depth).max().unwrap_or(0).max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn id(n: usize) -> CategoryId {
        CategoryId(Uuid::from_u128(n as u128))
    }

    fn tree(pairs: &[(usize, Option<usize>)]) -> Tree {
        Tree::new(pairs.iter().map(|(c, p)| (id(*c), p.map(id))))
    }

    #[test]
    fn cycle_is_refused() {
        let tree = tree(&[(1, None), (2, Some(1)), (3, Some(2)), (4, None)]);
        assert_eq!(tree.check(id(1), Some(id(1))), Err(TreeError::Cycle));
        assert_eq!(tree.check(id(1), Some(id(3))), Err(TreeError::Cycle));
        assert_eq!(tree.check(id(1), Some(id(4))), Ok(()));
        assert_eq!(tree.check(id(3), None), Ok(()));
        assert_eq!(tree.check(id(9), Some(id(8))), Err(TreeError::UnknownParent));
    }

    #[test]
    fn depth_limit_includes_the_moved_subtree() {
        let chain: Vec<_> = (1..=MAX_DEPTH).map(|n| (n, (n > 1).then(|| n - 1))).collect();
        let mut pairs = chain.clone();
        pairs.extend([(20, None), (21, Some(20))]);
        let tree = tree(&pairs);
        assert_eq!(tree.check(id(99), Some(id(MAX_DEPTH))), Err(TreeError::TooDeep));
        assert_eq!(tree.check(id(99), Some(id(MAX_DEPTH - 1))), Ok(()));
        assert_eq!(tree.check(id(20), Some(id(MAX_DEPTH - 1))), Err(TreeError::TooDeep));
        assert_eq!(tree.check(id(20), Some(id(MAX_DEPTH - 2))), Ok(()));
    }

    #[test]
    fn products_count_in_all_ancestors() {
        let tree = tree(&[(1, None), (2, Some(1)), (3, Some(1)), (4, None)]);
        let direct = BTreeMap::from([(id(1), 1), (id(2), 2), (id(3), 4)]);
        let totals = BTreeMap::from([(id(1), 7), (id(2), 2), (id(3), 4)]);
        assert_eq!(tree.totals(&direct), totals);
    }

    proptest! {
        /// Moves that `check` allows keep every path to the root finite.
        #[test]
        fn allowed_moves_never_create_a_cycle(
            moves in proptest::collection::vec((1..9usize, 0..9usize), 0..40)
        ) {
            let mut tree = tree(&(1..9).map(|n| (n, None)).collect::<Vec<_>>());
            for (category, parent) in moves {
                let parent = (parent > 0).then(|| id(parent));
                if tree.check(id(category), parent).is_ok() {
                    tree.parents.insert(id(category), parent);
                }
                for n in 1..9 {
                    let path = tree.with_ancestors(id(n));
                    let top = path.last().and_then(|top| tree.parents[top]);
                    prop_assert!(top.is_none() && path.len() <= MAX_DEPTH);
                }
            }
        }
    }
}
