//! Settings that cannot be used end the process at its start, with one line.

use kit::Runtime;
use tokio::net::TcpListener;

use crate::shop::args;

/// What the service says instead of serving.
async fn refusal(more: &[&str]) -> String {
    let args = args("postgres://nobody@127.0.0.1:1/none", 1, more);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    notification::serve_on(listener, args, Runtime::for_tests()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let nowhere = ["--smtp-tls", "tls", "--smtp-ca-file", "/nowhere"];
    for (more, begin) in [
        (vec!["--mail-from", "Storefront"], "MAIL_FROM: expected a sender"),
        (vec!["--mail-from", "Shop <shop@example.com>\r\nBcc: x@example.com"], "MAIL_FROM: "),
        (nowhere.to_vec(), "SMTP_CA_FILE: cannot read /nowhere"),
        (vec!["--smtp-username", "shop"], "SMTP_PASSWORD: is not set"),
        (
            vec!["--smtp-username", "shop", "--smtp-password-file", empty.path().to_str().unwrap()],
            "SMTP_PASSWORD: the file",
        ),
    ] {
        let said = refusal(&more).await;
        assert!(said.starts_with(begin) && !said.contains('\n'), "{said}");
    }
}
