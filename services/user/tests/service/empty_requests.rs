//! Empty requests: lists use defaults, and other methods name the missing fields.

use proto::user::v1 as pb;
use proto::user::v1::user_service_client::UserServiceClient;
use tonic::transport::Channel;

use crate::fixture::{TestService, fields};

#[tokio::test]
async fn empty_list_request_returns_the_first_page() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    for n in 0..21 {
        service.register(&format!("user{n}@example.com")).await;
    }
    let response =
        service.client.clone().list_users(pb::ListUsersRequest::default()).await.unwrap();
    let response = response.into_inner();
    let pagination = response.pagination.unwrap();
    assert_eq!(response.users.len(), 20);
    assert_eq!((pagination.page, pagination.page_size), (1, 20));
    assert_eq!((pagination.total_pages, pagination.total_count), (2, 21));
    service.stop().await;
}

#[tokio::test]
async fn empty_request_names_every_missing_field() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    macro_rules! assert_missing {
        ($method:ident, $request:ident, $fields:expr) => {
            let mut client: UserServiceClient<Channel> = service.client.clone();
            let response = client.$method(pb::$request::default()).await;
            assert_eq!(fields(response), $fields, stringify!($method));
        };
    }
    assert_missing!(register, RegisterRequest, ["email", "password"]);
    assert_missing!(login, LoginRequest, ["email", "password"]);
    assert_missing!(refresh_token, RefreshTokenRequest, ["refresh_token"]);
    assert_missing!(validate_token, ValidateTokenRequest, ["token"]);
    assert_missing!(get_user, GetUserRequest, ["id"]);
    assert_missing!(update_user, UpdateUserRequest, ["id", "profile"]);
    assert_missing!(add_address, AddAddressRequest, ["user_id", "address"]);
    assert_missing!(list_addresses, ListAddressesRequest, ["user_id"]);
    assert_missing!(update_address, UpdateAddressRequest, ["id", "user_id", "address"]);
    assert_missing!(delete_address, DeleteAddressRequest, ["id", "user_id"]);
    assert_missing!(add_to_wishlist, AddToWishlistRequest, ["user_id", "product_id"]);
    assert_missing!(get_wishlist, GetWishlistRequest, ["user_id"]);
    assert_missing!(remove_from_wishlist, RemoveFromWishlistRequest, ["user_id", "product_id"]);
    assert_missing!(logout, LogoutRequest, ["user_id", "refresh_token"]);
    assert_missing!(
        change_password,
        ChangePasswordRequest,
        ["user_id", "current_password", "new_password"]
    );
    assert_missing!(request_password_reset, RequestPasswordResetRequest, ["email"]);
    assert_missing!(reset_password, ResetPasswordRequest, ["token", "new_password"]);
    assert_missing!(update_user_access, UpdateUserAccessRequest, ["id"]);
    assert_missing!(list_sessions, ListSessionsRequest, ["user_id"]);
    assert_missing!(end_session, EndSessionRequest, ["id", "user_id"]);
    assert_missing!(verify_email, VerifyEmailRequest, ["token"]);
    assert_missing!(request_email_verification, RequestEmailVerificationRequest, ["user_id"]);
    assert_missing!(change_email, ChangeEmailRequest, ["user_id", "email", "current_password"]);
    assert_missing!(verify_session, VerifySessionRequest, ["user_id", "session_id"]);
    service.stop().await;
}
