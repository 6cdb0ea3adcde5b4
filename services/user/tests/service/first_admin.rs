//! The first administrator, created from the settings.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use user::Args;

use crate::fixture::{PASSWORD, TestService};

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

#[tokio::test]
async fn invalid_admin_settings_fail_at_startup() {
    let database = testing::database(&user::MIGRATOR).await;
    use sqlx::ConnectOptions as _;

    let url = database.pool().connect_options().to_url_lossy();
    for (email, password, expected) in [
        ("root", Some(PASSWORD), "ADMIN_EMAIL"),
        ("root@example.com", Some("short"), "ADMIN_PASSWORD"),
        ("root@example.com", Some("root@example.com"), "ADMIN_PASSWORD"),
        ("root@example.com", Some("qwertyuiop"), "ADMIN_PASSWORD"),
        ("root@example.com", None, "ADMIN_PASSWORD"),
    ] {
        let mut args = crate::fixture::args(url.as_str(), "http://127.0.0.1:1", "/nowhere");
        args.admin_email = Some(email.into());
        args.admin_password = password.map(Into::into);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let runtime = kit::Runtime::for_tests();
        let error = user::serve_on(listener, args, runtime).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(password.is_none_or(|password| !error.contains(password)), "{error}");
    }
}
