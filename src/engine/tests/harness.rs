//! Runs, kills, resumes and releases, each with a runtime of its own, as processes have.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{
    engine::{
        Events, Human, Nobody, Run, RunEnd, Scope, StepError, World,
        plan::Expected,
        release::{Item, Request, release},
        run,
        unit::Unit,
    },
    journal::{
        FORMAT, Journal, Known, Ledger, Origins, Record, Redactor, RunDir, StepState, hook::Hook,
        read, read_kept,
    },
};

use super::world::Memory;

pub(super) const RUN: &str = "01JD0000000000000000000000";

/// One run directory and the world that it works on.
pub(super) struct Stage {
    _home: TempDir,
    dir: RunDir,
    pub world: Memory,
    pub units: Arc<Vec<Unit<Memory>>>,
    pub expected: Box<dyn Fn() -> Expected>,
    pub parallel: usize,
    pub secrets: Vec<String>,
    /// With it, who knows the secrets brings them back out of the journal.
    pub salt: Option<&'static str>,
    pub human: Arc<dyn Human>,
    stop: watch::Sender<bool>,
}

/// Where one part of a run is cut.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    None,
    /// After so many records, leaving this of the next line.
    Record(u64, &'static str),
    /// Not killed, but the disk is full after so many records.
    Full(u64),
}

impl Stage {
    pub(super) fn new(units: Vec<Unit<Memory>>) -> Self {
        let shm = PathBuf::from("/dev/shm");
        let home = if shm.is_dir() { TempDir::new_in(shm) } else { TempDir::new() }.unwrap();
        let dir = RunDir::create(home.path(), RUN).unwrap();
        Self {
            _home: home,
            dir,
            world: Memory::new(),
            units: Arc::new(units),
            expected: Box::new(Expected::default),
            parallel: 4,
            secrets: Vec::new(),
            salt: None,
            human: Arc::new(Nobody),
            stop: watch::channel(false).0,
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.journal()
    }

    pub(super) fn records(&self) -> Vec<Record> {
        if !self.path().exists() {
            return Vec::new();
        }
        read(&self.path()).unwrap().lines.into_iter().map(|line| line.record).collect()
    }

    pub(super) fn ledger(&self) -> Ledger {
        Ledger::fold(&self.records())
    }

    /// Outputs of the steps that finished.
    pub(super) fn outputs(&self) -> BTreeMap<String, Value> {
        let finished = self.ledger().steps.into_iter().filter_map(|(id, step)| match step.state {
            StepState::Finished(outputs) => Some((id, outputs)),
            _ => None,
        });
        finished.collect()
    }

    /// Asks the present process to stop; the next one starts afresh.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub(super) fn stopper(&self) -> watch::Sender<bool> {
        self.stop.clone()
    }

    /// One process: opens the journal, does its work, ends or dies. None when it died.
    fn process<T>(
        &self,
        cut: Cut,
        work: impl AsyncFnOnce(Arc<Run<Memory>>, Ledger) -> T,
    ) -> Option<T> {
        let (path, lock) = (self.path(), self.dir.lock().unwrap());
        let found = if path.exists() { Some(read(&path).unwrap()) } else { None };
        let head = found.as_ref().map(|found| found.head.clone()).unwrap_or_default();
        let kept = if path.exists() { read_kept(&path).unwrap().lines } else { Vec::new() };
        let ledger = Ledger::fold(kept.iter().map(|line| &line.record));
        Hook::forget(&path);
        let hook = Hook::of(&path);
        match cut {
            Cut::None => {}
            Cut::Record(records, torn) => hook.cut_after(records, torn),
            Cut::Full(records) => hook.full_after(records),
        }
        let known = Known { head, origins: Origins::default(), ledger: None, seal: None };
        let by = Redactor::new(self.secrets.clone().into(), self.salt);
        let journal = Journal::append_knowing(&path, known, by, None).unwrap();
        let world = self.world.clone();
        let run = Arc::new(Run {
            id: RUN.into(),
            world: world.clone(),
            journal,
            dir: self.dir.clone(),
            registry: Arc::new(Memory::registry()),
            events: Events::none(),
            stop: self.stop.subscribe(),
            expected: (self.expected)(),
            human: self.human.clone(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let end = runtime.block_on(async {
            tokio::select! {
                end = work(run, ledger) => Some(end),
                () = world.died.notified() => None,
                () = hook.died.notified() => None,
                () = tokio::time::sleep(std::time::Duration::from_mins(5)) => panic!("it hangs"),
            }
        });
        drop(runtime);
        // The writer's thread ends with the last handle to its journal.
        while Arc::strong_count(&hook) > 2 {
            std::thread::yield_now();
        }
        Hook::forget(&path);
        drop(lock);
        end
    }

    pub(super) fn run_cut(&self, cut: Cut) -> Option<Result<RunEnd, StepError>> {
        let (units, parallel) = (self.units.clone(), self.parallel);
        self.process(cut, async move |this, ledger| {
            let first = if ledger.started.is_none() {
                started(this.world.scope())
            } else {
                Record::Resumed { operator: "me".into(), who: crate::journal::Who::default() }
            };
            let written = this.journal.append(first).await;
            written.map_err(|e| StepError::Journal(e.to_string()))?;
            run(&units, this, ledger, parallel).await
        })
    }

    pub(super) fn run(&self) -> RunEnd {
        self.run_cut(Cut::None).expect("not killed").expect("it runs")
    }

    /// One process whose disk is full after so many records.
    pub(super) fn run_full_after(&self, records: u64) -> RunEnd {
        self.run_cut(Cut::Full(records)).expect("not killed").expect("it runs")
    }

    /// A new process after a kill.
    pub(super) fn resume(&mut self) -> RunEnd {
        self.world = self.world.revive();
        self.stop = watch::channel(false).0;
        self.run()
    }

    pub(super) fn release_cut(&mut self, cut: Cut, request: &Request) -> Option<Vec<Item>> {
        self.stop = watch::channel(false).0;
        let done =
            self.process(cut, async |run, mut ledger| release(&run, &mut ledger, request).await);
        done.map(|items| items.expect("it releases"))
    }

    /// Appends a record by itself, as another command does.
    pub(super) fn append(&self, record: Record) {
        let appended = self.process(Cut::None, async |run, _| run.journal.append(record).await);
        appended.expect("not killed").expect("it is written");
    }

    /// A new process that gives everything back.
    pub(super) fn release(&mut self) -> Vec<Item> {
        self.world = self.world.revive();
        self.release_cut(Cut::None, &Request::default()).expect("not killed")
    }

    /// A new process that gives everything back and removes what operations left.
    pub(super) fn discard(&mut self) -> Vec<Item> {
        self.world = self.world.revive();
        self.release_cut(Cut::None, &Self::drill()).expect("not killed")
    }

    /// How a drill is released.
    pub(super) fn drill() -> Request {
        Request { discard: true, ..Request::default() }
    }
}

fn started(scope: &Scope) -> Record {
    Record::RunStarted {
        format: FORMAT,
        program: "test".into(),
        run: RUN.into(),
        playbook: "test".into(),
        drill: None,
        playbook_sha256: String::new(),
        plan_sha256: String::new(),
        inputs_sha256: None,
        scope: scope.clone(),
        endpoint: None,
        lab: None,
        operator: "me".into(),
        who: crate::journal::Who::default(),
        clock: None,
    }
}
