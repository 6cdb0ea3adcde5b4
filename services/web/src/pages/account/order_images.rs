//! The images of an order's lines. An order stores none, and the API has no list of products by id.

use std::collections::HashMap;

use futures::future::join_all;
use uuid::Uuid;

use crate::gateway_client::{Order, Product, none_if_slow};
use crate::page::Page;
use crate::pages::shop::category_tree::CategoryTree;
use crate::pages::shop::{ProductImage, tint_of};

/// Maximum number of lines with an image: each is a call, which the gateway answers from its cache.
/// Further lines show the initial of their product.
const MAX_IMAGES: usize = 12;

/// Returns the images by product. A product that is gone, or that cannot be read at once, has none.
pub(super) async fn order_images(page: &Page, order: &Order) -> HashMap<Uuid, ProductImage> {
    let gateway = page.gateway();
    let reads =
        order.items.iter().take(MAX_IMAGES).map(|item| async {
            none_if_slow(gateway.product(&item.product_id.to_string())).await
        });
    let categories = none_if_slow(page.app().categories().get(gateway));
    let (categories, products) = tokio::join!(categories, join_all(reads));
    let tree = categories.map(|categories| CategoryTree::new(&categories)).unwrap_or_default();
    let image = |product: Product| {
        let tint = tint_of(&tree, product.category_id);
        (product.id, ProductImage::new(&product.name, &product.image_urls, tint))
    };
    products.into_iter().flatten().map(image).collect()
}
