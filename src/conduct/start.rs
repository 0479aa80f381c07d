//! A run's directory, locked and read: where work on it begins. Owns what is opened then: journal,
//! desk, notifications, the view.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::watch;

use crate::{
    aws::{Aws, belts::Belts, registry},
    crash_matrix::Rehearsal,
    engine::{self, Events, World, plan::Expected},
    journal::{
        self, Head, Hidden, Journal, Known, Ledger, Origins, Record, Redactor, RunDir, RunLock, Who,
    },
    notify,
    program::{planfile::PlanFile, prepare::Prepared},
    report::plan::plural,
};

use super::{
    Approvals, Context, Exit, Failure, Watched,
    desk::Desk,
    entitled::Bench,
    human::Responder,
    identity::operators,
    order::Order,
    session::Session,
    stopping::{Doing, Stopping},
    telling, whose,
};

/// A run directory that is locked and whose journal was read.
pub(super) struct Start {
    pub(super) dir: RunDir,
    pub(super) lock: RunLock,
    pub(super) head: Head,
    pub(super) ledger: Ledger,
    pub(super) records: Vec<Record>,
    /// What a request to stop finds it doing.
    pub(super) doing: Doing,
}

impl Start {
    /// The run's belts, with what it touched so far.
    ///
    /// # Errors
    /// The journal has a kind that this version does not know: what it touched cannot be counted.
    pub(super) fn belts(&self, prepared: &Prepared) -> Result<Arc<Belts>, Failure> {
        let registry = registry();
        // What a step touches is never sensitive, and what else it has does not count here.
        let by = self.redactor(&prepared.hidden);
        let known = |value: &Value| by.reveal_or_show(value.clone());
        let earlier = self.records.iter().filter_map(|record| match record {
            Record::Intent { place, scope, setting, before, .. } => {
                Some((scope, registry.touched(&place.kind, &known(setting), &known(before))))
            }
            Record::OperationIntent { place, scope, operation, .. } => {
                Some((scope, registry.touched_by_operation(&place.kind, &known(operation))))
            }
            _ => None,
        });
        // What another user's journal claims is not taken for the run's own.
        let operations = self.ledger.operations().filter(|(.., kept)| !kept.claimed);
        let made = operations.filter_map(|(_, place, kept)| {
            let operation = registry.operation(&place.kind, &known(&kept.operation)).ok()?;
            let jobs = kept.job.iter().chain(&kept.failed_jobs);
            let things: Vec<_> = jobs.flat_map(|job| operation.made(job)).collect();
            Some((kept.scope.region.clone(), things))
        });
        let earlier = earlier.map(|(scope, things)| Ok((scope.region.clone(), things?)));
        let earlier = earlier.collect::<Result<Vec<_>, String>>().map_err(|why| {
            let id = self.dir.id();
            Failure::new(Exit::Refused, format!("run {id} cannot be resumed: {why}")).help(
                "resume it with the version that began it, or release it; nothing was changed",
            )
        })?;
        let belts = Belts::new(self.dir.id(), prepared.limits()).after(earlier);
        Ok(Arc::new(belts.with_made(made)))
    }

    /// Hides the values of the run, and brings back those that are known.
    pub(super) fn redactor(&self, hidden: &Hidden) -> Redactor {
        redactor(hidden, whose::plan(&self.dir, &self.ledger).as_ref())
    }

