//! The running inbox: one port for SMTP, one for HTTP.

use std::time::Duration;

use kit::http::{ObserveConfig, TrustedProxies, catch_panics_and_timeouts, observe};
use kit::{Error, Runtime};
use tokio::net::TcpListener;

use crate::mailbox::Mailbox;
use crate::{Args, smtp, web};

/// Timeout of an HTTP request. All responses are built from memory.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the inbox until the process drains.
///
/// # Errors
/// Returns an error if it cannot listen on an address.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("inbox");
    let smtp = kit::net::listen(runtime.name(), "SMTP", args.inbox_smtp_listen).await?;
    let http = kit::http::listen(args.inbox_listen, &runtime).await?;
    serve_on(smtp, http, args, runtime).await
}

/// Serves on existing listeners, such as ones on ports that the system chose; ignores the addresses
/// in `args`.
///
/// # Errors
/// Returns no error so far; the type is the same for every component.
pub async fn serve_on(
    smtp: TcpListener,
    http: TcpListener,
    args: Args,
    runtime: Runtime,
) -> Result<(), Error> {
    let runtime = runtime.component("inbox");
    let mailbox = Mailbox::default();
    // A background worker: it accepts mail until all components of the process have drained,
    // because they may still send some.
    runtime.spawn("smtp", smtp::serve(smtp, mailbox.clone(), runtime.env.clone()));
    let config = ObserveConfig { runtime: runtime.clone(), deadline: HTTP_TIMEOUT };
    let app = observe(catch_panics_and_timeouts(web::router(mailbox, &args.inbox_hosts)), config);
    kit::http::serve(http, app, &runtime, TrustedProxies::default()).await;
    Ok(())
}
