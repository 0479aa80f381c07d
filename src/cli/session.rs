//! One process's work on one run: journal, progress, Ctrl-C, the run itself, and its summary. Owns
//! what `run`, `resume`, `release` and `demo` share.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    aws::{Aws, belts::Belts, registry},
    drill::{Files, Outline},
    engine::{
        self, Event, Events, LeftOpen, RunEnd, StepError, World,
        plan::Expected,
        release::{Item, Request, is_left_over},
    },
    journal::{self, Head, Journal, Known, Ledger, Origins, Record, RunDir, RunLock, RunStatus},
    matrix::Rehearsal,
    notify::{self, CLOSING, Notification, Office, Outcome, Score},
    program::{
        bind::{RunFactsOwned, bind},
        planfile::PlanFile,
        prepare::{Prepared, item},
    },
    report::{
        self,
        live::{self, Head as Watched, Show, To, View},
    },
};

use super::{
    Context, Exit, Failure,
    approvals::Desk,
    human::{Approvals, Terminal},
    notify::{self as telling, summary},
    prepare::operator,
};

/// What a run keeps of its inputs; sensitive ones are named, their values are nowhere.
#[derive(Debug, Serialize, Deserialize)]
pub struct Frozen {
    pub name: String,
    pub started: String,
    pub values: indexmap::IndexMap<String, Value>,
    pub sensitive: Vec<String>,
    /// The files that a simulation names.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub files: Files,
}

/// A run that this process works on.
pub struct Session {
    pub dir: RunDir,
    pub ledger: Ledger,
    order: Order,
    run: Arc<engine::Run<Aws>>,
    follower: live::Follower,
    stop: watch::Sender<bool>,
    office: Arc<Office>,
    /// What an earlier process of the run may not have told.
    missed: Vec<Notification>,
    /// What the responder should know of the notifications.
    lines: Vec<String>,
    context: Context,
    _lock: RunLock,
}

/// Makes the directory of a new run and journals its start.
pub async fn begin(
    context: &Context,
    name: &str,
    prepared: &Prepared,
    plan: &PlanFile,
    aws: Aws,
    approved: impl Into<Approvals>,
    drill: Option<&Outline>,
) -> Result<(Session, RunFactsOwned), Failure> {
    let dir = RunDir::create(context.home(), &plan.run)?;
    let lock = dir.lock()?;
    let clock = aws.now().await.ok();
    let started = clock.unwrap_or_else(jiff::Timestamp::now).to_string();
    let sensitive = prepared.playbook.inputs.iter().filter(|(_, input)| input.sensitive);
    let sensitive: Vec<_> = sensitive.map(|(name, _)| name.clone()).collect();
    let mut values = prepared.inputs.clone();
    values.retain(|name, _| !sensitive.contains(name));
    let frozen = Frozen {
        name: name.into(),
        started: started.clone(),
        values,
        sensitive,
        files: prepared.files.clone(),
    };
    dir.write("playbook.yaml", prepared.text.as_bytes())?;
    dir.write_json("inputs.json", &frozen)?;
    dir.write_json("plan.json", plan)?;
    let record = Record::RunStarted {
        format: journal::FORMAT,
        program: env!("CARGO_PKG_VERSION").into(),
        run: plan.run.clone(),
        playbook: plan.playbook.id.clone(),
        drill: drill.map(|outline| outline.simulation.clone()),
        playbook_sha256: plan.playbook.sha256.clone(),
        plan_sha256: plan.sha256.clone(),
        scope: aws.scope().clone(),
        endpoint: aws.endpoint().map(str::to_owned),
        lab: plan.lab.clone(),
        operator: operator(),
        clock,
    };
    let facts = RunFactsOwned { id: plan.run.clone(), started };
    let (head, ledger) = (Head::default(), Ledger::default());
    let start = Start { dir, lock, head, ledger, records: Vec::new() };
    let aws = aws.with_belts(start.belts(prepared));
    let expected = Expected::of(plan.planned());
    let session = start.open(context, aws, prepared.secrets(), expected, approved)?;
    session.office.begin(&record);
    session.append(record).await?;
    session.introduce(context);
    session.office.tell(|about| Notification::run_start(about, &plan.sha256));
    Ok((session, facts))
}