    /// Locks and reads an earlier run, by its id, a unique prefix of it, or `last`.
    ///
    /// # Errors
    /// There is no such run, another process works on it, its journal does not hold, or it never
    /// started.
    pub(super) fn of(context: &Context, asked: &str) -> Result<Self, Failure> {
        let dir = RunDir::find(context.home(), asked)?;
        let lock = dir.lock()?;
        let witness = whose::witness(context, &dir)?;
        let read = journal::read_kept(&dir.journal())?;
        if let Some(torn) = &read.torn {
            context.say(&format!(
                "the journal's last line was cut off after {} and is dropped; nothing had been done on its account",
                plural(torn.len(), "byte")
            ));
        }
        if read.lines.is_empty() {
            return Err(Failure::new(
                Exit::Refused,
                format!("run {} never started: nothing was done", dir.id()),
            ));
        }
        let signature = witness.judge(&read.head, &read.last);
        whose::followed(context, &dir, &signature, &read.head)?;
        let mut ledger = Ledger::fold(read.lines.iter().map(|line| &line.record));
        if !signature.is_own() {
            ledger.claimed();
        }
        Order::of(whose::plan(&dir, &ledger).as_ref()).arrange(&mut ledger);
        let records = read.lines.into_iter().map(|line| line.record).collect();
        Ok(Self { dir, lock, head: read.head, ledger, records, doing: Doing::Beginning })
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
        me: Who,
    ) -> Result<Session, Failure> {
        let path = self.dir.journal();
        let plan = whose::plan(&self.dir, &self.ledger);
        let seal = context.seal()?;
        let sha256 = plan.as_ref().map_or("", |plan| plan.sha256.as_str());
        let desk = Desk::of(&self.dir, sha256, seal);
        desk.forget(&self.records);
        let order = Order::of(plan.as_ref());
        let trip = Rehearsal::asked().and_then(|asked| asked.trip).filter(|_| aws.is_local());
        let told = telling::Plan::of(context, &aws);
        let lines = told.lines();
        context.hide([secrets, told.secrets()].concat());
        let redactor = redactor(&context.hidden(), plan.as_ref());
        let (events, received) = Events::channel();
        let mut origins = Origins::default();
        self.records.iter().for_each(|record| origins.add(record));
        let seal = seal.map(|seal| (seal.clone(), self.dir.id().to_owned()));
        let known = Known { head: self.head, origins, ledger: Some(self.ledger.clone()), seal };
        let journal =
            Journal::append_knowing(&path, known, redactor, trip).map_err(Failure::at(&path))?;
        let (shown, to_show) = Events::channel();
        // Everything shown of the run passes here, including messages of the office.
        let shown = shown.hiding(context.hidden());
        let office = Arc::new(told.open(journal.clone(), &self.records, shown.clone()));
        tokio::spawn(telling::listen(received, shown, office.clone()));
        if let Some(started) = &self.ledger.started {
            office.begin(started);
        }
        let missed = office.about().map(|about| notify::missed(about, &self.records));
        let earlier = journal::read(&path)?.lines;
        let shown = Watched { dir: &self.dir, plan, earlier: &earlier, secrets: context.hidden() };
        let view = tokio::spawn(context.console().watch(shown, to_show));
        drop(earlier);
        let (stop, stopped) = watch::channel(false);
        // A request that an earlier process did not live to see is not meant for this one.
        let _ = std::fs::remove_file(self.dir.stop_request());
        let mut operators = operators(&self.records);
        operators.push(me.clone());
        let rehearses = Rehearsal::asked().is_some() && aws.is_local();
        let bench = Bench { operators, account: aws.scope().account.clone(), rehearses };
        let responder = Responder {
            context: context.clone(),
            approvals: approved,
            desk: desk.clone(),
            office: office.clone(),
            journal: journal.clone(),
            events: events.clone(),
            me,
            bench,
            used: Mutex::default(),
        };
        let run = engine::Run {
            id: self.dir.id().into(),
            world: aws,
            journal,
            dir: self.dir.clone(),
            registry: Arc::new(registry()),
            events,
            stop: stopped,
            expected,
            human: Arc::new(responder),
        };
        let run = Arc::new(run);
        let stopping = Stopping::begin(context, &self.dir, &run, &stop, self.doing);
        Ok(Session {
            dir: self.dir,
            ledger: self.ledger,
            order,
            run,
            desk,
            view,
            stop,
            stopping,
            office,
            missed: missed.unwrap_or_default(),
            lines,
            context: context.clone(),
            _lock: self.lock,
        })
    }
}

/// What is hidden in the journal comes back by the salt of the run's plan.
fn redactor(hidden: &Hidden, plan: Option<&PlanFile>) -> Redactor {
    let commitment = plan.and_then(|plan| plan.commitment.as_ref());
    Redactor::new(hidden.clone(), commitment.and_then(|one| one.salt.as_deref()))
}
