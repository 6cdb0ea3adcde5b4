//! The tree of the categories.

use askama::Template;
use axum::response::Response;

use super::category_tree::CategoryTree;
use super::product_image::tint_of;
use crate::gateway_client::Category;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "shop/categories.html")]
struct CategoriesView {
    m: &'static Messages,
    categories: Vec<CategoryEntry>,
}

struct CategoryEntry {
    name: String,
    href: String,
    description: String,
    count: String,
    tint: usize,
    children: Vec<CategoryEntry>,
}

impl View for CategoriesView {
    fn head(&self) -> Head {
        Head::public(self.m.catalog.categories)
            .description(self.m.catalog.categories_description)
            .indexed("/categories")
    }
}

/// `GET /categories`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let categories = page.app().categories().get(page.gateway()).await?;
    let tree = CategoryTree::new(&categories);
    let m = page.messages();
    let categories = tree.children(None).map(|category| {
        let children = tree.children(Some(category.id));
        let children = children.map(|child| entry(m, &tree, child, Vec::new())).collect();
        entry(m, &tree, category, children)
    });
    let view = CategoriesView { m, categories: categories.collect() };
    page.render(view).await
}

fn entry(
    m: &Messages,
    tree: &CategoryTree,
    category: &Category,
    children: Vec<CategoryEntry>,
) -> CategoryEntry {
    CategoryEntry {
        name: category.name.clone(),
        href: format!("/categories/{}", category.slug),
        description: category.description.clone(),
        count: (m.catalog.products)(category.product_count),
        tint: tint_of(tree, Some(category.id)),
        children,
    }
}
