//! A run of several actions against the lab, in an account of its own: a playbook that a test writes down
//! as steps, conducted as a user's is. Planned, run, cut off, resumed and released, with the account read
//! by another client before and after.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use backburn::{
    aws::{Aws, ConnectOptions, Haste},
    conduct::{
        self, Approvals, Console, Context, Failure, Loaded, Planned, Planning, Ready, Release,
        Released,
    },
    engine::{
        Patience,
        plan::{PlanState, PlannedStep},
        release::{Item, is_left_over},
    },
    journal::{Record, RunDir, RunStatus},
    lab::{self, Lab},
};
use serde_json::{Map, Value, json};

use crate::support;

/// One step: its id, its action, and its inputs as a playbook has them, expressions and all.
pub(crate) struct Act {
    id: &'static str,
    action: &'static str,
    with: Value,
    each: Option<Value>,
    asks: bool,
}

pub(crate) fn act(id: &'static str, action: &'static str, with: Value) -> Act {
    Act { id, action, with, each: None, asks: false }
}

impl Act {
    /// Runs for each of a list, which its inputs call `item`.
    pub(crate) fn each(self, list: Value) -> Self {
        Self { each: Some(list), ..self }
    }

    /// The run waits before it; [`Rig::go`] continues it.
    pub(crate) fn asked(self) -> Self {
        Self { asks: true, ..self }
    }
}

/// Says what a run says where the test's own output goes.
struct Loud;

impl Console for Loud {
    fn say(&self, line: &str) {
        println!("{line}");
    }
}

pub(crate) struct Rig {
    pub aws: Aws,
    pub account: String,
    pub before: Value,
    context: Context,
    lab: Lab,
    acts: Vec<Act>,
    home: tempfile::TempDir,
}

impl Rig {
    /// The steps run one after the other, in `account` of the lab that all tests share.
    pub(crate) async fn new(account: &str, acts: Vec<Act>) -> Self {
        Self::at(&support::lab().lab, account, acts).await
    }

