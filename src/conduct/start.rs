//! A run's directory, locked and read: where work on it begins. Owns what is opened then: journal,
//! desk, notifications, the view.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    aws::{Aws, belts::Belts, registry},
    crash_matrix::Rehearsal,
    engine::{self, Events, plan::Expected},
    journal::{self, Head, Journal, Known, Ledger, Origins, Record, RunDir, RunLock},
    notify,
    program::{planfile::PlanFile, prepare::Prepared},
};

use super::{
    Approvals, Context, Exit, Failure, Watched, desk::Desk, human::Responder, order::Order,
    session::Session, telling,
};

/// A run directory that is locked and whose journal was read.
pub(super) struct Start {
    pub(super) dir: RunDir,
    pub(super) lock: RunLock,
    pub(super) head: Head,
    pub(super) ledger: Ledger,
    pub(super) records: Vec<Record>,
}

impl Start {
    /// The run's belts, with what it touched so far.
    ///
    /// # Errors
    /// The journal has a kind that this version does not know: what it touched cannot be counted.
    pub(super) fn belts(&self, prepared: &Prepared) -> Result<Arc<Belts>, Failure> {
        let registry = registry();
        let earlier = self.records.iter().filter_map(|record| match record {
            Record::Intent { place, scope, setting, before, .. } => {
                Some((scope, registry.touched(&place.kind, setting, before)))
            }
            Record::OperationIntent { place, scope, operation, .. } => {
                Some((scope, registry.touched_by_operation(&place.kind, operation)))
            }
            _ => None,
        });
        let earlier = earlier.map(|(scope, things)| Ok((scope.region.clone(), things?)));
        let earlier = earlier.collect::<Result<Vec<_>, String>>().map_err(|why| {
            let id = self.dir.id();
            Failure::new(Exit::Refused, format!("run {id} cannot be resumed: {why}")).help(
                "resume it with the version that began it, or release it; nothing was changed",
            )
        })?;
        Ok(Arc::new(Belts::new(self.dir.id(), prepared.limits()).after(earlier)))
    }

    /// Locks and reads an earlier run, by its id, a unique prefix of it, or `last`.
    ///
    /// # Errors
    /// There is no such run, another process works on it, its journal does not hold, or it never
    /// started.
    pub(super) fn of(context: &Context, asked: &str) -> Result<Self, Failure> {
        let dir = RunDir::find(context.home(), asked)?;
        let lock = dir.lock()?;
        let read = journal::read(&dir.journal())?;
        if let Some(torn) = &read.torn {
            context.say(&format!(
                "the journal's last line was cut off after {} bytes and is dropped; nothing had been done on its account",
                torn.len()
            ));
        }
        if read.lines.is_empty() {
            return Err(Failure::new(
                Exit::Refused,
                format!("run {} never started: nothing was done", dir.id()),
            ));
        }
        let mut ledger = Ledger::fold(read.lines.iter().map(|line| &line.record));
        Order::of(dir.read_json(RunDir::PLAN).ok().as_ref()).arrange(&mut ledger);
        let records = read.lines.into_iter().map(|line| line.record).collect();
        Ok(Self { dir, lock, head: read.head, ledger, records })
    }

    /// Opens the journal to be written, and all that follows it.
    ///
    /// # Errors
    /// The journal cannot be written or read.
    pub(super) fn open(
        self,
        context: &Context,
        aws: Aws,
        secrets: Vec<String>,
        expected: Expected,
        approved: Approvals,
    ) -> Result<Session, Failure> {
        let path = self.dir.journal();
        let plan: Option<PlanFile> = self.dir.read_json(RunDir::PLAN).ok();
        let desk = Desk::of(&self.dir, plan.as_ref().map_or("", |plan| plan.sha256.as_str()));
        let order = Order::of(plan.as_ref());
        let trip = Rehearsal::asked().and_then(|asked| asked.trip).filter(|_| aws.is_local());
        let told = telling::Plan::of(context, &aws);
        let lines = told.lines();
        context.hide(told.secrets());
        let secrets = [secrets, told.secrets()].concat();
        let (events, received) = Events::channel();
        let mut origins = Origins::default();
        self.records.iter().for_each(|record| origins.add(record));
        let known = Known { head: self.head, origins, ledger: Some(self.ledger.clone()) };
        let journal =
            Journal::append_knowing(&path, known, secrets, trip).map_err(Failure::at(&path))?;
        let (shown, to_show) = Events::channel();
        // Everything shown of the run passes here, including messages of the office.
        let shown = shown.hiding(context.secrets());
        let office = Arc::new(told.open(journal.clone(), &self.records, shown.clone()));
        tokio::spawn(telling::listen(received, shown, office.clone()));
        if let Some(started) = &self.ledger.started {
            office.begin(started);
        }
        let missed = office.about().map(|about| notify::missed(about, &self.records));
        let earlier = journal::read(&path)?.lines;
        let shown = Watched { dir: &self.dir, plan, earlier: &earlier, secrets: context.secrets() };
        let view = tokio::spawn(context.console().watch(shown, to_show));
        drop(earlier);
        let (stop, stopped) = watch::channel(false);
        // A request that an earlier process did not live to see is not meant for this one.
        let _ = std::fs::remove_file(self.dir.stop_request());
        let run = engine::Run {
            id: self.dir.id().into(),
            world: aws,
            journal,
            dir: self.dir.clone(),
            registry: Arc::new(registry()),
            events,
            stop: stopped,
            expected,
            human: Arc::new(Responder::new(context, approved, desk, office.clone())),
        };
        Ok(Session {
            dir: self.dir,
            ledger: self.ledger,
            order,
            run: Arc::new(run),
            view,
            stop,
            office,
            missed: missed.unwrap_or_default(),
            lines,
            context: context.clone(),
            _lock: self.lock,
        })
    }
}
