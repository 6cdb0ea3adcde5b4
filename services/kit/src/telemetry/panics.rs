//! A panic is a defect: it goes into the log like any other, once, on one line.

use std::panic::{self, PanicHookInfo};

/// Sends every panic of the process to the log instead of to stderr as it is. Whoever catches one
/// (the servers do) need not log it again; its line carries the request's span.
pub(super) fn log() {
    panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, panic = message(info), "panicked");
    }));
}

fn message<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or("not a text")
}