    pub(crate) async fn at(lab: &Lab, account: &str, acts: Vec<Act>) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let poll = Duration::from_millis(50);
        let patience = Patience { poll, ..Patience::default() };
        let options = ConnectOptions {
            region: Some(lab.region.clone()),
            endpoint_url: Some(lab.endpoint.clone()),
            keys: Some((account.into(), lab::SECRET_ACCESS_KEY.into())),
            haste: Some(Haste { attempt: None, patience }),
            // Calls that arrange the account are no calls of the program.
            run: Some("tests".into()),
            ..ConnectOptions::default()
        };
        let context = Context::at(home.path()).connecting(options).heard_by(Arc::new(Loud));
        let aws = connected(&context).await;
        let before = state(lab, account);
        Self { aws, account: account.into(), before, context, lab: lab.clone(), acts, home }
    }

    /// From now on the lab's front does to calls what this rule says.
    pub(crate) async fn arm(&self, rule: &Value) {
        let rule = serde_json::from_value(rule.clone()).expect("a rule");
        let control = lab::Control::of(&self.lab.endpoint).await.expect("a front");
        control.arm(&rule).await.expect("armed");
    }

    /// A rig of another run in the same account.
    pub(crate) async fn beside(&self, acts: Vec<Act>) -> Self {
        Self::at(&self.lab, &self.account, acts).await
    }

    /// Adds a step after those before it.
    pub(crate) fn step(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }

    /// The same account as another process would see it: it knows no secrets.
    pub(crate) async fn fresh(&self) -> Aws {
        connected(&self.context).await
    }

    /// JSON is YAML.
    fn playbook(&self) -> String {
        let mut steps = Map::new();
        let mut before: Option<&str> = None;
        for act in &self.acts {
            let mut step = json!({ "uses": act.action, "with": act.with });
            step["needs"] = before.into_iter().collect();
            if let Some(list) = &act.each {
                step["for-each"] = format!("${{{{ {list} }}}}").into();
            }
            if act.asks {
                step["approval"] = json!({ "role": "tester", "reason": "the test goes on" });
            }
            steps.insert(act.id.into(), step);
            before = Some(act.id);
        }
        let playbook = json!({
            "playbook": "rig", "title": "Steps of a test", "version": "1.0.0",
            "severity": "low",
            "limits": { "instances": 9, "principals": 9, "volumes": 9, "resources": 9, "accounts": 9 },
            "roles": { "tester": { "duty": "runs the test", "contact": "nobody" } },
            "steps": steps,
        });
        playbook.to_string()
    }

    async fn planned(&self) -> Planned {
        let loaded = Loaded::playbook(&self.context, "rig", self.playbook(), &[]).await;
        let planning = Planning { no_probe: true, ..Planning::default() };
        let planned = good(loaded).plan_in(&self.context, self.aws.clone(), planning).await;
        good(planned)
    }

    pub(crate) async fn plan(&self) -> Vec<PlannedStep> {
        let before = self.now();
        let planned = self.planned().await;
        assert_eq!(self.now(), before, "a plan changes nothing");
        planned.plan.steps.into_iter().map(|entry| entry.step).collect()
    }

    pub(crate) fn dir(&self) -> RunDir {
        RunDir::find(self.home.path(), "last").expect("a run")
    }

    pub(crate) fn id(&self) -> String {
        self.dir().id().to_owned()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        let Ok(dir) = RunDir::find(self.home.path(), "last") else { return Vec::new() };
        if !dir.journal().exists() {
            return Vec::new();
        }
        let read = backburn::journal::read(&dir.journal()).expect("an intact journal");
        read.lines.into_iter().map(|line| line.record).collect()
    }

    async fn begin(&self) -> Ready {
        let begun = self.planned().await.begin(&self.context, Approvals::default()).await;
        good(begun)
    }

    /// Plans and runs, or continues what was begun and answers its questions.
    pub(crate) async fn go(&self) -> RunStatus {
        let ready = if self.records().is_empty() {
            self.begin().await
        } else {
            let all = Approvals {
                steps: vec!["all".into()],
                roles: vec!["all".into()],
                reason: "a test".into(),
                wait: false,
            };
            good(conduct::resume(&self.context, "last", &[], all).await)
        };
        let ended = good(ready.run(4, false).await);
        let status = ended.end.status;
        good(good(ended.close().await).stock);
        status
    }

    /// Runs until a record is journaled, then ends as a crash would.
    pub(crate) async fn crash(&self, seen: impl Fn(&Record) -> bool) {
        let ready = self.begin().await;
        let task = tokio::spawn(async move { ready.run(4, false).await.map(drop) });
        let deadline = Instant::now() + support::PATIENCE;
        while Instant::now() < deadline {
            if self.records().iter().any(&seen) {
                task.abort();
                let _ = task.await;
                return self.silent().await;
            }
            assert!(!task.is_finished(), "{:#?}", self.records());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never came to that point: {:#?}", self.records());
    }

    /// Waits until nothing of a crashed run writes to the journal any more.
    async fn silent(&self) {
        let mut last = None;
        loop {
            let now = std::fs::metadata(self.dir().journal()).map(|file| file.len()).ok();
            if last == now && self.dir().lock().is_ok() {
                return;
            }
            last = now;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Forgets what was journaled after the first line that has all of these texts: as if the process had
    /// ended there.
    pub(crate) fn forget_after(&self, texts: &[&str]) {
        let path = self.dir().journal();
        let text = std::fs::read_to_string(&path).expect("a journal");
        let has = |line: &str| texts.iter().all(|text| line.contains(text));
        let at = text.lines().position(has).expect("a line with it");
        let kept: Vec<_> = text.lines().take(at + 1).collect();
        std::fs::write(&path, kept.join("\n") + "\n").expect("a shorter journal");
        // A process that was killed there had not noted a later end, which is how cut journals are told.
        let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
        let home = || std::env::home_dir().expect("a home").join(".local/state");
        let note = state.unwrap_or_else(home).join("backburn/heads").join(self.id());
        std::fs::remove_file(&note).expect("the end of the journal was noted");
    }

    /// Runs to a good end and returns the outputs by step.
    pub(crate) async fn done(&self) -> Value {
        let status = self.go().await;
        assert_eq!(status, RunStatus::Succeeded, "{:#?}", self.records());
        self.outputs()
    }

    /// Runs until a step asks.
    pub(crate) async fn waits(&self) {
        let status = self.go().await;
        assert_eq!(status, RunStatus::Waiting, "{:#?}", self.records());
    }

    /// The outputs of the steps that have finished.
    pub(crate) fn outputs(&self) -> Value {
        let finished = self.records().into_iter().filter_map(|record| match record {
            Record::StepFinished { step, outputs, .. } => Some((step, outputs)),
            _ => None,
        });
        finished.collect::<Map<_, _>>().into()
    }

    /// The first verdict and its facts.
    pub(crate) fn verdict(&self) -> (String, Value) {
        let found = self.records().into_iter().find_map(|record| match record {
            Record::Verdict { verdict, facts, .. } => Some((format!("{verdict:?}"), facts)),
            _ => None,
        });
        found.expect("a verdict")
    }

    /// The error of the step that failed, or is refused in the plan.
    pub(crate) async fn fails(&self) -> String {
        for step in self.plan().await {
            if let PlanState::Refused(why) = step.state {
                return why;
            }
        }
        let status = self.go().await;
        assert_eq!(status, RunStatus::Failed, "{:#?}", self.records());
        let failed = self.records().into_iter().find_map(|record| match record {
            Record::StepFailed { error, .. } => Some(error),
            _ => None,
        });
        failed.expect("a failed step")
    }

    /// Ends the run for good: what must not stay open is closed.
    pub(crate) async fn abort(&self) {
        let aborted = good(conduct::abort(&self.context, "last", Duration::ZERO, &[], None).await);
        assert!(aborted.left.is_empty(), "{:#?}", aborted.left);
    }

    /// Releases, whatever stays.
    pub(crate) async fn try_release(&self, release: Release) -> Vec<Item> {
        let released = conduct::release(&self.context, "last", release).await;
        let Released { items, .. } = good(released);
        items
    }

    pub(crate) async fn release(&self) -> Vec<Item> {
        let items = self.try_release(Release::default()).await;
        assert!(!items.iter().any(is_left_over), "{items:#?}");
        items
    }

    /// Releases, and the account must be as it was before the run.
    pub(crate) async fn released(&self) -> Vec<Item> {
        let items = self.release().await;
        assert_eq!(crate::accounts::differences(&self.before, &self.now()), "");
        items
    }

    /// Releases as a drill is: what operations left goes, too.
    pub(crate) async fn discarded(&self) {
        let items = self.try_release(Release { discard: true, ..Release::default() }).await;
        assert!(!items.iter().any(is_left_over), "{items:#?}");
        assert_eq!(crate::accounts::differences(&self.before, &self.now()), "");
    }

    pub(crate) fn now(&self) -> Value {
        state(&self.lab, &self.account)
    }

    /// Job ids of the operations of one kind.
    pub(crate) fn jobs(&self, kind: &str) -> Vec<String> {
        let started = self.records().into_iter().filter_map(|record| match record {
            Record::OperationStarted { place, job, .. } if place.kind == kind => Some(job),
            _ => None,
        });
        started.collect()
    }
}

/// The account with all that a drill could leave, without what is terminated: it is listed for a while
/// and costs nothing.
fn state(lab: &Lab, account: &str) -> Value {
    support::drill_state(lab, account)
}

async fn connected(context: &Context) -> Aws {
    Aws::connect(&context.connect_options()).await.expect("an account")
}

fn good<T>(result: Result<T, Failure>) -> T {
    result.unwrap_or_else(|failure| panic!("{failure:#?}"))
}
