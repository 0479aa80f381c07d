//! What runs are conducted with: where they are kept, how the account is reached, the configuration,
//! what must not be shown, and who hears of it all. Prints nothing.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, PoisonError},
    time::Duration,
};

use crate::{
    aws::{ConnectOptions, Haste},
    crash_matrix::Rehearsal,
    journal::redact_text,
    lab::LabOptions,
};

use super::{Configuration, Console, Failure, Secrets, Silent, configuration::NONE};

/// Cheap to clone; clones share the configuration and what must not be shown.
#[derive(Clone)]
pub struct Context {
    home: PathBuf,
    connect: ConnectOptions,
    account: Option<String>,
    asked: Option<String>,
    configuration: Arc<OnceLock<Configuration>>,
    secrets: Secrets,
    console: Arc<dyn Console>,
}

impl Context {
    /// Runs under `home`, AWS by the environment, no configuration, and nobody who hears of them.
    pub fn at(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            connect: ConnectOptions::default(),
            account: None,
            asked: Some(NONE.into()),
            configuration: Arc::default(),
            secrets: Arc::default(),
            console: Arc::new(Silent),
        }
    }

    /// How AWS, or an endpoint in its place, is reached.
    #[must_use]
    pub fn connecting(mut self, connect: ConnectOptions) -> Self {
        self.connect = connect;
        self
    }

    /// Uses a configuration: this file, or where none is named the one that is found from the current folder.
    #[must_use]
    pub fn configured(mut self, file: Option<String>) -> Self {
        self.asked = file;
        self
    }

    /// Works in this account of the configuration, by name or id.
    #[must_use]
    pub fn in_account(mut self, account: Option<String>) -> Self {
        self.account = account;
        self
    }

    #[must_use]
    pub fn heard_by(mut self, console: Arc<dyn Console>) -> Self {
        self.console = console;
        self
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The account that was asked for, by name or id.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    pub(crate) fn console(&self) -> &Arc<dyn Console> {
        &self.console
    }

    /// The configuration, read when it is first asked for.
    pub fn configuration(&self) -> &Configuration {
        self.configuration.get_or_init(|| {
            let found = Configuration::find(self.asked.as_deref());
            if let Some((path, origin)) = &found.file {
                let line = format!("configuration: {}, {}", path.display(), origin.words());
                self.console.note(&redact_text(line, &self.secrets()));
            }
            found
        })
    }

    /// The configuration without mistakes.
    ///
    /// # Errors
    /// The file cannot be read, or has mistakes, which are reported.
    pub fn good_configuration(&self) -> Result<&crate::config::Config, Failure> {
        let found = self.configuration();
        if let Some(checked) = found.mistaken() {
            let look = self.console.look();
            self.say(checked.render(look.color, look.width).trim_end());
        }
        found.good()
    }

    /// From now on these values are replaced in everything that is shown.
    pub fn hide(&self, secrets: Vec<String>) {
        let mut hidden = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        hidden.extend(secrets.into_iter().filter(|secret| !secret.is_empty()));
        // A secret that holds another one goes first, or its rest would stay.
        hidden.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        hidden.dedup();
    }

    /// The same list for what shows something by itself.
    pub fn hidden(&self) -> Secrets {
        Arc::clone(&self.secrets)
    }

    pub fn secrets(&self) -> Vec<String> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something for people, beside what is returned.
    pub fn say(&self, text: &str) {
        self.console.say(&redact_text(text.into(), &self.secrets()));
    }

    pub fn connect_options(&self) -> ConnectOptions {
        let asked = Rehearsal::asked().map(|asked| Haste {
            attempt: asked.attempt.map(Duration::from_millis),
            patience: asked.patience(),
        });
        ConnectOptions { haste: asked.or(self.connect.haste), ..self.connect.clone() }
    }

    pub fn lab_options(&self) -> LabOptions {
        let home = self.home();
        let cache =
            std::env::var_os("BACKBURN_CACHE").map_or_else(|| home.join("cache"), PathBuf::from);
        LabOptions {
            // If the system does not report it, the lab runs without its front.
            program: std::env::current_exe().ok(),
            ..LabOptions::new(home.join("lab"), cache)
        }
    }
}