/// A run directory that is locked and whose journal was read.
pub struct Start {
    pub dir: RunDir,
    pub lock: RunLock,
    pub head: Head,
    pub ledger: Ledger,
    pub records: Vec<Record>,
}

impl Start {
    /// The run's belts, with what it touched so far.
    pub fn belts(&self, prepared: &Prepared) -> Arc<Belts> {
        let earlier = self.records.iter().filter_map(|record| match record {
            Record::Intent { place, scope, setting, before, .. } => {
                Some((&*scope.region, &*place.kind, setting, before))
            }
            Record::OperationIntent { place, scope, operation, .. } => {
                Some((&*scope.region, &*place.kind, operation, &Value::Null))
            }
            _ => None,
        });
        Arc::new(Belts::new(self.dir.id(), prepared.limits()).after(earlier))
    }

    /// Locks and reads an earlier run.
    pub fn of(context: &Context, asked: &str) -> Result<Self, Failure> {
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
        Order::of(dir.read_json("plan.json").ok().as_ref()).arrange(&mut ledger);
        let records = read.lines.into_iter().map(|line| line.record).collect();
        Ok(Self { dir, lock, head: read.head, ledger, records })
    }

    pub fn open(
        self,
        context: &Context,
        aws: Aws,
        secrets: Vec<String>,
        expected: Expected,
        approved: impl Into<Approvals>,
    ) -> Result<Session, Failure> {
        let path = self.dir.journal();
        let plan: Option<PlanFile> = self.dir.read_json("plan.json").ok();
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
        // All that is shown of the run comes this way, also what the office has to say.
        let shown = shown.hiding(context.secrets());
        let office = Arc::new(told.open(journal.clone(), &self.records, shown.clone()));
        tokio::spawn(telling::listen(received, shown, office.clone()));
        if let Some(started) = &self.ledger.started {
            office.begin(started);
        }
        let missed = office.about().map(|about| notify::missed(about, &self.records));
        let view = View::new(Watched::with(&self.dir, plan));
        let mut show =
            Show::new(view, context.err, To::Err, context.bars(To::Err), context.secrets());
        if path.exists() {
            show.earlier(&journal::read(&path)?.lines);
        }
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
            human: Arc::new(Terminal::new(approved.into(), desk, office.clone())),
        };
        Ok(Session {
            dir: self.dir,
            ledger: self.ledger,
            order,
            run: Arc::new(run),
            follower: live::follow(to_show, show),
            stop,
            office,
            missed: missed.unwrap_or_default(),
            lines,
            context: context.clone(),
            _lock: self.lock,
        })
    }
}

impl Session {
    pub async fn append(&self, record: Record) -> Result<(), Failure> {
        let kept = self.run.journal.append(record).await;
        kept.map_err(|e| {
            Failure::new(Exit::Internal, format!("the journal cannot be written: {e}"))
        })
    }

    /// Says who cannot be told, and tells what an earlier process of the run may not have told.
    pub fn introduce(&self, context: &Context) {
        for line in &self.lines {
            context.say(line);
        }
        for told in &self.missed {
            self.office.put(told);
        }
    }

    /// Tells how the run ended, and how a drill came out; waits a little for what is on its way.
    pub async fn told(
        &self,
        end: RunStatus,
        ledger: &Ledger,
        score: Option<Score>,
    ) -> Vec<Outcome> {
        // The last verdicts may not have been told yet.
        for (step, kept) in &ledger.steps {
            for (subject, (verdict, _)) in &kept.verdicts {
                telling::not_proven(&self.office, step, subject, verdict);
            }
        }
        self.office.tell(|about| Notification::run_end(about, end, ledger, ledger.ends));
        if let Some(score) = score {
            self.office.tell(|about| Notification::drill_score(about, &score, ledger.ends));
        }
        self.office.finish(CLOSING).await
    }

