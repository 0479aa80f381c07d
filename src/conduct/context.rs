//! What runs are conducted with: where they are kept, how the account is reached, the configuration,
//! what must not be shown, and who hears of it all. Prints nothing.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use crate::{
    aws::{ConnectOptions, Haste},
    crash_matrix::Rehearsal,
    journal::{Seal, redact_text},
    lab::LabOptions,
};

use super::{
    Configuration, Console, Exit, Failure, Secrets, Silent, configuration::NONE, key, places,
};

/// This user's key, or why there is none to use and what to do.
type Sealed = Result<Option<Seal>, (String, String)>;

/// Cheap to clone; clones share the configuration and what must not be shown.
#[derive(Clone)]
pub struct Context {
    home: PathBuf,
    connect: ConnectOptions,
    account: Option<String>,
    asked: Option<String>,
    configuration: Arc<OnceLock<Configuration>>,
    secrets: Secrets,
    /// Values of sensitive inputs that were read from an account, by where they are kept.
    confided: Arc<Mutex<HashMap<String, String>>>,
    console: Arc<dyn Console>,
    seal: Arc<OnceLock<Sealed>>,
    /// Heads of journals that somebody looked at and said yes to.
    trusted: Arc<RwLock<Vec<String>>>,
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
            secrets: Secrets::default(),
            confided: Arc::default(),
            console: Arc::new(Silent),
            seal: Arc::default(),
            trusted: Arc::default(),
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

    /// With somebody who hears what happens and is asked.
    #[must_use]
    pub fn heard_by(mut self, console: Arc<dyn Console>) -> Self {
        self.console = console;
        self
    }

    /// Where runs are kept.
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
            self.show(checked.render(look.color, look.width).trim_end());
        }
        found.good()
    }

    /// What this user's runs are signed with. None where no key can be kept, which is reported once.
    ///
    /// # Errors
    /// There is a key that others may read or write.
    pub fn seal(&self) -> Result<Option<&Seal>, Failure> {
        let seal = self.seal.get_or_init(|| {
            key::seal().map(|kept| {
                let unkept = |why: &String| {
                    self.say(&format!(
                        "no key of this user can be kept ({why}): runs are not signed, and each command that follows one asks"
                    ));
                };
                kept.inspect_err(unkept).ok()
            })
        });
        match seal {
            Ok(seal) => Ok(seal.as_ref()),
            Err((what, fix)) => Err(Failure::new(Exit::Refused, what.clone()).help(fix.clone())),
        }
    }

    /// The same where an unusable key only means that nothing counts as signed.
    pub(super) fn seal_kept(&self) -> Option<&Seal> {
        self.seal().ok().flatten()
    }

    /// From now on a run whose journal ends at this head is followed, whoever wrote it. For who has looked at it.
    pub fn trust(&self, head: &str) {
        self.trusted.write().unwrap_or_else(PoisonError::into_inner).push(head.into());
    }

    pub(super) fn trusts(&self, head: &str) -> bool {
        self.trusted.read().unwrap_or_else(PoisonError::into_inner).iter().any(|one| one == head)
    }

    /// From now on these values are replaced in everything that is shown.
    pub fn hide(&self, secrets: Vec<String>) {
        self.secrets.add(secrets);
    }

    /// The same list for what shows something by itself.
    pub fn hidden(&self) -> Secrets {
        self.secrets.clone()
    }

    /// What is hidden in everything that is shown.
    pub fn secrets(&self) -> Arc<Vec<String>> {
        self.secrets.all()
    }

    /// Keeps the value that was read from an account for a sensitive input.
    pub(super) fn confide(&self, place: &str, value: String) {
        let mut confided = self.confided.lock().unwrap_or_else(PoisonError::into_inner);
        confided.insert(place.into(), value);
    }

    pub(super) fn confided(&self, place: &str) -> Option<String> {
        let confided = self.confided.lock().unwrap_or_else(PoisonError::into_inner);
        confided.get(place).cloned()
    }

    /// A line for people, beside what is returned.
    pub fn say(&self, line: &str) {
        self.console.say(&redact_text(line.into(), &self.secrets()));
    }

    /// Several lines for people, as `report` writes them.
    pub fn show(&self, text: &str) {
        self.console.show(&redact_text(text.into(), &self.secrets()));
    }

    /// How an account is reached.
    pub fn connect_options(&self) -> ConnectOptions {
        let asked = Rehearsal::asked().map(|asked| Haste {
            attempt: asked.attempt.map(Duration::from_millis),
            patience: asked.patience(),
        });
        ConnectOptions { haste: asked.or(self.connect.haste), ..self.connect.clone() }
    }

    /// How the lab is started where none runs.
    pub fn lab_options(&self) -> LabOptions {
        let home = self.home();
        let named = std::env::var_os("BACKBURN_CACHE").map(PathBuf::from);
        let cache = named.or_else(places::cache).unwrap_or_else(|| home.join("cache"));
        LabOptions {
            // If the system does not report it, the lab runs without its front.
            program: std::env::current_exe().ok(),
            ..LabOptions::new(home.join("lab"), cache)
        }
    }
}
