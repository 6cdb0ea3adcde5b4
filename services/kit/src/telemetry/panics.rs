//! Logs panics, once and on one line each.

use std::panic::{self, PanicHookInfo};

/// Installs a panic hook that logs every panic of the process instead of printing it to stderr.
/// Code that catches panics (the servers) does not log them again; the line has the request's span.
pub(super) fn install_hook() {
    panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, panic = message(info), "panicked");
    }));
}

fn message<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or("(no message)")
}
