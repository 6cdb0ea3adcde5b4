//! Logs on stderr and traces over OTLP.
//!
//! Spans always have a trace id, sent or not, so that the log lines of one request can be found
//! across services. Traces are exported only when an endpoint is set.

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

/// Longest wait for one export and for the last one at the end of the process.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// Libraries whose spans and chatter are not ours to trace.
const UNTRACED: [&str; 6] = ["h2", "hyper", "hyper_util", "tonic", "tower", "opentelemetry"];

/// Keeps what must be flushed at the end.
#[derive(Debug)]
pub(crate) struct Telemetry {
    traces: SdkTracerProvider,
}

/// Libraries that write what goes over the wire into their lowest levels, headers and so tokens
/// included. Whatever RUST_LOG says, they have less to say.
const DISCREET: [&str; 5] = ["h2", "hyper", "hyper_util", "rustls", "tonic"];

impl Telemetry {
    /// Sets up logs and traces for the whole process. Needs a tokio runtime. When a subscriber is
    /// there already (a test's), that one stays.
    pub(crate) fn start(name: &'static str, args: &Args) -> Result<Self, Error> {
        let filter = EnvFilter::try_new(&args.log)
            .map_err(|error| Error::Setting { name: "RUST_LOG", reason: error.to_string() })?;
        let discreet = Targets::new()
            .with_default(LevelFilter::TRACE)
            .with_targets(DISCREET.map(|target| (target, LevelFilter::INFO)));
        let traces = tracer_provider(name, args)?;
        // Spans give the trace id; what happens in them is of use only to those who get the traces.
        let exported = args.otlp_endpoint.is_some();
        let wanted = filter_fn(move |metadata| exported || metadata.is_span())
            .with_max_level_hint(LevelFilter::INFO);
        let traced = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_targets(UNTRACED.map(|target| (target, LevelFilter::OFF)));
        let subscriber = Registry::default()
            .with(log_layer(args.log_format).with_filter(filter.and(discreet)))
            .with(
                tracing_opentelemetry::layer()
                    .with_tracer(traces.tracer("kit"))
                    .with_location(false)
                    .with_threads(false)
                    .with_tracked_inactivity(false)
                    // It starts a span when it is entered first, and from then on bounds its
                    // events. Where there are none, it only costs: the context would be set and
                    // taken back at each poll of each future.
                    .with_context_activation(exported)
                    .with_filter(traced.and(wanted)),
            );
        if subscriber.try_init().is_err() {
            tracing::debug!("a subscriber was installed before");
        }
        panics::log();
        Ok(Self { traces })
    }

    /// Sends what has not been sent yet, within a bound.
    pub(crate) async fn flush(self) {
        let flush = move || self.traces.shutdown_with_timeout(EXPORT_TIMEOUT);
        // The exporter blocks, so it is kept off the threads that serve.
        match tokio::task::spawn_blocking(flush).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent"),
            Err(error) => tracing::warn!(%error, "the last traces were not sent"),
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

/// Ids are made and passed on in any case; without an endpoint nothing is kept or sent.
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
