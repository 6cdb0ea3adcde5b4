//! The pages of an account.

use crate::shop::{PASSWORD, Shop};

#[tokio::test]
async fn forgotten_password_is_reset_by_mail() {
    let shop = Shop::start().await;
    let (_, email) = shop.customer_with_email().await;
    let mut browser = shop.browser();
    for address in [&*email, "nobody@example.com"] {
        browser.get("/forgot-password").await.is(200);
        let requested = browser.submit("/forgot-password", &[("email", address)]).await;
        assert_eq!(requested.is(303).location(), "/forgot-password?sent=1");
        browser.follow(&requested).await.is(200).shows("Check your mail.");
    }
    let token = shop.mail_inbox.reset_token(&email).await;
    browser.get(&format!("/reset-password?token={token}")).await.is(200);
    let weak = browser.submit("/reset-password", &[("new_password", "short")]).await;
    weak.is(422).shows("Enter a password of at least 8 characters.");
    let new = [("new_password", "another horse battery")];
    let reset = browser.submit("/reset-password", &new).await;
    browser.follow(&reset).await.is(200).shows("Your new password is set.");
    let form = [("email", &*email), ("password", "another horse battery")];
    browser.submit("/login", &form).await.is(303);
    browser.get(&format!("/reset-password?token={token}")).await.is(200);
    browser.submit("/reset-password", &new).await.is(422).shows("no longer valid");
}

#[tokio::test]
async fn address_is_verified_by_mail() {
    let shop = Shop::start().await;
    let (mut browser, email) = shop.customer_with_email().await;
    browser.get("/account").await.is(200).shows("not confirmed yet");
    let token = shop.mail_inbox.verification_token(&email).await;
    browser.get(&format!("/verify-email?token={token}")).await.is(200);
    let verified = browser.submit("/verify-email", &[]).await;
    browser.follow(&verified).await.is(200).shows("Your e-mail address is confirmed.");
    browser.get("/account").await.hides("not confirmed yet");
    browser.get("/verify-email?token=wrong").await.is(200);
    browser.submit("/verify-email", &[]).await.is(422).shows("no longer valid");
}

#[tokio::test]
async fn taken_address_is_reported_at_its_field() {
    let shop = Shop::start().await;
    let (_, email) = shop.customer_with_email().await;
    let mut browser = shop.browser();
    browser.get("/register").await.is(200);
    let form = [("first_name", "Eve"), ("email", &*email), ("password", PASSWORD)];
    let rejected = browser.submit("/register", &form).await;
    rejected.is(422).shows("There is an account with this e-mail address.");
    let name = rejected.attribute("input[name=first_name]", "value");
    assert_eq!(name.as_deref(), Some("Eve"));
}

#[tokio::test]
async fn profile_addresses_and_wishlist_are_changed() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    browser.get("/profile").await.is(200);
    let saved = browser.submit("/profile", &[("phone", "+1 555 0100")]).await;
    let profile = browser.follow(&saved).await;
    let phone = profile.shows("Your profile is saved.").attribute("#phone", "value");
    assert_eq!(phone.as_deref(), Some("+1 555 0100"));

    browser.get("/addresses/new").await.is(200);
    let form = [("recipient", "Ada"), ("street", "1 Main Street"), ("city", "Rome")];
    browser.submit("/addresses/new", &form).await.is(303);
    let book = browser.get("/addresses").await;
    let path = book.shows("1 Main Street").attribute(".panel-actions a", "href").expect("a link");
    browser.get(&path).await.is(200);
    browser.submit(&path, &[("street", "2 Side Street")]).await.is(303);
    browser.get("/addresses").await.shows("2 Side Street").hides("1 Main Street");
    browser.submit(&format!("{path}/delete"), &[]).await.is(303);
    browser.get("/addresses").await.shows("You have no saved address.");

    browser.get("/products/walden").await.is(200);
    browser.submit("/wishlist/items", &[]).await.is(303);
    let list = browser.get("/wishlist").await;
    list.is(200).shows("Walden");
    let remove = list.attribute("form[action$='/delete']", "action").expect("a form");
    browser.submit(&remove, &[]).await.is(303);
    browser.get("/wishlist").await.shows("Your wishlist is empty.");
}

#[tokio::test]
async fn wrong_password_leads_to_the_form_that_was_sent() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    browser.get("/security").await.is(200);
    let form = [("email", "ada@example.org"), ("email_password", "wrong")];
    let rejected = browser.submit("/security/email", &form).await;
    rejected.is(422).shows("This password is wrong.");
    let link = rejected.attribute(".error-summary a", "href");
    assert_eq!(link.as_deref(), Some("#email_password"));
    assert_eq!(rejected.count("#email_password[aria-invalid]"), 1);
}

#[tokio::test]
async fn password_is_changed_and_other_sessions_end() {
    let shop = Shop::start().await;
    let (mut browser, email) = shop.customer_with_email().await;
    let mut other = shop.browser();
    let form = [("email", &*email), ("password", PASSWORD)];
    other.submit_to("/login", &form).await.is(303);
    let page = browser.get("/security").await;
    assert_eq!(page.is(200).count(".session-list li"), 2);
    let wrong = [("current_password", "wrong"), ("new_password", "another horse battery")];
    browser.submit("/security/password", &wrong).await.is(422).shows("This password is wrong.");
    let right = [("current_password", PASSWORD), ("new_password", "another horse battery")];
    let changed = browser.submit("/security/password", &right).await;
    browser.follow(&changed).await.is(200).shows("Your password is changed.");
    let everywhere = browser.submit("/security/sign-out-everywhere", &[]).await;
    assert_eq!(everywhere.location(), "/login");
    assert!(!browser.cookies.contains_key("refresh"));
}
