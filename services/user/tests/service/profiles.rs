//! Profiles and lists of accounts.

use jiff::SignedDuration;
use proto::common::v1::Pagination;
use proto::user::v1 as pb;
use tonic::{Code, Status};

use crate::fixture::{TestService, code, fields, into_inner, unused_id};

async fn update(service: &TestService, id: &str, profile: pb::Profile) -> Result<pb::User, Status> {
    let request = pb::UpdateUserRequest { id: id.into(), profile: Some(profile) };
    into_inner(service.client.clone().update_user(request).await)
}

async fn list(
    service: &TestService,
    query: &str,
    page: i32,
    page_size: i32,
) -> pb::ListUsersResponse {
    let pagination = Some(Pagination { page, page_size });
    let request = pb::ListUsersRequest { pagination, query: query.into() };
    service.client.clone().list_users(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn update_keeps_absent_fields_and_clears_empty_ones() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let before = service.register("ada@example.com").await.user.unwrap();
    service.env.advance(SignedDuration::from_secs(5));
    let profile = pb::Profile {
        phone: Some(" +1 (217) 555-0100 ".into()),
        avatar_url: Some("https://example.com/ada.png".into()),
        ..Default::default()
    };
    let after = update(&service, &before.id, profile).await.unwrap();
    let profile = after.profile.clone().unwrap();
    assert_eq!(profile.first_name.as_deref(), Some("Ada"));
    assert_eq!(profile.phone.as_deref(), Some("+1 (217) 555-0100"));
    assert_eq!(after.updated_at, "2026-03-01T12:00:05Z");
    assert_eq!(after.created_at, before.created_at);
    assert_eq!(service.get_user(&before.id).await.unwrap(), after);

    let clear = pb::Profile { phone: Some(String::new()), ..Default::default() };
    let after = update(&service, &before.id, clear).await.unwrap().profile.unwrap();
    assert_eq!(after.phone.as_deref(), Some(""));
    assert_eq!(after.avatar_url.as_deref(), Some("https://example.com/ada.png"));
    service.stop().await;
}

#[tokio::test]
async fn concurrent_updates_of_different_fields_are_both_kept() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    for n in 0..10 {
        let text = Some(n.to_string());
        let first = pb::Profile { first_name: text.clone(), ..Default::default() };
        let last = pb::Profile { last_name: text.clone(), ..Default::default() };
        let (one, two) = tokio::join!(update(&service, &id, first), update(&service, &id, last));
        one.unwrap();
        two.unwrap();
        let profile = service.get_user(&id).await.unwrap().profile.unwrap();
        assert_eq!((&profile.first_name, &profile.last_name), (&text, &text));
    }
    service.stop().await;
}

#[tokio::test]
async fn invalid_update_names_every_invalid_field() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    let invalid = pb::Profile {
        first_name: Some("x".repeat(101)),
        last_name: Some("a\nb".into()),
        phone: Some("call me".into()),
        avatar_url: Some("javascript:alert(1)".into()),
    };
    let expected =
        ["profile.first_name", "profile.last_name", "profile.phone", "profile.avatar_url"];
    assert_eq!(fields(update(&service, &id, invalid).await), expected);
    let missing = update(&service, &unused_id(1), pb::Profile::default()).await;
    assert_eq!(code(missing), Code::NotFound);
    assert_eq!(code(service.get_user(&unused_id(1)).await), Code::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn accounts_are_listed_newest_first_and_searchable() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(service.customer(&format!("User{n}%@example.com")).await);
        service.env.advance(SignedDuration::from_secs(1));
    }
    let grace = pb::Profile {
        first_name: Some("Grace".into()),
        last_name: Some("Höpper".into()),
        ..Default::default()
    };
    update(&service, &ids[2], grace).await.unwrap();
    ids.reverse();

    let mut listed = Vec::new();
    for page in 1..=3 {
        let response = list(&service, "", page, 2).await;
        let pagination = response.pagination.unwrap();
        assert_eq!((pagination.total_count, pagination.total_pages), (5, 3));
        listed.extend(response.users.into_iter().map(|user| user.id));
    }
    assert_eq!(listed, ids);
    assert!(list(&service, "", 4, 2).await.users.is_empty());
    for (query, found) in [
        ("user3", 1),
        ("EXAMPLE.com", 5),
        ("grace hö", 1),
        ("HÖPPER", 1),
        ("lovelace", 4),
        ("%", 5),
        ("_", 0),
        ("r4%@", 1),
        ("missing", 0),
    ] {
        let response = list(&service, query, 1, 20).await;
        assert_eq!(response.users.len(), found, "{query}");
        assert_eq!(response.pagination.unwrap().total_count, i64::try_from(found).unwrap());
    }
    let request = pb::ListUsersRequest {
        pagination: Some(Pagination { page: -1, page_size: 101 }),
        query: "x".repeat(255),
    };
    let wrong = fields(service.client.clone().list_users(request).await);
    assert_eq!(wrong, ["query", "pagination.page", "pagination.page_size"]);
    service.stop().await;
}
