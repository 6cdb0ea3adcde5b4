//! Visitors that would use up what all visitors share.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::browser::Browser;
use crate::shop::start_web_with;

/// Places of concurrent requests.
const PLACES: usize = 4;

#[tokio::test]
async fn incomplete_forms_occupy_no_place() {
    let shop = "http://shop.example";
    let places = PLACES.to_string();
    let url = start_web_with(&["--web-url", shop, "--max-in-flight", &places]).await;
    let address = url.trim_start_matches("http://");
    let head = format!(
        "POST /theme HTTP/1.1\r\nhost: shop.example\r\norigin: {shop}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 40\r\n\r\ntheme="
    );
    let mut incomplete = Vec::new();
    for _ in 0..PLACES * 2 {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("sent");
        incomplete.push(stream);
        Browser::new(&url).get("/help").await.is(200);
    }
}

#[tokio::test]
async fn form_of_unknown_length_is_read_up_to_the_limit() {
    let shop = "http://shop.example";
    let url = start_web_with(&["--web-url", shop]).await;
    let address = url.trim_start_matches("http://");
    for (bytes, status) in [(60 * 1024, "400"), (65 * 1024, "413")] {
        let request = format!(
            "POST /theme HTTP/1.1\r\nhost: shop.example\r\norigin: {shop}\r\n\
             content-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\
             \r\n{bytes:x}\r\n{}\r\n0\r\n\r\n",
            "x".repeat(bytes)
        );
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut status_line = [0; 12];
        stream.read_exact(&mut status_line).await.expect("a response");
        assert_eq!(String::from_utf8_lossy(&status_line), format!("HTTP/1.1 {status}"));
    }
}
