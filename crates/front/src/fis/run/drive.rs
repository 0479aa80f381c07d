//! The life of an experiment, from whatever state the store holds: a fresh start is a resumption from `pending`.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indexmap::IndexMap;
use tokio::sync::watch;

use super::running::Running;
use super::{life, schedule};
use crate::fis::Fis;
use crate::fis::catalogue;
use crate::fis::effects::{self, Step, Trouble, look};
use crate::fis::model::{
    ActionState, ActionStatus, EXPERIMENT, ExperimentState, Failure, Halt, Moment, Record, Status,
};
use crate::fis::targets::{self, Unresolved};
use crate::fis::validate::ALARM;
use crate::upstream::Session;
use crate::{Front, Scope};

/// How long an experiment is pending, and at least initiating, of AWS's time.
const PACE: Duration = Duration::from_secs(1);
/// What CloudTrail shows as the session of the experiment's role.
const SERVICE: &str = "fis.amazonaws.com";

struct Drive<'a> {
    fis: &'a Fis,
    front: &'a Front,
    at: &'a Scope,
    id: &'a str,
    own: Session,
    /// The same without a trace in CloudTrail, which the looks at alarms would fill.
    quiet: Session,
    sessions: IndexMap<String, Session>,
    halted: watch::Receiver<Option<Halt>>,
}

pub(super) async fn drive(
    fis: &Fis,
    front: &Front,
    at: &Scope,
    id: &str,
    halted: watch::Receiver<Option<Halt>>,
) {
    let Some(record) = front.store().get::<Record>(at, EXPERIMENT, id) else { return };
    let quiet = front.session(&record.access_key, at.clone());
    let own = quiet.on_behalf_of(SERVICE, &record.experiment.role_arn, id);
    let sessions = sessions(front, at, &record, &own);
    let drive = Drive { fis, front, at, id, own, quiet, sessions, halted };
    drive.run().await;
    front.store().save().await;
}

/// One session for each account whose resources may be targets. Local endpoints take an account's number for a key
/// of that account.
fn sessions(
    front: &Front,
    at: &Scope,
    record: &Record,
    own: &Session,
) -> IndexMap<String, Session> {
    let id = &record.experiment.id;
    if record.experiment.experiment_options.account_targeting != "multi-account" {
        return IndexMap::from([(at.account.clone(), own.clone())]);
    }
    let accounts = record.accounts.values().map(|target| {
        let account = target.account_id.clone();
        if account == at.account {
            return (account, own.clone());
        }
        let there = Scope::new(account.clone(), at.region.clone());
        let session = front.session(&account, there).on_behalf_of(SERVICE, &target.role_arn, id);
        (account, session)
    });
    accounts.collect()
}

