//! Forms of a password: however it is entered, it is the same password.

use std::time::Duration;

use crate::fixture::{TestService, registration};

const ADA: &str = "ada@example.com";
const COMPOSED: &str = "crème brûlée";
const DECOMPOSED: &str = "cre\u{300}me\u{a0}bru\u{302}le\u{301}e";

#[tokio::test]
async fn password_is_accepted_in_any_form() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let mut request = registration(ADA);
    request.password = DECOMPOSED.into();
    service.client.clone().register(request).await.unwrap();
    for password in [COMPOSED, DECOMPOSED] {
        service.login(ADA, password).await.unwrap();
    }
    service.login(ADA, "creme brulee").await.unwrap_err();
    service.stop().await;
}

#[tokio::test]
async fn hash_of_an_earlier_release_verifies_and_is_replaced() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register(ADA).await;
    // Earlier releases hashed passwords as they were entered, and accepted common ones.
    for (password, other_form) in [(DECOMPOSED, Some(COMPOSED)), ("password1", None)] {
        let cost = if other_form.is_some() { 4 } else { 5 };
        let hash = bcrypt::hash(password, cost).unwrap();
        sqlx::query("UPDATE users SET password_hash = $1")
            .bind(&hash)
            .execute(database.pool())
            .await
            .unwrap();
        service.login(ADA, password).await.unwrap();
        let replaced = async {
            while sqlx::query_scalar::<_, String>("SELECT password_hash FROM users")
                .fetch_one(database.pool())
                .await
                .unwrap()
                == hash
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), replaced).await.expect("a new hash");
        for form in [Some(password), other_form].into_iter().flatten() {
            service.login(ADA, form).await.unwrap();
        }
    }
    service.stop().await;
}
