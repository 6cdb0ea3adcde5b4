//! An empty request is the first thing that people try: it is answered, or told what it lacks.

use proto::user::v1::{self as pb, user_service_client::UserServiceClient};
use sqlx::PgPool;
use tonic::transport::Channel;

use crate::shop::{Shop, fields};

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn an_empty_list_request_gets_the_first_page(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    for n in 0..21 {
        shop.register(&format!("user{n}@example.com")).await;
    }
    let answer = shop.client.clone().list_users(pb::ListUsersRequest::default()).await.unwrap();
    let answer = answer.into_inner();
    let pagination = answer.pagination.unwrap();
    assert_eq!(answer.users.len(), 20);
    assert_eq!((pagination.page, pagination.page_size), (1, 20));
    assert_eq!((pagination.total_pages, pagination.total_count), (2, 21));
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn what_an_empty_request_lacks_is_named(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    macro_rules! lacks {
        ($method:ident, $request:ident, $fields:expr) => {
            let mut client: UserServiceClient<Channel> = shop.client.clone();
            let answer = client.$method(pb::$request::default()).await;
            assert_eq!(fields(answer), $fields, stringify!($method));
        };
    }
    lacks!(register, RegisterRequest, ["email", "password"]);
    lacks!(login, LoginRequest, ["email", "password"]);
    lacks!(refresh_token, RefreshTokenRequest, ["refresh_token"]);
    lacks!(validate_token, ValidateTokenRequest, ["token"]);
    lacks!(get_user, GetUserRequest, ["id"]);
    lacks!(update_user, UpdateUserRequest, ["id", "profile"]);
    lacks!(add_address, AddAddressRequest, ["user_id", "address"]);
    lacks!(list_addresses, ListAddressesRequest, ["user_id"]);
    lacks!(update_address, UpdateAddressRequest, ["id", "user_id", "address"]);
    lacks!(delete_address, DeleteAddressRequest, ["id", "user_id"]);
    lacks!(add_to_wishlist, AddToWishlistRequest, ["user_id", "product_id"]);
    lacks!(get_wishlist, GetWishlistRequest, ["user_id"]);
    lacks!(remove_from_wishlist, RemoveFromWishlistRequest, ["user_id", "product_id"]);
    lacks!(logout, LogoutRequest, ["user_id", "refresh_token"]);
    lacks!(change_password, ChangePasswordRequest, ["user_id", "current_password", "new_password"]);
    lacks!(request_password_reset, RequestPasswordResetRequest, ["email"]);
    lacks!(reset_password, ResetPasswordRequest, ["token", "new_password"]);
    lacks!(update_user_access, UpdateUserAccessRequest, ["id"]);
    shop.close().await;
}
