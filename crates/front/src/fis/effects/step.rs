//! One action of one experiment as its effects see it: parameters, targets, sessions, journal, clock.

use std::time::Duration;

use indexmap::IndexMap;
use tokio::sync::watch;

use super::{Ended, Trouble};
use crate::fis::catalogue::Kind;
use crate::fis::model::{
    Action, EXPERIMENT, ExperimentAction, Halt, Moment, Record, ResolvedTarget, Undo,
};
use crate::fis::targets;
use crate::upstream::Session;
use crate::{Front, Scope};

/// How often FIS checks alarms and pending work, in AWS's time.
const LOOK: Duration = Duration::from_secs(5);

/// The same in the lab's time: neither a storm of calls nor a second wasted.
pub(crate) fn look(front: &Front) -> Duration {
    let least = Duration::from_millis(100);
    front.clock().shorten(LOOK).clamp(least, Duration::from_secs(1))
}

/// An account, the session there, and ids of targets in it.
type InAccount<'a> = (&'a str, &'a Session, Vec<String>);

/// What an effect sees. The state of its action is none of it.
pub(crate) struct Step {
    pub front: Front,
    pub at: Scope,
    /// Of the experiment.
    pub id: String,
    /// Of the action.
    pub name: String,
    pub kind: Kind,
    pub(in crate::fis) action: ExperimentAction,
    pub(in crate::fis) resolved: Vec<ResolvedTarget>,
    /// By account; the first is the experiment's own.
    pub(in crate::fis) sessions: IndexMap<String, Session>,
    pub(in crate::fis) own: Session,
    pub(in crate::fis) halted: watch::Receiver<Option<Halt>>,
}

impl Step {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.action.parameters.get(name).map(String::as_str)
    }

    pub(crate) fn as_action(&self) -> Action {
        Action {
            action_id: self.action.action_id.clone(),
            description: None,
            parameters: self.action.parameters.clone(),
            targets: self.action.targets.clone(),
            start_after: Vec::new(),
        }
    }

    /// Of the account that runs the experiment.
    pub(crate) fn own_session(&self) -> &Session {
        &self.own
    }

    pub(crate) fn session(&self, account: &str) -> Result<&Session, Trouble> {
        let found = self.sessions.get(account);
        found.ok_or_else(|| {
            Trouble::configuration(format!("No configuration for account {account}."))
        })
    }

    /// ARNs of its targets.
    pub(crate) fn arns(&self) -> Vec<&str> {
        self.mine().map(|target| target.arn.as_str()).collect()
    }

    /// Ids of its targets, by account.
    pub(crate) fn targets(&self) -> Result<Vec<InAccount<'_>>, Trouble> {
        let mut by_account: IndexMap<&str, Vec<&ResolvedTarget>> = IndexMap::new();
        for target in self.mine() {
            by_account.entry(&target.account).or_default().push(target);
        }
        let grouped = by_account.into_iter().map(|(account, found)| {
            Ok((account, self.session(account)?, targets::ids(found.into_iter())))
        });
        grouped.collect()
    }

    fn mine(&self) -> impl Iterator<Item = &ResolvedTarget> {
        let names: Vec<&String> = self.action.targets.values().collect();
        self.resolved.iter().filter(move |target| names.contains(&&target.target))
    }

    pub(in crate::fis) fn edit<R>(&self, edit: impl FnOnce(&mut Record) -> R) -> Option<R> {
        self.front.store().update(&self.at, EXPERIMENT, &self.id, edit)
    }

    /// Records what must be undone later. On disk when this returns.
    pub(crate) async fn journal(&self, undo: Undo) {
        self.edit(|record| record.undo.entry(self.name.clone()).or_default().push(undo));
        self.front.store().save().await;
    }

    pub(crate) fn journaled(&self) -> Vec<Undo> {
        let record: Option<Record> = self.front.store().get(&self.at, EXPERIMENT, &self.id);
        record.and_then(|record| record.undo.get(&self.name).cloned()).unwrap_or_default()
    }

    /// Takes one entry out of the journal: it is undone, or there is nothing to undo.
    pub(crate) fn forget(&self, undo: &Undo) {
        self.edit(|record| {
            if let Some(kept) = record.undo.get_mut(&self.name) {
                kept.retain(|known| known != undo);
                if kept.is_empty() {
                    record.undo.shift_remove(&self.name);
                }
            }
        });
    }

    /// A span of AWS's time from now.
    pub(crate) fn deadline(&self, span: Duration) -> Moment {
        Moment::now().after(self.front.clock().shorten(span))
    }

    fn until(&self) -> Option<Moment> {
        let record: Option<Record> = self.front.store().get(&self.at, EXPERIMENT, &self.id);
        record?.until.get(&self.name).copied()
    }

    /// Whether the action's duration is over.
    pub(crate) fn is_over(&self) -> bool {
        self.until().is_none_or(|until| until.left().is_zero())
    }

    pub(crate) fn is_halted(&self) -> bool {
        self.halted.borrow().is_some()
    }

    /// Waits a little, less if the experiment is halted.
    pub(crate) async fn pause(&self) {
        self.wait(look(&self.front)).await;
    }

    /// Waits until the action's duration is over or the experiment is halted.
    pub(crate) async fn hold(&self) -> Ended {
        let left = self.until().map(Moment::left).unwrap_or_default();
        self.wait(left).await
    }

    async fn wait(&self, span: Duration) -> Ended {
        let mut halted = self.halted.clone();
        tokio::select! {
            () = tokio::time::sleep(span) => Ended::Done,
            // The sender is gone only when the experiment is.
            _ = halted.wait_for(Option::is_some) => Ended::Halted,
        }
    }
}
