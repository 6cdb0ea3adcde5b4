//! The running inbox: a port for SMTP and a port for HTTP.

use std::time::Duration;

use kit::{
    Error, Runtime,
    http::{ObserveConfig, catch_panics_and_timeouts, observe},
};
use tokio::net::TcpListener;

use crate::{Args, mailbox::Mailbox, smtp, web};

/// Longest time to an answer over HTTP: all of them come from memory.
const DEADLINE: Duration = Duration::from_secs(10);

/// Serves the inbox until the process drains.
///
/// # Errors
/// When an address cannot be listened on.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), Error> {
    let address = args.inbox_smtp_listen;
    let smtp = TcpListener::bind(address).await.map_err(|source| Error::Listen {
        what: "SMTP",
        address,
        source,
    })?;
    let http = kit::http::listen(args.inbox_listen).await?;
    serve_on(smtp, http, runtime).await
}

/// Serves on listeners that are there already, such as ones on ports that the system chose.
///
/// # Errors
/// None so far; the type is that of every component.
pub async fn serve_on(smtp: TcpListener, http: TcpListener, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("inbox");
    let mailbox = Mailbox::default();
    // A worker, so that it takes mail for as long as the components of the same process send some.
    runtime.spawn("smtp", smtp::serve(smtp, mailbox.clone(), runtime.env.clone()));
    let watched = ObserveConfig { runtime: runtime.clone(), deadline: DEADLINE };
    kit::http::serve(
        http,
        observe(catch_panics_and_timeouts(web::router(mailbox)), watched),
        &runtime,
    )
    .await;
    Ok(())
}
