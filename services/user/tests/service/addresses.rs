//! Address books.

use futures::future::join_all;
use jiff::SignedDuration;
use proto::{common::v1::Address, user::v1 as pb};
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::shop::{Shop, address, code, fields, plain, refusal, some_id};

async fn update(
    shop: &Shop,
    entry: &pb::UserAddress,
    is_default: bool,
) -> Result<pb::UserAddress, Status> {
    let pb::UserAddress { id, user_id, label, address, .. } = entry.clone();
    let request = pb::UpdateAddressRequest { id, user_id, label, address, is_default };
    plain(shop.client.clone().update_address(request).await)
}

async fn delete(shop: &Shop, user: &str, id: &str) -> Result<(), Status> {
    let request = pb::DeleteAddressRequest { id: id.into(), user_id: user.into() };
    shop.client.clone().delete_address(request).await.map(|_| ())
}

/// The labels, the default first; there must be just one.
async fn labels(shop: &Shop, user: &str) -> Vec<String> {
    let entries = shop.addresses(user).await;
    let defaults = entries.iter().filter(|entry| entry.is_default).count();
    assert_eq!(defaults, usize::from(!entries.is_empty()));
    assert!(entries.first().is_none_or(|entry| entry.is_default));
    entries.into_iter().map(|entry| entry.label).collect()
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn the_default_is_the_first_then_the_one_that_asked_last(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer("ada@example.com").await;
    let home = shop.add_address(&ada, "Home", false).await.unwrap();
    assert!(home.is_default);
    assert_eq!(home.user_id, ada);
    assert_eq!(home.address, Some(Address { country: "US".into(), ..address() }));
    shop.env.advance(SignedDuration::from_secs(1));
    let work = shop.add_address(&ada, "Work", false).await.unwrap();
    assert!(!work.is_default);
    shop.env.advance(SignedDuration::from_secs(1));
    assert!(shop.add_address(&ada, "Cabin", true).await.unwrap().is_default);
    assert_eq!(labels(&shop, &ada).await, ["Cabin", "Home", "Work"]);

    let moved = pb::UserAddress {
        label: "Office".into(),
        address: Some(Address { city: "Peoria".into(), ..address() }),
        ..work
    };
    let moved = update(&shop, &moved, true).await.unwrap();
    assert_eq!((moved.is_default, &*moved.address.clone().unwrap().city), (true, "Peoria"));
    assert_eq!(labels(&shop, &ada).await, ["Office", "Home", "Cabin"]);
    // The default is passed on, not given up.
    assert!(update(&shop, &moved, false).await.unwrap().is_default);

    delete(&shop, &ada, &moved.id).await.unwrap();
    assert_eq!(labels(&shop, &ada).await, ["Home", "Cabin"], "the oldest steps in");
    for entry in shop.addresses(&ada).await {
        delete(&shop, &ada, &entry.id).await.unwrap();
        labels(&shop, &ada).await;
    }
    assert!(shop.addresses(&ada).await.is_empty());
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn nobody_reaches_the_addresses_of_somebody_else(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer("ada@example.com").await;
    let bob = shop.customer("bob@example.com").await;
    let home = shop.add_address(&ada, "Home", false).await.unwrap();
    let stolen = pb::UserAddress { user_id: bob.clone(), label: "Mine".into(), ..home.clone() };
    assert_eq!(code(update(&shop, &stolen, true).await), Code::NotFound);
    assert_eq!(code(delete(&shop, &bob, &home.id).await), Code::NotFound);
    assert!(shop.addresses(&bob).await.is_empty());
    assert_eq!(shop.addresses(&ada).await, std::slice::from_ref(&home));
    delete(&shop, &ada, &home.id).await.unwrap();
    assert_eq!(code(delete(&shop, &ada, &home.id).await), Code::NotFound);
    assert_eq!(code(shop.add_address(&some_id(1), "Home", false).await), Code::NotFound);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn defaults_asked_for_at_once_leave_exactly_one(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer("ada@example.com").await;
    let names: Vec<String> = (0..12).map(|n| format!("Address {n}")).collect();
    let added = join_all(names.iter().map(|name| shop.add_address(&ada, name, true))).await;
    let entries: Vec<_> = added.into_iter().map(Result::unwrap).collect();
    assert_eq!(labels(&shop, &ada).await.len(), 12);

    for done in join_all(entries.iter().map(|entry| update(&shop, entry, true))).await {
        assert!(done.unwrap().is_default);
    }
    assert_eq!(labels(&shop, &ada).await.len(), 12);

    // While some ask to be the default, others go.
    let (gone, rest) = entries.split_at(6);
    let (deleted, _) = tokio::join!(
        join_all(gone.iter().map(|entry| delete(&shop, &ada, &entry.id))),
        join_all(rest.iter().map(|entry| update(&shop, entry, true))),
    );
    assert!(deleted.into_iter().all(|done| done.is_ok()));
    assert_eq!(labels(&shop, &ada).await.len(), 6);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn the_database_itself_keeps_the_rule_on_defaults(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer("ada@example.com").await;
    shop.add_address(&ada, "Home", false).await.unwrap();
    shop.add_address(&ada, "Work", false).await.unwrap();
    for (statement, constraint) in [
        ("UPDATE addresses SET is_default = false", "addresses_have_a_default"),
        ("DELETE FROM addresses WHERE is_default", "addresses_have_a_default"),
        ("UPDATE addresses SET is_default = true", "addresses_one_default_key"),
    ] {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err();
        assert_eq!(kit::postgres::constraint(&error), Some(constraint), "{statement}");
    }
    sqlx::query("DELETE FROM users").execute(&pool).await.unwrap();
    assert_eq!(shop.count("SELECT count(*) FROM addresses").await, 0);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_book_holds_fifty_addresses(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer("ada@example.com").await;
    let all = join_all((0..55).map(|_| shop.add_address(&ada, "", false))).await;
    let (ok, refusals): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!((ok.len(), refusals.len()), (50, 5));
    for answer in refusals {
        let expected = (Code::FailedPrecondition, "too_many_addresses".to_owned());
        assert_eq!(refusal(answer), expected);
    }
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn bad_addresses_name_every_field_at_fault(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let bad = Address { street: String::new(), country: "USA".into(), ..address() };
    let request = pb::AddAddressRequest {
        user_id: "7".into(),
        label: "x".repeat(51),
        address: Some(bad),
        is_default: false,
    };
    let wrong = fields(shop.client.clone().add_address(request).await);
    assert_eq!(wrong, ["user_id", "label", "address.street", "address.country"]);
    shop.close().await;
}
