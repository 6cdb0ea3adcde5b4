//! Invalid settings end the process at startup with a one-line error.

use kit::Runtime;
use tokio::net::TcpListener;

use crate::fixture::args;

/// Returns the error of the startup.
async fn startup_error(extra_args: &[&str]) -> String {
    let args = args("postgres://nobody@127.0.0.1:1/none", 1, extra_args);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    notification::serve_on(listener, args, Runtime::for_tests()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn invalid_settings_are_named() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let missing_ca = ["--smtp-tls", "tls", "--smtp-ca-file", "/nowhere"];
    for (extra_args, begin) in [
        (vec!["--mail-from", "Storefront"], "MAIL_FROM: expected a sender"),
        (vec!["--mail-from", "Shop <shop@example.com>\r\nBcc: x@example.com"], "MAIL_FROM: "),
        (missing_ca.to_vec(), "SMTP_CA_FILE: cannot read /nowhere"),
        (vec!["--smtp-username", "shop"], "SMTP_PASSWORD: is not set"),
        (
            vec!["--smtp-username", "shop", "--smtp-password-file", empty.path().to_str().unwrap()],
            "SMTP_PASSWORD: the file",
        ),
    ] {
        let error = startup_error(&extra_args).await;
        assert!(error.starts_with(begin) && !error.contains('\n'), "{error}");
    }
}