    /// Runs or resumes to the end.
    pub async fn execute(
        &mut self,
        prepared: &Prepared,
        facts: RunFactsOwned,
        parallel: usize,
    ) -> Result<(RunEnd, Ledger), Failure> {
        let units = bind(&prepared.playbook, &prepared.program, prepared.inputs.clone(), facts);
        let watcher = self.watch(true);
        let earlier = std::mem::take(&mut self.ledger);
        let end = engine::run(&units, self.run.clone(), earlier, parallel).await;
        watcher.abort();
        drop(units);
        Ok((end?, self.fold().await?))
    }

    /// Gives back what the run took, whatever stopped it. A second Ctrl-C ends this as well; a stop
    /// asked for from elsewhere does not, since whoever asks goes on asking until this has ended.
    pub async fn give_back(
        &mut self,
        ledger: &mut Ledger,
        request: &Request,
    ) -> Result<Vec<Item>, StepError> {
        self.stop.send_replace(false);
        let watcher = self.watch(false);
        let items = engine::release::release(&self.run, ledger, request).await;
        watcher.abort();
        items
    }

    /// Runs or resumes to the end, releases when a failed step asks for it, and prints the summary.
    pub async fn run(
        mut self,
        context: &Context,
        prepared: &Prepared,
        facts: RunFactsOwned,
        parallel: usize,
        accept_presumed: bool,
        print: bool,
    ) -> Result<Exit, Failure> {
        let (end, mut ledger) = self.execute(prepared, facts, parallel).await?;
        let mut released = Vec::new();
        if end.walked.release && end.journal.is_none() {
            let request = Request {
                by: "on-failure: release".into(),
                discard: ledger.drill().is_some(),
                ..Request::default()
            };
            released = engine::release::release(&self.run, &mut ledger, &request).await?;
            ledger = self.fold().await?;
        }
        let dir = self.dir.clone();
        let told = self.told(end.status, &ledger, None).await;
        let exit = exit(&end, &ledger, accept_presumed, &released);
        let place = dir.path().display().to_string();
        let mut json = report::summary::run_json(dir.id(), &end, &ledger, &place);
        let ended = report::summary::run(dir.id(), &end, &ledger, &place, &context.out);
        // The report makes a fold of its own, and a long run need not be in memory twice.
        drop(ledger);
        let (head, closed) = self.close_knowing(Some(prepared)).await;
        let head = match head {
            Some(head) => head,
            None => journal::each(&dir.journal(), drop)?.head,
        };
        json["head"] = head.hash.clone().into();
        if !released.is_empty() {
            json["released"] = serde_json::to_value(&released).unwrap_or_default();
        }
        if !told.is_empty() {
            json["notifications"] = telling::json(&told);
        }
        if !print {
            closed?;
            return Ok(exit);
        }
        context.data(
            |look| {
                let mut text = ended + &summary(&told);
                if !released.is_empty() {
                    text.push_str(&report::summary::release(dir.id(), &released, look));
                }
                text + &report::summary::head(dir.id(), &head.hash, look)
            },
            &json,
        )?;
        closed?;
        Ok(exit)
    }

    /// Gives back what the run took. Ctrl-C stops it between two changes.
    pub async fn release(mut self, request: &Request) -> Result<Vec<Item>, Failure> {
        let mut ledger = std::mem::take(&mut self.ledger);
        let watcher = self.watch(true);
        let items = engine::release::release(&self.run, &mut ledger, request).await;
        watcher.abort();
        let run = self.dir.id().to_owned();
        let closed = self.close().await;
        let items = items.map_err(|error| match error {
            StepError::Interrupted => {
                Failure::new(Exit::Interrupted, "the release was stopped between two changes")
                    .help(format!("`backburn release {run}` goes on with it"))
            }
            other => Failure::from(other),
        })?;
        closed?;
        Ok(items)
    }

    /// Ends exposed states and journals that the run is over for good; returns what stayed exposed.
    pub async fn abort(mut self) -> Result<(Ledger, Vec<LeftOpen>), Failure> {
        let mut ledger = std::mem::take(&mut self.ledger);
        let closed = engine::close_exposed(&self.run, &mut ledger).await;
        let appended = self.append(Record::Aborted { by: operator() }).await;
        let ended = self.close().await;
        let left = closed?;
        appended?;
        ended?;
        Ok((ledger, left))
    }

