//! Address books.

use futures::future::join_all;
use jiff::SignedDuration;
use proto::common::v1::Address;
use proto::user::v1 as pb;
use tonic::{Code, Status};

use crate::fixture::{TestService, address, code, code_and_reason, fields, into_inner, unused_id};

async fn update(
    service: &TestService,
    entry: &pb::UserAddress,
    is_default: bool,
) -> Result<pb::UserAddress, Status> {
    let pb::UserAddress { id, user_id, label, address, .. } = entry.clone();
    let request = pb::UpdateAddressRequest { id, user_id, label, address, is_default };
    into_inner(service.client.clone().update_address(request).await)
}

async fn delete(service: &TestService, user: &str, id: &str) -> Result<(), Status> {
    let request = pb::DeleteAddressRequest { id: id.into(), user_id: user.into() };
    service.client.clone().delete_address(request).await.map(|_| ())
}

/// Returns the labels, the default first. Checks that there is exactly one default.
async fn labels(service: &TestService, user: &str) -> Vec<String> {
    let entries = service.addresses(user).await;
    let defaults = entries.iter().filter(|entry| entry.is_default).count();
    assert_eq!(defaults, usize::from(!entries.is_empty()));
    assert!(entries.first().is_none_or(|entry| entry.is_default));
    entries.into_iter().map(|entry| entry.label).collect()
}

#[tokio::test]
async fn default_moves_to_the_latest_requested_address() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.customer("ada@example.com").await;
    let home = service.add_address(&ada, "Home", false).await.unwrap();
    assert!(home.is_default);
    assert_eq!(home.user_id, ada);
    assert_eq!(home.address, Some(Address { country: "US".into(), ..address() }));
    service.env.advance(SignedDuration::from_secs(1));
    let work = service.add_address(&ada, "Work", false).await.unwrap();
    assert!(!work.is_default);
    service.env.advance(SignedDuration::from_secs(1));
    assert!(service.add_address(&ada, "Cabin", true).await.unwrap().is_default);
    assert_eq!(labels(&service, &ada).await, ["Cabin", "Home", "Work"]);

    let moved = pb::UserAddress {
        label: "Office".into(),
        address: Some(Address { city: "Peoria".into(), ..address() }),
        ..work
    };
    let moved = update(&service, &moved, true).await.unwrap();
    assert_eq!((moved.is_default, &*moved.address.clone().unwrap().city), (true, "Peoria"));
    assert_eq!(labels(&service, &ada).await, ["Office", "Home", "Cabin"]);
    // The default moves to another entry; it cannot be cleared.
    assert!(update(&service, &moved, false).await.unwrap().is_default);

    delete(&service, &ada, &moved.id).await.unwrap();
    assert_eq!(labels(&service, &ada).await, ["Home", "Cabin"], "the oldest becomes the default");
    for entry in service.addresses(&ada).await {
        delete(&service, &ada, &entry.id).await.unwrap();
        labels(&service, &ada).await;
    }
    assert!(service.addresses(&ada).await.is_empty());
    service.stop().await;
}

#[tokio::test]
async fn addresses_of_another_account_are_not_found() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.customer("ada@example.com").await;
    let bob = service.customer("bob@example.com").await;
    let home = service.add_address(&ada, "Home", false).await.unwrap();
    let forged = pb::UserAddress { user_id: bob.clone(), label: "Mine".into(), ..home.clone() };
    assert_eq!(code(update(&service, &forged, true).await), Code::NotFound);
    assert_eq!(code(delete(&service, &bob, &home.id).await), Code::NotFound);
    assert!(service.addresses(&bob).await.is_empty());
    assert_eq!(service.addresses(&ada).await, std::slice::from_ref(&home));
    delete(&service, &ada, &home.id).await.unwrap();
    assert_eq!(code(delete(&service, &ada, &home.id).await), Code::NotFound);
    assert_eq!(code(service.add_address(&unused_id(1), "Home", false).await), Code::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn concurrent_changes_leave_one_default() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.customer("ada@example.com").await;
    let names: Vec<String> = (0..12).map(|n| format!("Address {n}")).collect();
    let added = join_all(names.iter().map(|name| service.add_address(&ada, name, true))).await;
    let entries: Vec<_> = added.into_iter().map(Result::unwrap).collect();
    assert_eq!(labels(&service, &ada).await.len(), 12);

    for result in join_all(entries.iter().map(|entry| update(&service, entry, true))).await {
        assert!(result.unwrap().is_default);
    }
    assert_eq!(labels(&service, &ada).await.len(), 12);

    // Concurrent deletions and requests to become the default.
    let (deleted, rest) = entries.split_at(6);
    let (deleted, _) = tokio::join!(
        join_all(deleted.iter().map(|entry| delete(&service, &ada, &entry.id))),
        join_all(rest.iter().map(|entry| update(&service, entry, true))),
    );
    assert!(deleted.into_iter().all(|result| result.is_ok()));
    assert_eq!(labels(&service, &ada).await.len(), 6);
    service.stop().await;
}

#[tokio::test]
async fn database_constraints_enforce_one_default() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.customer("ada@example.com").await;
    service.add_address(&ada, "Home", false).await.unwrap();
    service.add_address(&ada, "Work", false).await.unwrap();
    for (statement, constraint) in [
        ("UPDATE addresses SET is_default = false", "addresses_have_a_default"),
        ("DELETE FROM addresses WHERE is_default", "addresses_have_a_default"),
        ("UPDATE addresses SET is_default = true", "addresses_one_default_key"),
    ] {
        let error = sqlx::query(statement).execute(database.pool()).await.unwrap_err();
        assert_eq!(kit::postgres::constraint(&error), Some(constraint), "{statement}");
    }
    sqlx::query("DELETE FROM users").execute(database.pool()).await.unwrap();
    assert_eq!(service.count("SELECT count(*) FROM addresses").await, 0);
    service.stop().await;
}

#[tokio::test]
async fn address_book_is_limited_to_fifty_addresses() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.customer("ada@example.com").await;
    let all = join_all((0..55).map(|_| service.add_address(&ada, "", false))).await;
    let (ok, refusals): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!((ok.len(), refusals.len()), (50, 5));
    for response in refusals {
        let expected = (Code::FailedPrecondition, "too_many_addresses".to_owned());
        assert_eq!(code_and_reason(response), expected);
    }
    service.stop().await;
}

#[tokio::test]
async fn invalid_address_names_every_invalid_field() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let invalid = Address { street: String::new(), country: "USA".into(), ..address() };
    let request = pb::AddAddressRequest {
        user_id: "7".into(),
        label: "x".repeat(51),
        address: Some(invalid),
        is_default: false,
    };
    let wrong = fields(service.client.clone().add_address(request).await);
    assert_eq!(wrong, ["user_id", "label", "address.street", "address.country"]);
    service.stop().await;
}
