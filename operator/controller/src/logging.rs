//! Logs: JSON lines on stderr, text on a terminal; the level can be changed while running.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

/// What is logged, to be read and changed.
#[derive(Clone)]
pub struct Level {
    change: Arc<dyn Change>,
}

trait Change: Send + Sync {
    fn get(&self) -> String;
    fn set(&self, filter: EnvFilter) -> Result<(), String>;
}

impl Change for Handle<EnvFilter, Registry> {
    fn get(&self) -> String {
        self.with_current(ToString::to_string).unwrap_or_default()
    }

    fn set(&self, filter: EnvFilter) -> Result<(), String> {
        self.reload(filter).map_err(|error| error.to_string())
    }
}

impl Level {
    /// As `RUST_LOG` would say it.
    #[must_use]
    pub fn get(&self) -> String {
        self.change.get()
    }

    /// Changes it.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, when it is no filter.
    pub fn set(&self, text: &str) -> Result<(), String> {
        self.change.set(text.parse::<EnvFilter>().map_err(|error| error.to_string())?)
    }
}

/// Starts logging. A second start in the same process (tests) leaves the first one in place.
#[must_use]
pub fn start(filter: EnvFilter) -> Level {
    let (filter, handle) = reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    let started = if io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(io::stderr)).try_init()
    } else {
        let json = fmt::layer().json().flatten_event(true).with_current_span(false);
        registry.with(json.with_writer(io::stderr)).try_init()
    };
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
    Level { change: Arc::new(handle) }
}
