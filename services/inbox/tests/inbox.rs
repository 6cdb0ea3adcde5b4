//! The inbox through its real ports: mail in by a real client, pages and JSON out.

#![expect(clippy::unwrap_used, reason = "fixtures of tests, which may panic")]

use std::time::Duration;

use kit::Runtime;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor, message::MultiPart,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};

struct Inbox {
    smtp_port: u16,
    url: String,
    runtime: Runtime,
    server: JoinHandle<Result<(), kit::Error>>,
}

impl Inbox {
    async fn open() -> Self {
        let runtime = Runtime::for_tests();
        let smtp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp_port = smtp.local_addr().unwrap().port();
        let url = format!("http://{}", http.local_addr().unwrap());
        let server = tokio::spawn(inbox::serve_on(smtp, http, runtime.clone()));
        Self { smtp_port, url, runtime, server }
    }

    async fn close(self) {
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

    async fn ask(&self, method: Method, path: &str) -> reqwest::Response {
        let url = format!("{}{path}", self.url);
        reqwest::Client::new().request(method, url).send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let answer = self.ask(Method::GET, path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.page(path).await).unwrap()
    }
}

#[tokio::test]
async fn a_mail_is_found_by_its_recipient_and_shown_whole() {
    let inbox = Inbox::open().await;
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

    let cleared = inbox.ask(Method::DELETE, "/api/v1/mails").await;
    assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    assert_eq!(inbox.json("/api/v1/mails").await["mails"], serde_json::json!([]));
    assert_eq!(inbox.ask(Method::GET, &path).await.status(), StatusCode::NOT_FOUND);
    inbox.close().await;
}

#[tokio::test]
async fn nothing_in_a_mail_becomes_part_of_a_page() {
    let inbox = Inbox::open().await;
    let evil = r#""><script>alert(1)</script>"#;
    inbox.send("ada@example.com", evil, &format!("</pre>{evil}"), &format!("<b>{evil}</b>")).await;

    let list = inbox.page("/").await;
    assert!(!list.contains("<script") && list.contains("&#60;script"), "{list}");
    let mail = inbox.json("/api/v1/mails").await["mails"][0].clone();
    assert_eq!(mail["subject"], evil);
    let path = format!("/mails/{}", mail["id"].as_str().unwrap());
    let shown = inbox.page(&path).await;
    assert!(!shown.contains("<script") && !shown.contains("<b>"), "{shown}");
    assert!(shown.contains("<iframe sandbox=\""), "{shown}");
    assert!(!shown.contains("allow-scripts") && !shown.contains("allow-same-origin"), "{shown}");

    let policy = |answer: &reqwest::Response| {
        answer.headers()["content-security-policy"].to_str().unwrap().to_owned()
    };
    for path in ["/", &path] {
        let of_page = policy(&inbox.ask(Method::GET, path).await);
        assert!(of_page.starts_with("default-src 'none'"), "{of_page}");
        assert!(!of_page.contains("script-src") && !of_page.contains("unsafe"), "{of_page}");
    }
    let answer = inbox.ask(Method::GET, &format!("{path}/html")).await;
    let of_mail = policy(&answer);
    assert!(of_mail.starts_with("sandbox allow-popups") && of_mail.contains("default-src 'none'"));
    assert!(!of_mail.contains("allow-scripts") && !of_mail.contains("allow-same-origin"));
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert!(answer.text().await.unwrap().contains("<script>"), "the frame shows it as it came");
    inbox.close().await;
}

#[tokio::test]
async fn requests_that_make_no_sense_are_problems() {
    let inbox = Inbox::open().await;
    for (path, code, status) in [
        ("/api/v1/mails?page=0", "validation_failed", 400),
        ("/api/v1/mails?page=x", "validation_failed", 400),
        ("/api/v1/mails?page_size=101", "validation_failed", 400),
        ("/?page=-1", "validation_failed", 400),
        ("/api/v1/mails/1", "not_found", 404),
        ("/mails/00000000-0000-0000-0000-000000000000", "not_found", 404),
        ("/nowhere", "not_found", 404),
    ] {
        let answer = inbox.ask(Method::GET, path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["code"], code, "{path}");
    }
    let answer = inbox.ask(Method::POST, "/api/v1/mails").await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    inbox.close().await;
}

#[tokio::test]
async fn it_ends_although_a_client_stays() {
    let inbox = Inbox::open().await;
    let client = tokio::net::TcpStream::connect(("127.0.0.1", inbox.smtp_port)).await.unwrap();
    client.readable().await.unwrap();
    timeout(Duration::from_secs(5), inbox.close()).await.expect("it ends");
    drop(client);
}
