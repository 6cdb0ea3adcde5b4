//! Conversion of domain types to the messages that all proto packages share.

use money::Money;
use proto::common::v1 as common;

use crate::{Address, Page};

/// Converts an amount.
#[must_use]
pub fn money(money: Money) -> common::Money {
    common::Money { amount_cents: money.cents(), currency: money.currency().code().to_owned() }
}

/// Converts a page of a list of `total` items.
#[must_use]
pub fn page(page: Page, total: i64) -> common::PaginationResponse {
    common::PaginationResponse {
        page: page.number(),
        page_size: page.size(),
        total_pages: page.pages(total),
        total_count: total,
    }
}

/// Converts an address.
#[must_use]
pub fn address(address: Address) -> common::Address {
    let Address { recipient, street, city, state, zip_code, country } = address;
    common::Address { street, city, state, zip_code, country, recipient }
}
