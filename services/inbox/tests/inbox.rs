//! The inbox over its ports: a real client sends mail, the tests read the pages and the JSON.

#![expect(clippy::unwrap_used, reason = "test fixtures may panic")]

use std::time::Duration;

use kit::Runtime;
use lettre::message::MultiPart;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

struct Inbox {
    smtp_port: u16,
    url: String,
    runtime: Runtime,
    server: JoinHandle<Result<(), kit::Error>>,
}

impl Inbox {
    async fn start() -> Self {
        let runtime = Runtime::for_tests();
        let smtp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp_port = smtp.local_addr().unwrap().port();
        let url = format!("http://{}", http.local_addr().unwrap());
        let args = testing::settings(&["--inbox-hosts", "mail.example.com"]);
        let server = tokio::spawn(inbox::serve_on(smtp, http, args, runtime.clone()));
        Self { smtp_port, url, runtime, server }
    }

    async fn stop(self) {
        self.runtime.drain();
        self.server.await.unwrap().unwrap();
        self.runtime.stop().await;
    }

    async fn send(&self, to: &str, subject: &str, text: &str, html: &str) {
        let parts = MultiPart::alternative_plain_html(text.to_owned(), html.to_owned());
        let message = Message::builder()
            .from("Shop <shop@example.com>".parse().unwrap())
            .to(to.parse().unwrap())
            .subject(subject)
            .multipart(parts)
            .unwrap();
        let client = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1");
        client.port(self.smtp_port).build().send(message).await.unwrap();
    }

    async fn request(&self, method: Method, path: &str) -> reqwest::Response {
        let url = format!("{}{path}", self.url);
        reqwest::Client::new().request(method, url).send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let response = self.request(Method::GET, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.page(path).await).unwrap()
    }
}

#[tokio::test]
async fn request_for_another_host_is_421() {
    let inbox = Inbox::start().await;
    for (host, status) in [
        ("localhost:8025", StatusCode::OK),
        ("mail.example.com", StatusCode::OK),
        ("rebinding.example", StatusCode::MISDIRECTED_REQUEST),
        ("rebinding.example:8025", StatusCode::MISDIRECTED_REQUEST),
        ("[::1].rebinding.example", StatusCode::MISDIRECTED_REQUEST),
        ("rebinding.example@localhost", StatusCode::MISDIRECTED_REQUEST),
    ] {
        for path in ["/", "/api/v1/mails"] {
            let request = reqwest::Client::new().get(format!("{}{path}", inbox.url));
            let response = request.header("host", host).send().await.unwrap();
            assert_eq!(response.status(), status, "{host}{path}");
        }
    }
    inbox.stop().await;
}

#[tokio::test]
async fn mail_is_found_by_recipient_and_returned_unchanged() {
    let inbox = Inbox::start().await;
    inbox.send("Ada <ada@example.com>", "Grüße, 你好", "Zeile\n.\n..ende", "<p>Zeile</p>").await;
    inbox.send("bob@example.com", "Another", "x", "y").await;

    let found = inbox.json("/api/v1/mails?to=ADA@example.com").await;
    assert_eq!(found["pagination"]["total_count"], 1);
    let mail = &found["mails"][0];
    assert_eq!(mail["from"], "Shop <shop@example.com>");
    assert_eq!(mail["to"], serde_json::json!(["ada@example.com"]));
    assert_eq!(mail["subject"], "Grüße, 你好");
    assert_eq!(mail["text"].as_str().unwrap().replace("\r\n", "\n"), "Zeile\n.\n..ende");
    assert_eq!(mail["html"], "<p>Zeile</p>");
    assert!(mail["date"].as_str().unwrap().ends_with('Z'));
    let path = format!("/api/v1/mails/{}", mail["id"].as_str().unwrap());
    assert_eq!(&inbox.json(&path).await, mail);

    let all = inbox.json("/api/v1/mails").await;
    assert_eq!(all["mails"][0]["subject"], "Another", "newest first");
    let second = inbox.json("/api/v1/mails?page=2&page_size=1").await;
    assert_eq!(second["mails"][0]["subject"], "Grüße, 你好");
    assert_eq!(
        second["pagination"],
        serde_json::json!({"page": 2, "page_size": 1, "total_pages": 2, "total_count": 2})
    );

    let cleared = inbox.request(Method::DELETE, "/api/v1/mails").await;
    assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    assert_eq!(inbox.json("/api/v1/mails").await["mails"], serde_json::json!([]));
    assert_eq!(inbox.request(Method::GET, &path).await.status(), StatusCode::NOT_FOUND);
    inbox.stop().await;
}

#[tokio::test]
async fn mail_content_is_escaped_and_sandboxed() {
    let inbox = Inbox::start().await;
    let script = r#""><script>alert(1)</script>"#;
    inbox
        .send("ada@example.com", script, &format!("</pre>{script}"), &format!("<b>{script}</b>"))
        .await;

    let list = inbox.page("/").await;
    assert!(!list.contains("<script") && list.contains("&#60;script"), "{list}");
    let mail = inbox.json("/api/v1/mails").await["mails"][0].clone();
    assert_eq!(mail["subject"], script);
    let path = format!("/mails/{}", mail["id"].as_str().unwrap());
    let page = inbox.page(&path).await;
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    assert!(page.contains("<iframe sandbox=\""), "{page}");
    assert!(!page.contains("allow-scripts") && !page.contains("allow-same-origin"), "{page}");

    let policy = |response: &reqwest::Response| {
        response.headers()["content-security-policy"].to_str().unwrap().to_owned()
    };
    for path in ["/", &path] {
        let page_policy = policy(&inbox.request(Method::GET, path).await);
        assert!(page_policy.starts_with("default-src 'none'"), "{page_policy}");
        assert!(
            !page_policy.contains("script-src") && !page_policy.contains("unsafe"),
            "{page_policy}"
        );
    }
    let response = inbox.request(Method::GET, &format!("{path}/html")).await;
    let mail_policy = policy(&response);
    assert!(
        mail_policy.starts_with("sandbox allow-popups")
            && mail_policy.contains("default-src 'none'")
    );
    assert!(!mail_policy.contains("allow-scripts") && !mail_policy.contains("allow-same-origin"));
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert!(
        response.text().await.unwrap().contains("<script>"),
        "the frame has the unchanged HTML"
    );
    inbox.stop().await;
}

#[tokio::test]
async fn invalid_requests_return_problem_details() {
    let inbox = Inbox::start().await;
    for (path, code, status) in [
        ("/api/v1/mails?page=0", "validation_failed", 400),
        ("/api/v1/mails?page=x", "validation_failed", 400),
        ("/api/v1/mails?page_size=101", "validation_failed", 400),
        ("/?page=-1", "validation_failed", 400),
        ("/api/v1/mails/1", "not_found", 404),
        ("/mails/00000000-0000-0000-0000-000000000000", "not_found", 404),
        ("/nowhere", "not_found", 404),
    ] {
        let response = inbox.request(Method::GET, path).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["code"], code, "{path}");
    }
    let response = inbox.request(Method::POST, "/api/v1/mails").await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    inbox.stop().await;
}

#[tokio::test]
async fn shutdown_ends_although_a_client_stays_connected() {
    let inbox = Inbox::start().await;
    let client = tokio::net::TcpStream::connect(("127.0.0.1", inbox.smtp_port)).await.unwrap();
    client.readable().await.unwrap();
    timeout(Duration::from_secs(5), inbox.stop()).await.expect("it stops");
    drop(client);
}
