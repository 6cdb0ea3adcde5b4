//! Reads server-sent events of the gateway.

use std::time::Duration;

use tokio::time::timeout;

use super::problem::CallError;

/// Time without bytes after which the connection counts as lost: the gateway sends a comment every
/// 15 seconds.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(45);

/// Largest event in bytes: an order with 100 lines has at most a tenth of it.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// An open stream of events.
#[derive(Debug)]
pub(crate) struct EventReader {
    response: reqwest::Response,
    buffer: EventBuffer,
}

impl EventReader {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self { response, buffer: EventBuffer::default() }
    }

    /// Returns the data of the next event; `None` when the stream has ended.
    ///
    /// # Errors
    /// Fails when the connection is lost, or an event is too large.
    pub(crate) async fn next_data(&mut self) -> Result<Option<String>, CallError> {
        loop {
            if let Some(data) = self.buffer.pop_data() {
                return Ok(Some(data));
            }
            let chunk = timeout(SILENCE_TIMEOUT, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| CallError::TimedOut)?.map_err(CallError::Unreachable)?;
            let Some(chunk) = chunk else { return Ok(None) };
            self.buffer.bytes.extend_from_slice(&chunk);
            if self.buffer.bytes.len() > MAX_EVENT_BYTES {
                return Err(CallError::InvalidResponse("an event is too large".to_owned()));
            }
        }
    }
}

/// The bytes that have arrived. The gateway ends lines with a line feed.
#[derive(Debug, Default)]
struct EventBuffer {
    bytes: Vec<u8>,
}

impl EventBuffer {
    /// Removes events up to the first one with data, and returns it; `None` if it is not complete.
    /// Comments and events without data are skipped.
    fn pop_data(&mut self) -> Option<String> {
        loop {
            let end = self.bytes.windows(2).position(|pair| pair == b"\n\n")?;
            let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
            let data = data_of(&String::from_utf8_lossy(&block));
            if data.is_some() {
                return data;
            }
        }
    }
}

/// Returns the lines of data of an event.
fn data_of(block: &str) -> Option<String> {
    let lines = block.lines().filter_map(|line| line.strip_prefix("data:"));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_in_any_parts() {
        let stream =
            ":\n\nevent: order\ndata: {\"a\":\"ä\"}\n\nretry: 1\n\ndata:1\ndata: 2\n\n:\n\n";
        for size in [1, 2, 7, stream.len()] {
            let mut buffer = EventBuffer::default();
            let mut events = Vec::new();
            for part in stream.as_bytes().chunks(size) {
                buffer.bytes.extend_from_slice(part);
                events.extend(std::iter::from_fn(|| buffer.pop_data()));
            }
            assert_eq!(events, ["{\"a\":\"ä\"}", "1\n2"], "{size} bytes at a time");
            assert!(buffer.bytes.is_empty());
        }
    }
}