impl Drive<'_> {
    async fn run(&self) {
        let Some(record) = self.record() else { return };
        if record.experiment.state.status.is_over() {
            return self.undo_leftovers(&record).await;
        }
        if record.experiment.state.status == Status::Pending {
            self.sleep(PACE).await;
            self.to(ExperimentState::new(Status::Initiating, "Experiment is initiating."));
        }
        if self.status() == Some(Status::Initiating) {
            self.initiate().await;
        }
        if self.status() == Some(Status::Running) && self.is_preview() {
            self.skip_all();
        }
        self.actions().await;
        self.finish();
    }

    fn record(&self) -> Option<Record> {
        self.front.store().get(self.at, EXPERIMENT, self.id)
    }

    fn status(&self) -> Option<Status> {
        self.record().map(|record| record.experiment.state.status)
    }

    fn to(&self, state: ExperimentState) {
        self.fis.transition(self.front, self.at, self.id, state);
    }

    fn edit<R>(&self, edit: impl FnOnce(&mut Record) -> R) -> Option<R> {
        self.front.store().update(self.at, EXPERIMENT, self.id, edit)
    }

    async fn sleep(&self, span: Duration) {
        let mut halted = self.halted.clone();
        tokio::select! {
            () = self.front.sleep(span) => {}
            _ = halted.wait_for(Option::is_some) => {}
        }
    }

    fn fail(&self, location: String, trouble: Trouble) {
        let failure =
            Failure { account_id: self.at.account.clone(), code: trouble.code.into(), location };
        // The first failure is the experiment's.
        let halt = Halt::Failed { failure, reason: trouble.reason };
        let first = self.edit(|record| {
            let is_first = record.halt.is_none();
            if is_first {
                record.halt = Some(halt.clone());
            }
            is_first
        });
        if first == Some(true)
            && let Some(sender) = self.fis.live().get(self.id)
        {
            sender.send_replace(Some(halt));
        }
    }

    /// Stop conditions, then targets.
    async fn initiate(&self) {
        let Some(record) = self.record() else { return };
        if let Err(trouble) = self.look_at_alarms(true).await {
            return self.fail("stopConditions".into(), trouble);
        }
        if record.resolved.is_none() {
            match targets::resolve(&self.sessions, &record.experiment.targets).await {
                Ok((resolved, empty)) => {
                    self.edit(|record| record.resolved = Some(resolved));
                    if let Some((name, trouble)) = self.skip_or_fail(&record, &empty) {
                        return self.fail(format!("targets/{name}"), trouble);
                    }
                }
                Err(Unresolved::Failed { target, error }) => {
                    return self.fail(format!("targets/{target}"), error.into());
                }
                Err(Unresolved::Empty { target, .. }) => {
                    return self.fail(format!("targets/{target}"), nothing());
                }
            }
        }
        self.sleep(PACE).await;
        if self.halted.borrow().is_none() {
            self.to(ExperimentState::new(Status::Running, "Experiment is running."));
        }
    }

    /// Actions on empty targets are skipped where the template allows it.
    /// <https://docs.aws.amazon.com/fis/latest/userguide/experiment-options.html#empty-target-resolution-mode>
    fn skip_or_fail(&self, record: &Record, empty: &[Unresolved]) -> Option<(String, Trouble)> {
        let mode = &record.experiment.experiment_options.empty_target_resolution_mode;
        for unresolved in empty {
            let Unresolved::Empty { target, is_named } = unresolved else { continue };
            if *is_named || mode != "skip" {
                return Some((target.clone(), nothing()));
            }
            self.edit(|record| {
                for action in record.experiment.actions.values_mut() {
                    if action.targets.values().any(|name| name == target) {
                        let why = format!("Target {target} resolved to no resources.");
                        action.state = ActionState::new(ActionStatus::Skipped, why);
                    }
                }
            });
        }
        None
    }

    fn is_preview(&self) -> bool {
        let record = self.record();
        record.is_some_and(|record| record.experiment.experiment_options.actions_mode == "skip-all")
    }

    fn skip_all(&self) {
        self.edit(|record| {
            for action in record.experiment.actions.values_mut() {
                let why = "Action was skipped by the actions mode skip-all.";
                action.state = ActionState::new(ActionStatus::Skipped, why);
            }
        });
    }

    /// Runs actions until none is left, or until those that run have come to their end.
    async fn actions(&self) {
        let mut running = FuturesUnordered::new();
        let mut looked = tokio::time::interval(look(self.front));
        looked.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut begun = Vec::new();
        if let Some(record) = self.record() {
            let is_cut = |s: ActionStatus| !s.is_over() && s != ActionStatus::Pending;
            let cut = record.experiment.actions.iter().filter(|(_, a)| is_cut(a.state.status));
            begun.extend(cut.map(|(name, _)| name.clone()));
        }
        loop {
            let Some(record) = self.record() else { return };
            if self.halted.borrow().is_none() && record.experiment.state.status == Status::Running {
                begun.extend(schedule::ready(&record.experiment));
            }
            for name in begun.drain(..) {
                if let Some(one) = self.action(&record, &name) {
                    // Else it would be ready again at the next turn.
                    if one.status == ActionStatus::Pending {
                        one.set(ActionState::new(
                            ActionStatus::Initiating,
                            "Action is initiating.",
                        ));
                    }
                    running.push(async move { (name, life::live(&one).await) });
                }
            }
            if running.is_empty() {
                return;
            }
            tokio::select! {
                Some((name, result)) = running.next() => {
                    if let Err(trouble) = result {
                        self.fail(format!("actions/{name}"), trouble);
                    }
                }
                _ = looked.tick(), if self.halted.borrow().is_none() => {
                    if let Err(trouble) = self.look_at_alarms(false).await {
                        tracing::warn!(id = self.id, why = trouble.reason, "the alarms of an experiment cannot be read");
                    }
                }
            }
        }
    }

    fn action(&self, record: &Record, name: &str) -> Option<Running> {
        let action = record.experiment.actions.get(name)?.clone();
        let status = action.state.status;
        let step = Step {
            front: self.front.clone(),
            at: self.at.clone(),
            id: self.id.to_owned(),
            name: name.to_owned(),
            kind: catalogue::find(&action.action_id)?.kind,
            action,
            resolved: record.resolved.clone().unwrap_or_default(),
            sessions: self.sessions.clone(),
            own: self.own.clone(),
            halted: self.halted.clone(),
        };
        Some(Running { step, status })
    }

    /// Halts the experiment when a stop condition is met. Before the start, every alarm must exist.
    async fn look_at_alarms(&self, is_start: bool) -> Result<(), Trouble> {
        let Some(record) = self.record() else { return Ok(()) };
        let conditions = record.experiment.stop_conditions.iter().filter(|c| c.source == ALARM);
        let arns: Vec<&str> = conditions.filter_map(|c| c.value.as_deref()).collect();
        if arns.is_empty() {
            return Ok(());
        }
        let states = effects::states(&self.quiet, &arns).await?;
        if let Some(missing) = arns.iter().find(|arn| is_start && !states.contains_key(**arn)) {
            return Err(Trouble::configuration(format!("The alarm {missing} does not exist.")));
        }
        if let Some((alarm, _)) = states.into_iter().find(|(_, state)| state == "ALARM") {
            self.fis.halt(self.front, self.at, self.id, Halt::StopCondition { alarm });
        }
        Ok(())
    }

    fn finish(&self) {
        self.edit(|record| {
            for action in record.experiment.actions.values_mut() {
                if action.state.status == ActionStatus::Pending {
                    action.state =
                        ActionState::new(ActionStatus::Cancelled, "Action was cancelled.");
                    action.end_time = Some(Moment::now());
                }
            }
        });
        self.fis.transition_by(self.front, self.at, self.id, schedule::verdict);
    }

    /// Effects that an experiment could not put back before it ended.
    async fn undo_leftovers(&self, record: &Record) {
        for name in record.undo.keys() {
            if let Some(action) = self.action(record, name)
                && let Err(trouble) = life::undo(&action).await
            {
                let why = trouble.reason;
                tracing::warn!(id = self.id, action = name, why, "still cannot be put back");
            }
        }
    }
}

fn nothing() -> Trouble {
    // Seen in answers of AWS.
    Trouble::invalid_target("Target resolution returned empty set.")
}
