//! Logging: JSON lines on stderr, text on a terminal. The filter can be changed at run time.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

/// A handle that reads and changes the log filter at run time.
#[derive(Clone)]
pub struct LogFilter {
    handle: Arc<dyn Reload>,
}

trait Reload: Send + Sync {
    fn get(&self) -> String;
    fn set(&self, filter: EnvFilter) -> Result<(), String>;
}

impl Reload for Handle<EnvFilter, Registry> {
    fn get(&self) -> String {
        self.with_current(ToString::to_string).unwrap_or_default()
    }

    fn set(&self, filter: EnvFilter) -> Result<(), String> {
        self.reload(filter).map_err(|error| error.to_string())
    }
}

impl LogFilter {
    /// Returns the filter in the syntax of `RUST_LOG`.
    #[must_use]
    pub fn get(&self) -> String {
        self.handle.get()
    }

    /// Replaces the filter.
    ///
    /// # Errors
    ///
    /// When the text is not a valid filter.
    pub fn set(&self, text: &str) -> Result<(), String> {
        self.handle.set(text.parse::<EnvFilter>().map_err(|error| error.to_string())?)
    }
}

/// Initializes logging. A second call in the same process (tests) has no effect on the first one.
#[must_use]
pub fn init(filter: EnvFilter) -> LogFilter {
    let (filter, handle) = reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    let initialized = if io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(io::stderr)).try_init()
    } else {
        let json = fmt::layer().json().flatten_event(true).with_current_span(false);
        registry.with(json.with_writer(io::stderr)).try_init()
    };
    if initialized.is_err() {
        tracing::debug!("logging is already initialized");
    }
    LogFilter { handle: Arc::new(handle) }
}
