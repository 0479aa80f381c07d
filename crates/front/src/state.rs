//! What a running front holds together, and what stand-ins have of it. Owns the handle; does no work itself.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use super::body::Budget;
use super::cloudtrail::{Record, Trail};
use super::control::Counts;
use super::enforce::{self, Enforcement};
use super::events::{Bus, Event};
use super::faults::Faults;
use super::identity::Identities;
use super::quotas::Quotas;
use super::record::Recorder;
use super::stand_in::AnyStandIn;
use super::upstream::Upstream;
use super::{Call, Clock, Error, Identity, Options, Scope, Session, StandIn, Store};

/// A running front. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    options: Options,
    upstream: Upstream,
    store: Store,
    stand_ins: Vec<Box<dyn AnyStandIn>>,
    identities: Identities,
    trail: Trail,
    bus: Bus,
    faults: Faults,
    quotas: Option<Quotas>,
    recorder: Option<Recorder>,
    enforcement: Option<Enforcement>,
    counts: Counts,
    budget: Budget,
    started: jiff::Timestamp,
    lost: std::sync::Mutex<Vec<String>>,
    stop: watch::Sender<bool>,
}

/// A front before it starts.
pub struct Builder {
    options: Options,
    stand_ins: Vec<Box<dyn AnyStandIn>>,
}

impl Builder {
    pub fn new(options: Options) -> Self {
        Self { options, stand_ins: Vec::new() }
    }

    /// Adds a stand-in, unless its service is to be passed through.
    #[must_use]
    pub(crate) fn with(mut self, stand_in: impl StandIn) -> Self {
        let service = StandIn::service(&stand_in);
        if !self.options.passthrough.iter().any(|name| name == service) {
            self.stand_ins.push(Box::new(stand_in));
        }
        self
    }

    /// The front with its background work running. [`serve`](super::serve) makes it answer.
    ///
    /// # Errors
    /// An upstream that is not on loopback, or a home that cannot be read.
    pub async fn start(self) -> Result<Front, Error> {
        let (store, lost) = match &self.options.home {
            Some(home) => {
                Store::open(home).map_err(|source| Error::Home { path: home.clone(), source })?
            }
            None => (Store::volatile(), None),
        };
        let has_quotas = self.options.has_quotas;
        let recorder = self.options.record.as_deref().map(|path| {
            Recorder::open(path).map_err(|source| Error::Home { path: path.into(), source })
        });
        let recorder = recorder.transpose()?;
        let enforces = self.options.enforces && !self.options.is_enforced;
        let front = Front(Arc::new(Inner {
            upstream: Upstream::new(&self.options.upstream)?,
            store,
            stand_ins: self.stand_ins,
            identities: Identities::default(),
            trail: Trail::default(),
            bus: Bus::default(),
            faults: Faults::default(),
            quotas: has_quotas.then(Quotas::default),
            recorder,
            enforcement: enforces.then(Enforcement::default),
            counts: Counts::default(),
            budget: Budget::new(self.options.patience),
            started: jiff::Timestamp::now(),
            lost: std::sync::Mutex::new(lost.into_iter().collect()),
            stop: watch::channel(false).0,
            options: self.options,
        }));
        front.begin().await;
        Ok(front)
    }
}

