//! Process metrics from the kernel, read at each scrape. Linux only; omitted elsewhere.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use std::fs;

/// Collector of resident memory, open files and threads.
#[derive(Debug)]
pub(super) struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let open_files = fs::read_dir("/proc/self/fd").map(|entries| entries.count()).ok();
        let values = [
            (
                "process_resident_memory_bytes",
                "Memory of the process in RAM",
                status_number(&status, "VmRSS:").map(|kib| kib * 1024),
            ),
            ("process_threads", "Threads of the process", status_number(&status, "Threads:")),
            (
                "process_open_fds",
                "Open files and sockets",
                open_files.and_then(|count| i64::try_from(count).ok()),
            ),
        ];
        for (name, help, value) in values {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

/// Parses the number after `key` in the text of `/proc/self/status`.
fn status_number(status: &str, key: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::status_number;

    #[test]
    fn numbers_are_parsed_from_proc_status() {
        let status = "Name:\tshop\nVmRSS:\t   10240 kB\nThreads:\t5\n";
        assert_eq!(status_number(status, "VmRSS:"), Some(10240));
        assert_eq!(status_number(status, "Threads:"), Some(5));
        assert_eq!(status_number(status, "VmSwap:"), None);
    }
}
