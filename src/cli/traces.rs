//! `--otlp`: spans of the command, its steps and its AWS calls by OpenTelemetry. Owns what leaves this
//! machine that way (names, states and counts; no input, no answer, no log line), and that a collector
//! that is dead holds nothing up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use super::{Context, Exit, Failure};
use crate::config::{is_loopback, web_url};

/// For one request to the collector, and for what is left at the end.
const PATIENCE: Duration = Duration::from_secs(3);
const DEFAULT: &str = "http://127.0.0.1:4318";
const PATH: &str = "/v1/traces";

/// Spans on their way to a collector.
pub(super) struct Traces {
    provider: SdkTracerProvider,
    lost: Arc<AtomicUsize>,
    /// Without what may be a secret of it.
    shown: String,
}

impl Traces {
    /// `asked` is the option's URL; nothing stands for the standard environment variables, and then
    /// for a collector on this machine.
    ///
    /// # Errors
    /// The URL is not valid.
    pub(super) fn start(asked: &str) -> Result<Self, Failure> {
        let url = endpoint(asked, |name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        let bad = |why: String| {
            Failure::new(Exit::Usage, format!("`--otlp`: {why}"))
                .help(format!("write it as `--otlp={DEFAULT}`"))
        };
        if reqwest::Url::parse(&url).is_err() {
            return Err(bad("its endpoint is not a URL".into()));
        }
        let mut exporter = opentelemetry_otlp::SpanExporter::builder().with_http();
        if let Some(client) = direct(&url) {
            exporter = exporter.with_http_client(client);
        }
        let exporter = exporter
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&url)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|e| bad(e.to_string()))?;
        let lost = Arc::new(AtomicUsize::new(0));
        let resource = Resource::builder()
            .with_service_name("backburn")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Counting { exporter, lost: lost.clone() })
            .with_resource(resource)
            .build();
        Ok(Self { provider, lost, shown: crate::config::shown_url(&url) })
    }

    /// What makes spans of the program's own; it sees no events, which have details in them.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("backburn"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_level(false)
            .with_filter(filter_fn(leaves))
    }

    /// Sends what is left, for a limited time; reports what was lost. Changes no exit code.
    pub(super) fn finish(self, context: &Context) {
        let (done, ended) = std::sync::mpsc::channel();
        let provider = self.provider;
        // A thread that nothing waits for longer: the collector may never answer.
        let sender = std::thread::spawn(move || {
            let _ = done.send(provider.shutdown_with_timeout(PATIENCE).is_ok());
        });
        let in_time = ended.recv_timeout(PATIENCE + Duration::from_millis(500));
        drop(sender);
        let lost = self.lost.load(Ordering::Relaxed);
        let place = &self.shown;
        match in_time {
            Ok(true) if lost == 0 => {}
            Ok(_) if lost > 0 => context.say(&format!(
                "traces: the collector at {place} took not all, {lost} spans are lost"
            )),
            _ => context.say(&format!("traces: the collector at {place} did not answer in time")),
        }
    }
}

/// A client for a collector on this machine, which passes no proxy; the exporter has its own for any other.
fn direct(url: &str) -> Option<reqwest::blocking::Client> {
    web_url(url).ok().filter(is_loopback)?;
    // It has a runtime of its own, which must not be made inside another.
    let made = std::thread::spawn(|| {
        reqwest::blocking::Client::builder().timeout(PATIENCE).no_proxy().build()
    });
    made.join().ok()?.ok()
}

fn leaves(meta: &Metadata<'_>) -> bool {
    let target = meta.target();
    meta.is_span() && (target.starts_with("backburn::") || target.starts_with("aws_sdk_"))
}

/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp>
fn endpoint(asked: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    if asked.is_empty()
        && let Some(whole) = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    {
        return whole;
    }
    let base = match asked {
        "" => variable("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap_or_else(|| DEFAULT.into()),
        url => url.to_owned(),
    };
    let base = base.trim_end_matches('/');
    if base.ends_with(PATH) { base.into() } else { format!("{base}{PATH}") }
}

/// Counts what the collector did not take.
#[derive(Debug)]
struct Counting {
    exporter: opentelemetry_otlp::SpanExporter,
    lost: Arc<AtomicUsize>,
}

impl SpanExporter for Counting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let sent = self.exporter.export(batch).await;
        if sent.is_err() {
            self.lost.fetch_add(count, Ordering::Relaxed);
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_added_to_a_base_and_not_twice() {
        let none = |_: &str| None;
        assert_eq!(endpoint("", none), "http://127.0.0.1:4318/v1/traces");
        assert_eq!(endpoint("http://c:4318/", none), "http://c:4318/v1/traces");
        assert_eq!(endpoint("http://c/v1/traces", none), "http://c/v1/traces");
        let base = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "http://e".into());
        assert_eq!(endpoint("", base), "http://e/v1/traces");
        assert_eq!(endpoint("http://c", base), "http://c/v1/traces");
        let whole = |_: &str| Some("http://e/own".to_owned());
        assert_eq!(endpoint("", whole), "http://e/own");
    }
}
