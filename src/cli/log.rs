//! Logs to stderr: which ones, by `-v` and `BACKBURN_LOG`, and without the values of sensitive inputs, even in
//! what other crates log.

use std::{
    io::{self, Write},
    sync::{Arc, PoisonError},
};

use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::traces::Traces;
use crate::{conduct::Secrets, journal::redact_text, report::live};

pub fn start(verbose: u8, secrets: Secrets, traces: Option<&Traces>) {
    let level = match verbose {
        0 => "warn",
        1 => "warn,backburn=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("BACKBURN_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let writer = move || Hiding { secrets: Arc::clone(&secrets), to: live::writer() };
    // Twice only in tests, which then keep the first.
    let _ = tracing_subscriber::registry()
        .with(fmt::layer().with_writer(writer).with_filter(filter))
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
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        if secrets.is_empty() {
            self.to.write_all(bytes)?;
        } else {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.to.write_all(redact_text(text, &secrets).as_bytes())?;
        }
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
    fn what_is_hidden_later_is_hidden() {
        let secrets = Secrets::default();
        let mut log = Hiding { secrets: Arc::clone(&secrets), to: Vec::new() };
        assert_eq!(log.write(b"hunter2 ").expect("a buffer"), 8);
        secrets.write().expect("whole").push("hunter2".into());
        assert_eq!(log.write(b"body=hunter2").expect("a buffer"), 12);
        assert_eq!(log.to, b"hunter2 body=(sensitive)");
    }
}
