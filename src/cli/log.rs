//! Logs to stderr: which ones, by `-v` and `BACKBURN_LOG`, and without the values of sensitive inputs, even in
//! what other crates log.

use std::io::{self, Write};

use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::traces::Traces;
use crate::{conduct::Secrets, journal::redact_text, report::live, text::one_line};

const QUIET: &str = "warn,aws_=off";

pub(super) fn start(verbose: u8, secrets: Secrets, traces: Option<&Traces>) {
    let level = match verbose {
        // What the SDK warns of ends in an error of the program, which says it in its own words: the prefix is that
        // of all crates of the SDK.
        0 => QUIET,
        1 => "warn,backburn=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("BACKBURN_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let writer = move || Hiding { secrets: secrets.clone(), to: live::writer() };
    // Twice only in tests, which then keep the first.
    let _ = tracing_subscriber::registry()
        .with(fmt::layer().with_ansi(false).with_writer(writer).with_filter(filter))
        .with(traces.map(Traces::layer))
        .try_init();
}

/// An event comes as one write, so no value is cut in two.
struct Hiding<W> {
    secrets: Secrets,
    to: W,
}

impl<W: Write> Write for Hiding<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let secrets = self.secrets.all();
        let text = redact_text(String::from_utf8_lossy(bytes).into_owned(), &secrets);
        // And an event is one line: what begins the next one is never a value of this one.
        let mut line = one_line(text.strip_suffix('\n').unwrap_or(&text));
        if text.ends_with('\n') {
            line.push('\n');
        }
        self.to.write_all(line.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_not_heard_unless_somebody_asks() {
        let written = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let to = written.clone();
        let writer = move || Shared(to.clone());
        let layer = fmt::layer().with_ansi(false).with_writer(writer);
        let log = tracing_subscriber::registry().with(layer.with_filter(EnvFilter::new(QUIET)));
        tracing::subscriber::with_default(log, || {
            tracing::warn!(target: "aws_config::imds::region", "failed to load region from IMDS");
            tracing::error!(target: "aws_runtime", "no credentials");
            tracing::warn!(target: "backburn::conduct", "heard");
        });
        let text = String::from_utf8(written.lock().expect("not poisoned").clone()).expect("text");
        assert!(
            text.contains("heard") && !text.contains("IMDS") && !text.contains("credentials"),
            "{text}"
        );
    }

    struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_hidden_later_is_hidden() {
        let secrets = Secrets::default();
        let mut log = Hiding { secrets: secrets.clone(), to: Vec::new() };
        assert_eq!(log.write(b"hunter2 ").expect("a buffer"), 8);
        secrets.add(vec!["hunter2".into()]);
        assert_eq!(log.write(b"body=hunter2").expect("a buffer"), 12);
        assert_eq!(log.to, b"hunter2 body=(sensitive)");
    }
}
