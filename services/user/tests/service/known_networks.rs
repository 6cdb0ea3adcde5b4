//! Networks from which the owner of an account has signed in, and the mail when sign-ins begin to
//! be throttled.

use jiff::SignedDuration;

use crate::fixture::{PASSWORD, TestService, code_and_reason, from_network, registration};

const ADA: &str = "ada@example.com";
const HOME: &str = "203.0.113.0/24";
const OFFICE: &str = "2001:db8:1::/48";
const STRANGERS: &str = "198.51.100.0/24";

/// Attempts wrong passwords from a network until they are throttled, and returns how many passed.
async fn guess_until_throttled(service: &TestService, email: &str, network: &str) -> usize {
    for guesses in 0..100 {
        let refused = service.login_from(email, "wrong password", network).await;
        if code_and_reason(refused).1 == "too_many_attempts" {
            return guesses;
        }
    }
    unreachable!("sign-ins are throttled")
}

async fn reason(service: &TestService, password: &str, network: &str) -> String {
    code_and_reason(service.login_from(ADA, password, network).await).1
}

#[tokio::test]
async fn owner_signs_in_from_known_network_while_strangers_are_throttled() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register(ADA).await;
    service.login_from(ADA, PASSWORD, HOME).await.unwrap();
    assert_eq!(guess_until_throttled(&service, ADA, STRANGERS).await, 10);
    for network in [STRANGERS, OFFICE, ""] {
        assert_eq!(reason(&service, PASSWORD, network).await, "too_many_attempts", "{network}");
    }
    for _ in 0..12 {
        service.login_from(ADA, PASSWORD, HOME).await.unwrap();
    }
    // The owner's sign-ins give strangers no further guesses.
    assert_eq!(reason(&service, "wrong password", STRANGERS).await, "too_many_attempts");
    service.stop().await;
}

#[tokio::test]
async fn known_network_has_a_limited_allowance_of_its_own() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register(ADA).await;
    for network in [HOME, OFFICE] {
        service.login_from(ADA, PASSWORD, network).await.unwrap();
    }
    assert_eq!(guess_until_throttled(&service, ADA, HOME).await, 10);
    assert_eq!(reason(&service, PASSWORD, HOME).await, "too_many_attempts");
    service.login_from(ADA, PASSWORD, OFFICE).await.unwrap();
    assert_eq!(guess_until_throttled(&service, ADA, STRANGERS).await, 10);
    service.stop().await;
}

#[tokio::test]
async fn registration_makes_its_network_known() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let request = from_network(registration(ADA), HOME);
    service.client.clone().register(request).await.unwrap();
    guess_until_throttled(&service, ADA, STRANGERS).await;
    service.login_from(ADA, PASSWORD, HOME).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn ten_networks_are_remembered_for_ninety_days() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register(ADA).await;
    let network = |n: usize| format!("203.0.{n}.0/24");
    for n in 0..11 {
        service.login_from(ADA, PASSWORD, &network(n)).await.unwrap();
        service.env.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(service.count("SELECT count(*) FROM known_networks").await, 10);
    guess_until_throttled(&service, ADA, STRANGERS).await;
    assert_eq!(reason(&service, PASSWORD, &network(0)).await, "too_many_attempts");
    service.login_from(ADA, PASSWORD, &network(1)).await.unwrap();
    // The last sign-in from the second network was just now, from the third one nine seconds ago.
    service.env.advance(SignedDuration::from_hours(90 * 24) - SignedDuration::from_secs(5));
    guess_until_throttled(&service, ADA, STRANGERS).await;
    assert_eq!(reason(&service, PASSWORD, &network(2)).await, "too_many_attempts");
    service.login_from(ADA, PASSWORD, &network(1)).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn only_a_keyed_hash_of_a_network_is_stored() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    for email in [ADA, "bob@example.com"] {
        service.register(email).await;
        service.login_from(email, PASSWORD, HOME).await.unwrap();
    }
    let count = "SELECT count(DISTINCT digest) FROM known_networks";
    assert_eq!(service.count(count).await, 2, "equal networks are not recognizable");
    let dump: String = sqlx::query_scalar("SELECT string_agg(n::text, '') FROM known_networks n")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert!(!dump.contains("203.0.113"), "{dump}");
    service.stop().await;
    // Another service on the same database, with other keys, does not recognize the network.
    let other = TestService::start(database.pool()).await;
    guess_until_throttled(&other, ADA, STRANGERS).await;
    assert_eq!(reason(&other, PASSWORD, HOME).await, "too_many_attempts");
    other.stop().await;
}

#[tokio::test]
async fn password_reset_makes_its_network_the_only_known_one() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    const NEW: &str = "another password";
    service.register(ADA).await;
    service.login_from(ADA, PASSWORD, HOME).await.unwrap();
    guess_until_throttled(&service, ADA, STRANGERS).await;
    service.request_password_reset(ADA).await.unwrap();
    let token = service.notification.wait_for("reset", ADA, 1).await.remove(0).content;
    service.reset_password_from(&token, NEW, OFFICE).await.unwrap();
    assert_eq!(guess_until_throttled(&service, ADA, STRANGERS).await, 10);
    assert_eq!(reason(&service, NEW, HOME).await, "too_many_attempts");
    service.login_from(ADA, NEW, OFFICE).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn owner_is_mailed_once_when_throttling_begins() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register(ADA).await;
    for email in ["ADA@example.com", "nobody@example.com"] {
        guess_until_throttled(&service, email, STRANGERS).await;
    }
    service.notification.wait_for("throttled", ADA, 1).await;
    // The owner signs in, and strangers continue: no second mail on the same day.
    service.env.advance(SignedDuration::from_secs(1));
    service.login(ADA, PASSWORD).await.unwrap();
    guess_until_throttled(&service, ADA, STRANGERS).await;
    wait_for_empty_outbox(&service).await;
    let mails = |service: &TestService| {
        let received = service.notification.received();
        received.into_iter().filter(|mail| mail.kind == "throttled").collect::<Vec<_>>()
    };
    assert_eq!(mails(&service).len(), 1, "none to the address without account");
    service.env.advance(SignedDuration::from_hours(24));
    guess_until_throttled(&service, ADA, STRANGERS).await;
    service.notification.wait_for("throttled", ADA, 2).await;
    assert_eq!(mails(&service).len(), 2);
    service.stop().await;
}

async fn wait_for_empty_outbox(service: &TestService) {
    let wait = async {
        while service.count("SELECT count(*) FROM outbox").await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("an empty outbox");
}

#[tokio::test]
async fn malformed_network_counts_as_unknown() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.register(ADA).await;
    for network in ["203.0.113.9", "203.0.113.9/24", "203.0.0.0/16", "home"] {
        service.login_from(ADA, PASSWORD, network).await.unwrap();
    }
    assert_eq!(service.count("SELECT count(*) FROM known_networks").await, 0);
    service.stop().await;
}
