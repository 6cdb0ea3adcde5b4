//! An order for unit tests.

use jiff::Timestamp;
use money::{Currency, Money};
use uuid::Uuid;
use wire::Address;

use super::ids::{LineId, OrderId, ProductId, UserId};
use super::line::Line;
use super::number::OrderNumber;
use super::order::{Order, ShippingOption};
use super::price::Sums;
use super::status::Status;

/// Returns a pending order of two lamps.
pub(crate) fn order() -> Order {
    let lines = vec![Line {
        id: LineId(Uuid::from_u128(1)),
        product: ProductId(Uuid::from_u128(2)),
        name: "Lamp".into(),
        quantity: 2,
        unit_price: Money::new(1999, Currency::USD),
    }];
    let shipping = Money::new(650, Currency::USD);
    Order {
        id: OrderId(Uuid::from_u128(3)),
        number: OrderNumber::from_random([0; 10]),
        user: UserId(Uuid::from_u128(4)),
        status: Status::Pending,
        sums: Sums::compute(Currency::USD, &lines, shipping, 0).unwrap(),
        lines,
        refunded: Money::zero(Currency::USD),
        address: Address {
            recipient: String::new(),
            street: "1 Main Street".into(),
            city: "Springfield".into(),
            state: String::new(),
            zip_code: "12345".into(),
            country: "US".into(),
        },
        payment_method: "pm_test_visa".into(),
        shipping_option: ShippingOption { carrier: "USPS".into(), service: "Priority Mail".into() },
        weight_grams: 1000,
        cart_version: 7,
        in_cart: true,
        transaction: None,
        tracking_number: None,
        failure: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}