    /// What the journal says so far.
    pub async fn fold(&self) -> Result<Ledger, Failure> {
        let mut ledger = match self.run.journal.ledger().await {
            Some(ledger) => ledger,
            // A write failed: the file has the last word.
            None => Ledger::read(&self.dir.journal())?,
        };
        self.order.arrange(&mut ledger);
        Ok(ledger)
    }

    /// Ends this process's work on the run: the manifest goes into the chain, the report beside it.
    ///
    /// # Errors
    /// The manifest or its record cannot be written; the run itself has ended all the same.
    pub async fn close(self) -> Result<(), Failure> {
        self.close_knowing(None).await.1
    }

    /// The same, with the document that was run where it is still there. Says where the journal ends,
    /// unless a write to it failed.
    async fn close_knowing(
        self,
        prepared: Option<&Prepared>,
    ) -> (Option<Head>, Result<(), Failure>) {
        // What is still on its way was waited for already.
        self.office.finish(Duration::ZERO).await;
        let stock = self.take_stock().await;
        let Self { run, follower, dir, office, context, .. } = self;
        let journal = run.journal.clone();
        drop((run, office));
        follower.finish().await;
        let head = journal.stock().await.map(|(head, _)| head);
        drop(journal);
        super::report::keep(&context, &dir, prepared);
        (head, stock)
    }

    async fn take_stock(&self) -> Result<(), Failure> {
        let (head, origins) = match self.run.journal.stock().await {
            Some(known) => known,
            None => {
                let mut origins = Origins::default();
                let tail = journal::each(&self.dir.journal(), |line| origins.add(&line.record))?;
                (tail.head, origins)
            }
        };
        self.append(journal::take_stock(&self.dir, &head, &origins)?).await
    }

    /// First Ctrl-C, or with `requests` a stop asked for from elsewhere: nothing new starts. Second
    /// Ctrl-C: leave at once.
    fn watch(&self, requests: bool) -> tokio::task::JoinHandle<()> {
        let (stop, events) = (self.stop.clone(), self.run.events.clone());
        let request = self.dir.stop_request();
        tokio::spawn(async move {
            let mut asked = false;
            loop {
                tokio::select! {
                    pressed = tokio::signal::ctrl_c() => {
                        if pressed.is_err() {
                            return;
                        }
                        if asked {
                            std::process::exit(i32::from(Exit::Interrupted as u8));
                        }
                        asked = true;
                    }
                    () = tokio::time::sleep(Duration::from_millis(300)), if requests && !asked => {
                        if !request.exists() {
                            continue;
                        }
                        asked = true;
                    }
                }
                if !stop.send_replace(true) {
                    events.send(Event::Stopping);
                }
            }
        })
    }
}

/// Where each step stands in the plan, which has them in the order of the playbook.
struct Order(HashMap<String, usize>);

impl Order {
    /// Without a plan nothing is put in order.
    fn of(plan: Option<&PlanFile>) -> Self {
        let mut places = HashMap::new();
        for (place, step) in plan.into_iter().flat_map(PlanFile::planned).enumerate() {
            places.entry(item(&step.id).0.to_owned()).or_insert(place);
        }
        Self(places)
    }

    /// Steps as the plan has them, and not by who was first.
    fn arrange(&self, ledger: &mut Ledger) {
        if self.0.is_empty() {
            return;
        }
        ledger.steps.sort_by_cached_key(|id, _| {
            let (step, nth) = item(id);
            (self.0.get(step).copied(), nth)
        });
    }
}

fn exit(end: &RunEnd, ledger: &Ledger, accept_presumed: bool, released: &[Item]) -> Exit {
    let exit = Exit::of(end, ledger, accept_presumed);
    match exit {
        Exit::Internal => exit,
        _ if released.iter().any(is_left_over) => Exit::Drift,
        _ => exit,
    }
}
