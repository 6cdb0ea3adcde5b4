//! Logs on stderr and traces over OTLP.
//!
//! Spans always have a trace id, exported or not, so that the log lines of one request can be found
//! across services. Traces are exported only when an endpoint is configured.

mod json;
mod panics;
pub(crate) mod propagation;

use crate::{Args, Error, LogFormat};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::io::IsTerminal as _;
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

/// Longest time for one export, and for the last one at the end of the process.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// Libraries whose spans and events are not traced.
const UNTRACED: [&str; 6] = ["h2", "hyper", "hyper_util", "tonic", "tower", "opentelemetry"];

/// Owns the tracer provider, which must be flushed at the end.
#[derive(Debug)]
pub(crate) struct Telemetry {
    traces: SdkTracerProvider,
}

/// Libraries whose DEBUG and TRACE logs contain headers, and so tokens. They are limited to INFO,
/// regardless of RUST_LOG.
const SENSITIVE: [&str; 5] = ["h2", "hyper", "hyper_util", "rustls", "tonic"];

impl Telemetry {
    /// Sets up logs and traces for the whole process. Requires a tokio runtime. A subscriber that
    /// is already installed (by a test) stays.
    pub(crate) fn start(name: &'static str, args: &Args) -> Result<Self, Error> {
        let filter = EnvFilter::try_new(&args.log)
            .map_err(|error| Error::Setting { name: "RUST_LOG", reason: error.to_string() })?;
        let without_sensitive = Targets::new()
            .with_default(LevelFilter::TRACE)
            .with_targets(SENSITIVE.map(|target| (target, LevelFilter::INFO)));
        let traces = tracer_provider(name, args)?;
        // Spans provide the trace id. Events in them are needed only for exported traces.
        let exported = args.otlp_endpoint.is_some();
        let events = filter_fn(move |metadata| exported || metadata.is_span())
            .with_max_level_hint(LevelFilter::INFO);
        let traced = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_targets(UNTRACED.map(|target| (target, LevelFilter::OFF)));
        let subscriber = Registry::default()
            .with(log_layer(args.log_format).with_filter(filter.and(without_sensitive)))
            .with(
                tracing_opentelemetry::layer()
                    .with_tracer(traces.tracer("kit"))
                    .with_location(false)
                    .with_threads(false)
                    .with_tracked_inactivity(false)
                    // Activation starts a span when it is first entered, and bounds its events.
                    // Without events it has no use, and would set and reset the context at each
                    // poll of each future.
                    .with_context_activation(exported)
                    .with_filter(traced.and(events)),
            );
        if subscriber.try_init().is_err() {
            tracing::debug!("tracing subscriber already installed");
        }
        panics::install_hook();
        Ok(Self { traces })
    }

    /// Exports the remaining spans, within [`EXPORT_TIMEOUT`].
    pub(crate) async fn flush(self) {
        let flush = move || self.traces.shutdown_with_timeout(EXPORT_TIMEOUT);
        // The exporter blocks, so it runs on a blocking thread.
        match tokio::task::spawn_blocking(flush).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "last trace export failed"),
            Err(error) => tracing::warn!(%error, "last trace export failed"),
        }
    }
}

fn log_layer<S>(format: Option<LogFormat>) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let terminal = std::io::stderr().is_terminal();
    let chosen = format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match chosen {
        LogFormat::Json => {
            layer.fmt_fields(JsonFields::new()).event_format(json::JsonLines).boxed()
        }
        LogFormat::Text => layer.with_ansi(terminal).boxed(),
    }
}

/// Creates the tracer provider. Ids are generated and propagated in any case; without an endpoint
/// nothing is recorded or exported.
fn tracer_provider(name: &'static str, args: &Args) -> Result<SdkTracerProvider, Error> {
    let Some(endpoint) = &args.otlp_endpoint else {
        return Ok(SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build());
    };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .map_err(|error| Error::Telemetry { what: "traces", source: error.into() })?;
    let ratio = Sampler::TraceIdRatioBased(args.trace_sample_ratio);
    let resource = Resource::builder()
        .with_service_name(name)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(ratio)))
        .with_resource(resource)
        .build())
}
