//! The first administrator, created from the settings.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::ConnectOptions as _;
use tokio::time::{sleep, timeout};
use user::Args;

use crate::captured_log::CapturedLog;
use crate::fixture::{PASSWORD, TestService, args};

fn admin(email: &str, password: &str) -> impl FnOnce(&mut Args) {
    let (email, password) = (email.to_owned(), password.to_owned());
    move |args| {
        args.admin_email = Some(email);
        args.admin_password = Some(password.into());
    }
}

async fn wait_for_admin(service: &TestService) {
    let wait = async {
        while service.count("SELECT count(*) FROM users WHERE role = 'admin'").await == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("an administrator");
}

#[tokio::test]
async fn concurrent_replicas_create_one_first_administrator() {
    let database = testing::database(&user::MIGRATOR).await;
    let mut replicas = Vec::new();
    for email in ["root@example.com", "ROOT@example.com", "root@example.com"] {
        replicas.push(TestService::start_with(database.pool(), admin(email, PASSWORD)).await);
    }
    wait_for_admin(&replicas[0]).await;
    let user = replicas[1].login("root@example.com", PASSWORD).await.unwrap().user.unwrap();
    assert_eq!(user.role, "admin");
    for service in replicas {
        assert_eq!(service.count("SELECT count(*) FROM users").await, 1);
        service.stop().await;
    }
}

#[tokio::test]
async fn restart_keeps_a_changed_administrator_password() {
    let database = testing::database(&user::MIGRATOR).await;
    let service =
        TestService::start_with(database.pool(), admin("root@example.com", PASSWORD)).await;
    wait_for_admin(&service).await;
    let id = service.login("root@example.com", PASSWORD).await.unwrap().user.unwrap().id;
    service.change_password(&id, (PASSWORD, "another password"), "").await.unwrap();
    service.stop().await;
    let service =
        TestService::start_with(database.pool(), admin("root@example.com", PASSWORD)).await;
    sleep(Duration::from_millis(500)).await;
    service.login("root@example.com", "another password").await.unwrap();
    service.login("root@example.com", PASSWORD).await.unwrap_err();
    service.stop().await;
}

#[tokio::test]
async fn existing_customer_is_not_made_administrator() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("root@example.com").await;
    service.stop().await;
    let service =
        TestService::start_with(database.pool(), admin("root@example.com", "another password"))
            .await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(service.get_user(&id).await.unwrap().role, "customer");
    service.login("root@example.com", "another password").await.unwrap_err();
    assert_eq!(service.count("SELECT count(*) FROM users").await, 1);
    service.stop().await;
}

/// Passwords that only newer rules refuse.
const NEWLY_REFUSED: [&str; 2] = ["qwertyuiop", "correct\thorse"];

#[tokio::test]
async fn newly_refused_admin_password_does_not_stop_existing_shop() {
    let database = testing::database(&user::MIGRATOR).await;
    let root = admin("root@example.com", PASSWORD);
    let service = TestService::start_with(database.pool(), root).await;
    wait_for_admin(&service).await;
    service.stop().await;
    for password in NEWLY_REFUSED {
        let log = CapturedLog::start();
        let root = admin("root@example.com", password);
        let service = TestService::start_with(database.pool(), root).await;
        let warning = log.wait_for("ADMIN_PASSWORD is not acceptable").await;
        assert_eq!(warning["level"], "WARN");
        assert!(!log.text().contains(password));
        service.login("root@example.com", PASSWORD).await.unwrap();
        service.stop().await;
    }
}

#[tokio::test]
async fn newly_refused_admin_password_stops_service_without_administrator() {
    let database = testing::database(&user::MIGRATOR).await;
    for password in NEWLY_REFUSED {
        let keys = tempfile::tempdir().unwrap();
        let keys = keys.path().join("keys.json");
        let generated = user::jwk::generate(&kit::Env::system()).unwrap();
        std::fs::write(&keys, generated.signing.expose_secret()).unwrap();
        let url = database.pool().connect_options().to_url_lossy();
        let mut args = args(url.as_str(), "http://127.0.0.1:1", keys.to_str().unwrap());
        admin("root@example.com", password)(&mut args);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let runtime = kit::Runtime::for_tests();
        let served = user::serve_on(listener, args, runtime.clone());
        let served = timeout(Duration::from_secs(20), served).await.expect("the service ends");
        let error = served.unwrap_err().to_string();
        assert!(error.starts_with("ADMIN_PASSWORD: ") && !error.contains(password), "{error}");
        runtime.drain();
        runtime.stop().await;
    }
    let accounts: i64 =
        sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(database.pool()).await.unwrap();
    assert_eq!(accounts, 0);
}

#[tokio::test]
async fn invalid_admin_settings_fail_at_startup() {
    let database = testing::database(&user::MIGRATOR).await;
    let url = database.pool().connect_options().to_url_lossy();
    for (email, password, expected) in [
        ("root", Some(PASSWORD), "ADMIN_EMAIL"),
        ("root@example.com", Some("short"), "ADMIN_PASSWORD"),
        ("root@example.com", Some("root@example.com"), "ADMIN_PASSWORD"),
        ("root@example.com", None, "ADMIN_PASSWORD"),
    ] {
        let mut args = args(url.as_str(), "http://127.0.0.1:1", "/nowhere");
        args.admin_email = Some(email.into());
        args.admin_password = password.map(Into::into);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let runtime = kit::Runtime::for_tests();
        let error = user::serve_on(listener, args, runtime).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(password.is_none_or(|password| !error.contains(password)), "{error}");
    }
}
