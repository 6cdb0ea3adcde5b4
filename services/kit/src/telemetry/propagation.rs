//! W3C trace context propagation: extracted from requests, injected into calls.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Makes `span` a child of the trace context in the headers of another component, whose sampling
/// decision is kept, and records its `trace.id`.
pub(crate) fn adopt(span: &Span, headers: &HeaderMap) {
    set_parent(span, TraceContextPropagator::new().extract(&HeaderExtractor(headers)));
}

/// Makes `span` a child of the trace context in the headers of a client, and records its
/// `trace.id`. The client's sampling decision is replaced by `sampled`, because clients of the shop
/// must not decide how many traces it exports.
pub(crate) fn adopt_from_client(span: &Span, headers: &HeaderMap, sampled: bool) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    let client = parent.span().span_context().clone();
    let flags = client.trace_flags().with_sampled(sampled);
    let (trace_id, span_id) = (client.trace_id(), client.span_id());
    let decided = SpanContext::new(trace_id, span_id, flags, true, client.trace_state().clone());
    set_parent(span, Context::new().with_remote_span_context(decided));
}

fn set_parent(span: &Span, parent: Context) {
    if parent.span().span_context().is_valid() && span.set_parent(parent).is_err() {
        tracing::trace!("span is not recorded");
    }
    let context = span.context();
    let trace = context.span().span_context().clone();
    if trace.is_valid() {
        span.record("trace.id", tracing::field::display(trace.trace_id()));
    }
}

/// Injects the trace context of `span` into the headers of a call.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(&span.context(), &mut HeaderInjector(headers));
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    use tracing_subscriber::layer::SubscriberExt as _;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    /// Runs `test` with the tracing layer configured as with an exporter and as without one.
    fn with_tracing(test: impl Fn()) {
        for exported in [true, false] {
            let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
            let layer = tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("test"))
                .with_context_activation(exported);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), &test);
        }
    }

    fn propagated(incoming: &HeaderMap) -> String {
        let span = tracing::error_span!("request", trace.id = tracing::field::Empty);
        adopt(&span, incoming);
        let mut outgoing = HeaderMap::new();
        inject(&span, &mut outgoing);
        outgoing["traceparent"].to_str().expect("a text").to_owned()
    }

    #[test]
    fn callers_trace_is_continued() {
        with_tracing(|| {
            let mut incoming = HeaderMap::new();
            let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
            incoming.insert("traceparent", parent.parse().expect("a header"));
            let traceparent = propagated(&incoming);
            assert!(traceparent.contains(TRACE), "{traceparent}");
            assert!(
                !traceparent.contains("00f067aa0ba902b7"),
                "the parent is the server span: {traceparent}"
            );
        });
    }

    #[test]
    fn sampling_flag_of_a_client_is_replaced() {
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        let _guard = tracing::subscriber::set_default(subscriber);
        for flag in ["00", "01"] {
            let mut headers = HeaderMap::new();
            let parent = format!("00-{TRACE}-00f067aa0ba902b7-{flag}");
            headers.insert("traceparent", parent.parse().expect("a header"));
            for (sampled, expected) in [(false, "-00"), (true, "-01")] {
                let span = tracing::error_span!("request", trace.id = tracing::field::Empty);
                adopt_from_client(&span, &headers, sampled);
                let mut outgoing = HeaderMap::new();
                inject(&span, &mut outgoing);
                let traceparent = outgoing["traceparent"].to_str().expect("a text");
                assert!(traceparent.contains(TRACE), "{traceparent}");
                assert!(traceparent.ends_with(expected), "{flag} {sampled}: {traceparent}");
            }
        }
    }

    #[test]
    fn missing_or_invalid_trace_starts_a_new_one() {
        with_tracing(|| {
            let mut invalid = HeaderMap::new();
            invalid.insert("traceparent", HeaderValue::from_static("00-zz-zz-01"));
            for incoming in [HeaderMap::new(), invalid] {
                let traceparent = propagated(&incoming);
                assert_eq!(traceparent.len(), 55, "{traceparent}");
                assert!(!traceparent.contains("00000000000000000000000000000000"), "{traceparent}");
            }
        });
    }

    #[test]
    fn call_continues_the_trace_of_its_request() {
        with_tracing(|| {
            let mut incoming = HeaderMap::new();
            incoming.insert(
                "traceparent",
                format!("00-{TRACE}-00f067aa0ba902b7-01").parse().expect("a header"),
            );
            let request = tracing::error_span!("request", trace.id = tracing::field::Empty);
            adopt(&request, &incoming);
            let step = request.in_scope(|| tracing::error_span!("step"));
            let call = step.in_scope(|| tracing::error_span!("call"));
            let mut outgoing = HeaderMap::new();
            inject(&call, &mut outgoing);
            let traceparent = outgoing["traceparent"].to_str().expect("a text");
            assert!(traceparent.contains(TRACE), "{traceparent}");
        });
    }
}
