//! Rendering of responses.

use proto::catalog::v1 as pb;
use wire::Page;

use crate::changes::Change;
use crate::domain::category::Category;
use crate::domain::ids::ProductId;
use crate::domain::product::{Details, Product};
use crate::domain::reservation::{Reservation, State};
use crate::store::listing::Found;

pub(super) fn product(product: Product) -> pb::Product {
    let Product { details, available, revision } = product;
    let Details {
        id,
        name,
        slug,
        description,
        price,
        category,
        image_urls,
        weight_grams,
        is_active,
        created_at,
        updated_at,
    } = details;
    pb::Product {
        id: id.to_string(),
        name,
        slug: slug.to_string(),
        description,
        price: Some(wire::render::money(price)),
        category_id: category.map(|category| category.to_string()).unwrap_or_default(),
        image_urls,
        stock_quantity: available,
        is_active,
        created_at: created_at.to_string(),
        updated_at: updated_at.to_string(),
        weight_grams,
        revision,
    }
}

pub(super) fn page((products, total): Found, page: Page) -> pb::ListProductsResponse {
    pb::ListProductsResponse {
        products: products.into_iter().map(product).collect(),
        pagination: Some(wire::render::page(page, total)),
    }
}

pub(super) fn category((category, count): (Category, i64)) -> pb::Category {
    let Category { id, name, slug, description, parent, created_at } = category;
    pb::Category {
        id: id.to_string(),
        name,
        slug: slug.to_string(),
        description,
        parent_id: parent.map(|parent| parent.to_string()).unwrap_or_default(),
        created_at: created_at.to_string(),
        product_count: i32::try_from(count).unwrap_or(i32::MAX),
    }
}

/// A refused reservation has neither an id nor an expiry.
pub(super) fn reservation(reservation: &Reservation) -> pb::ReserveInventoryResponse {
    let unavailable_product_ids = reservation.unavailable.iter().map(ToString::to_string).collect();
    if reservation.state == State::Refused {
        return pb::ReserveInventoryResponse {
            unavailable_product_ids,
            ..pb::ReserveInventoryResponse::default()
        };
    }
    pb::ReserveInventoryResponse {
        success: true,
        reservation_id: reservation.id.to_string(),
        unavailable_product_ids,
        expires_at: reservation.expires_at.to_string(),
    }
}

/// Renders the stored reservation of an order, which the consistency checker compares with the
/// order.
pub(super) fn stored_reservation(reservation: &Reservation) -> pb::Reservation {
    let item = |(product, quantity): (ProductId, i32)| pb::InventoryItem {
        product_id: product.to_string(),
        quantity,
    };
    let state = match reservation.state {
        State::Held => pb::ReservationState::Held,
        State::Refused => pb::ReservationState::Refused,
        State::Committed => pb::ReservationState::Committed,
        State::Released => pb::ReservationState::Released,
        State::Expired => pb::ReservationState::Expired,
        State::Restocked => pb::ReservationState::Restocked,
    };
    let expires_at = match reservation.state {
        State::Held => reservation.expires_at.to_string(),
        _ => String::new(),
    };
    pb::Reservation {
        order_id: reservation.order.to_string(),
        state: state.into(),
        items: reservation.lines.iter().map(item).collect(),
        expires_at,
    }
}

pub(super) fn change(change: Change) -> pb::CatalogChange {
    match change {
        Change::Products(ids) => pb::CatalogChange {
            product_ids: ids.iter().map(ToString::to_string).collect(),
            ..pb::CatalogChange::default()
        },
        Change::Categories => {
            pb::CatalogChange { categories: true, ..pb::CatalogChange::default() }
        }
        Change::All => pb::CatalogChange { all: true, ..pb::CatalogChange::default() },
    }
}