impl Front {
    async fn begin(&self) {
        let front = self.clone();
        self.spawn(async move { front.0.store.run().await });
        let front = self.clone();
        self.spawn(async move { front.0.bus.run(&front).await });
        if let Some(home) = self.0.options.home.clone() {
            let lost = self.0.trail.open(&home);
            self.tell_lost(lost.unwrap_or_else(|error| {
                vec![format!("CloudTrail events from before the start cannot be read: {error}")]
            }));
            let front = self.clone();
            // Not ended with the rest: it writes what the rest leaves.
            tokio::spawn(async move { front.0.trail.run(home).await });
        }
        for stand_in in &self.0.stand_ins {
            let lost = stand_in.begin(self).await;
            self.tell_lost(lost);
        }
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.0.upstream
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(super) fn recorder(&self) -> Option<&Recorder> {
        self.0.recorder.as_ref()
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.options.clock
    }

    /// Waits for `span` of AWS's time, shortened by the clock's factor.
    pub(crate) async fn sleep(&self, span: Duration) {
        self.clock().sleep(span).await;
    }

    /// Background work that ends when the front stops.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let front = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = work => {}
                () = front.stopped() => {}
            }
        });
    }

    /// Calls upon the upstream in a caller's account, with its own key where the upstream takes that.
    pub(crate) fn as_caller(&self, call: &Call) -> Session {
        self.session(&call.identity.access_key, call.scope.clone())
    }

    /// Calls upon the upstream when no caller waits: after a restart, or on behalf of a service.
    pub(crate) fn as_service(&self, scope: &Scope) -> Session {
        self.session(&scope.account, scope.clone())
    }

    pub(crate) fn session(&self, access_key: &str, scope: Scope) -> Session {
        let is_foreign = self.0.options.is_enforced || enforce::minted(self, access_key).is_some();
        let key = if is_foreign { scope.account.clone() } else { access_key.to_owned() };
        Session::raw(self, &key, scope)
    }

    /// Who an access key belongs to, according to the upstream; cached once known.
    pub(crate) async fn identity(&self, access_key: &str, region: &str) -> Identity {
        let issued = self.enforcement().and_then(|of| of.issued(self, access_key));
        match issued {
            Some(issued) => issued.identity.clone(),
            None => self.0.identities.of(self, access_key, region).await,
        }
    }

    /// Publishes an event on the default bus of its account and Region. Returns at once.
    pub(crate) fn raise(&self, event: Event) {
        self.0.bus.raise(event);
    }

    pub(crate) fn identities(&self) -> &Identities {
        &self.0.identities
    }

    /// Every call that CloudTrail records from now on.
    pub(crate) fn records(&self) -> broadcast::Receiver<Arc<Record>> {
        self.0.trail.subscribe()
    }

    /// What a restart lost, a sentence each.
    pub(crate) fn lost(&self) -> Vec<String> {
        self.0.lost.lock().map(|lost| lost.clone()).unwrap_or_default()
    }

    pub(crate) fn tell_lost(&self, sentences: Vec<String>) {
        for sentence in &sentences {
            tracing::warn!("{sentence}");
        }
        if let Ok(mut lost) = self.0.lost.lock() {
            lost.extend(sentences);
        }
    }

    /// What this front stands in for: service and sentences.
    pub(crate) fn stands_in_for(&self) -> Vec<(String, Vec<String>)> {
        let told = |stand_in: &dyn AnyStandIn| {
            let sentences: Vec<String> =
                stand_in.stands_in_for().iter().map(|text| (*text).to_owned()).collect();
            (stand_in.service().to_owned(), sentences)
        };
        let mut all: Vec<_> = self.0.stand_ins.iter().map(|stand_in| told(&**stand_in)).collect();
        if !self.passes("cloudtrail") {
            let sentences = super::cloudtrail::STANDS_IN_FOR.iter().map(|text| (*text).to_owned());
            all.push(("cloudtrail".into(), sentences.collect()));
        }
        // One that only corrects an answer stands in for nothing.
        all.retain(|(_, sentences)| !sentences.is_empty());
        all
    }

    /// Stand-ins that want to see an operation; the first that answers wins.
    pub(crate) fn stand_ins_of<'a>(
        &'a self,
        service: &'a str,
        operation: &'a str,
    ) -> impl Iterator<Item = &'a dyn AnyStandIn> {
        let all = self.0.stand_ins.iter().filter(move |stand_in| stand_in.service() == service);
        all.filter(move |stand_in| stand_in.operations().contains(&operation)).map(|s| &**s)
    }

    /// Whether a service is switched off.
    pub(crate) fn passes(&self, service: &str) -> bool {
        self.0.options.passthrough.iter().any(|name| name == service)
    }

    pub(crate) fn stand_ins(&self) -> &[Box<dyn AnyStandIn>] {
        &self.0.stand_ins
    }

    pub(crate) fn trail(&self) -> &Trail {
        &self.0.trail
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// Ports of loopback that the upstream may deliver to by HTTP.
    pub(crate) fn deliver_to(&self) -> &[u16] {
        &self.0.options.deliver_to
    }

    pub(crate) fn quotas(&self) -> Option<&Quotas> {
        self.0.quotas.as_ref()
    }

    /// `None` unless this front refuses whom policies refuse.
    pub(crate) fn enforcement(&self) -> Option<&Enforcement> {
        self.0.enforcement.as_ref()
    }

    /// After a call that may have changed what others are judged by.
    pub(crate) fn changed(&self, account: &str, service: &str, operation: &str) {
        if let Some(enforcement) = self.enforcement() {
            enforcement.changed(account, service, operation);
            // A user has another ARN then.
            if (service, operation) == ("iam", "UpdateUser") {
                self.0.identities.clear();
            }
        }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    pub(crate) fn started(&self) -> jiff::Timestamp {
        self.0.started
    }

    /// Returns when the front is stopped.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as this handle.
        let _ = self.0.stop.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Forgets everything that the upstream's own reset has made untrue.
    pub(crate) fn forget(&self) {
        self.0.store.clear();
        self.0.trail.clear();
        self.0.identities.clear();
        self.0.bus.forget();
        self.0.faults.clear();
        if let Some(enforcement) = self.enforcement() {
            enforcement.clear();
        }
    }

    /// Ends the background work, lets calls under way finish, and writes the last state.
    pub async fn stop(&self) {
        self.0.stop.send_replace(true);
        self.0.store.finish().await;
        if self.0.options.home.is_some() {
            self.0.trail.finish().await;
        }
    }
}
