//! The settings of every process.

use crate::grpc::TlsArgs;
use std::net::SocketAddr;

/// Settings of a process, independent of its components. Flatten it next to the component's own.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Address of /livez, /readyz and /metrics; never exposed to shoppers
    #[arg(long, env = "ADMIN_ADDR", default_value = "[::]:9090")]
    pub admin_addr: SocketAddr,

    /// Log filter, such as `info,catalog=debug`
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    pub log: String,

    /// Format of the log lines; by default text on a terminal and JSON elsewhere
    #[arg(long, env = "LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,

    /// OTLP/gRPC collector for traces, such as http://collector:4317; without it none are exported
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,

    /// Share of traces that are exported, 0 to 1. The first component of the shop decides, whatever
    /// a client asks for; the others keep its decision
    #[arg(long, env = "TRACE_SAMPLE_RATIO", default_value = "1", value_parser = ratio)]
    pub trace_sample_ratio: f64,

    /// Seconds between "not ready" and closing the ports, in which load balancers remove the
    /// process
    #[arg(long, env = "SHUTDOWN_DELAY_SECS", default_value_t = 0)]
    pub shutdown_delay_secs: u32,

    /// Longest wait for requests in flight during shutdown, in seconds
    #[arg(long, env = "SHUTDOWN_GRACE_SECS", default_value_t = 20)]
    pub shutdown_grace_secs: u32,

    /// Worker threads; by default one per core, at most four
    #[arg(long, env = "WORKER_THREADS", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub worker_threads: Option<u16>,

    /// TLS of every gRPC server and client in the process
    #[command(flatten)]
    pub grpc_tls: TlsArgs,
}

/// Format of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line, for log collectors.
    Json,
    /// Aligned text, for people.
    Text,
}

fn ratio(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn defaults_fit_local_development() {
        let args = Command::parse_from(["x"]).args;
        assert_eq!(args.admin_addr.port(), 9090);
        assert_eq!(args.shutdown_delay_secs, 0);
        assert!(args.otlp_endpoint.is_none());
    }

    #[test]
    fn ratio_outside_zero_to_one_is_rejected() {
        for bad in ["-0.1", "1.1", "NaN", "half"] {
            let result = Command::try_parse_from(["x", &format!("--trace-sample-ratio={bad}")]);
            assert!(result.is_err(), "{bad}");
        }
    }
}
