//! The log of one test, as JSON lines.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};
use tracing::subscriber::set_global_default;
use tracing_subscriber::fmt;

thread_local! {
    /// The log of the test on this thread, if it is captured.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// The subscriber of the process. A subscriber of one thread would miss events: threads without one
/// disable the call sites that they reach first.
static SUBSCRIBER: Once = Once::new();

/// The log lines of this thread, on which a test and its service run, until this value is dropped.
pub(crate) struct CapturedLog(());

impl CapturedLog {
    pub(crate) fn start() -> Self {
        SUBSCRIBER.call_once(|| {
            let subscriber = fmt().json().with_max_level(tracing::Level::INFO);
            set_global_default(subscriber.with_writer(|| ThreadLog).finish()).unwrap();
        });
        LOG.set(Some(Vec::new()));
        Self(())
    }

    /// Returns all lines.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(LOG.with_borrow(Clone::clone).unwrap_or_default()).unwrap()
    }

    /// Returns the events with a target.
    pub(crate) fn events(&self, target: &str) -> Vec<Value> {
        let events = self.text();
        let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter(|event| event["target"] == target).collect()
    }

    /// Waits for the first line that contains `text`.
    pub(crate) async fn wait_for(&self, text: &str) -> Value {
        let found = async {
            loop {
                if let Some(line) = self.text().lines().find(|line| line.contains(text)) {
                    return serde_json::from_str(line).unwrap();
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(20), found).await.expect("a log line")
    }
}

impl Drop for CapturedLog {
    fn drop(&mut self) {
        LOG.set(None);
    }
}

/// Writes to the log of the present thread; discards what is not captured.
struct ThreadLog;

impl Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.as_mut().map(|log| log.extend(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
