//! What stands between a saved plan and the account as it is now, for whoever approved the plan. Owns which
//! differences are told: each setting once, and none that only follows from another. Whether two plans are
//! the same is their hash's to say.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value;

use crate::engine::{
    Scope,
    plan::{PlanState, PlannedChange, PlannedStep, fits},
    show,
};

use super::planfile::{PlanFile, without_session};

impl PlanFile {
    /// What differs between this plan and the account now (`other`), a line each.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut told = Told::default();
        let mine: IndexMap<_, _> = self.planned().map(|step| (&step.id, step)).collect();
        let theirs: IndexMap<_, _> = other.planned().map(|step| (&step.id, step)).collect();
        for (id, step) in &mine {
            match theirs.get(id) {
                None => told.lines.push(format!("step `{id}` is no longer part of it")),
                Some(now) => told.step(step, now),
            }
        }
        let mut found = told.lines;
        let new = theirs.keys().filter(|id| !mine.contains_key(*id));
        found.extend(new.map(|id| format!("step `{id}` is new")));
        let rest = [
            ("the playbook, or how its roles are reached,", self.playbook != other.playbook),
            ("the inputs", self.inputs != other.inputs),
            ("what stands behind `(sensitive)`", hidden(self) != hidden(other)),
            ("the account, Region or principal", differs(&self.scope, &other.scope)),
            (
                "the endpoint",
                (&self.endpoint, &self.endpoints) != (&other.endpoint, &other.endpoints),
            ),
            ("what is left out", self.skip != other.skip),
        ];
        found.extend(rest.iter().filter(|(_, d)| *d).map(|(what, _)| format!("{what} changed")));
        if found.is_empty() && self.sha256 != other.sha256 {
            found.push("its notes, questions or permissions changed".into());
        }
        found
    }
}

/// The hashes of what is hidden; the salt is left out where a plan was printed.
fn hidden(plan: &PlanFile) -> Option<(&str, &str)> {
    plan.commitment.as_ref().map(|one| (one.inputs.as_str(), one.steps.as_str()))
}

fn differs(a: &Scope, b: &Scope) -> bool {
    (&a.account, &a.region, without_session(&a.principal))
        != (&b.account, &b.region, without_session(&b.principal))
}

/// Region, kind and target of a setting.
type Key<'a> = (&'a str, &'a str, &'a str);

fn key(change: &PlannedChange) -> Key<'_> {
    (&change.scope.region, &change.place.kind, &change.place.target)
}

/// What one plan could not name yet may have a name in the other.
fn alike(was: &Value, now: &Value) -> bool {
    fits(was, now) || fits(now, was)
}

fn words(state: &PlanState) -> String {
    match state {
        PlanState::Planned => "planned whole".into(),
        PlanState::LeftOut => "left out".into(),
        PlanState::Skipped(why) => format!("skipped ({why})"),
        PlanState::Open(why) => format!("planned in part ({why})"),
        PlanState::Refused(why) => format!("refused ({why})"),
        PlanState::Blocked(why) => format!("not planned ({why})"),
    }
}

#[derive(Default)]
struct Told<'a> {
    lines: Vec<String>,
    /// Settings that the plan has changed by here: what it has before a further change is its own, not the account's.
    changed: HashSet<Key<'a>>,
    /// Settings that there is a line for.
    named: HashSet<Key<'a>>,
}

impl<'a> Told<'a> {
    fn step(&mut self, was: &'a PlannedStep, now: &'a PlannedStep) {
        let id = &was.id;
        if was.state != now.state {
            let text = format!("was {}, now {}", words(&was.state), words(&now.state));
            self.lines.push(format!("step `{id}`: {text}"));
        }
        for change in &was.changes {
            let other = now.changes.iter().find(|other| other.place == change.place);
            let first = self.changed.insert(key(change));
            let text = match other {
                None => Some("would not be changed any more".to_owned()),
                Some(other) if first && other.before != change.before => {
                    Some(format!("was {}, now is {}", show(&change.before), show(&other.before)))
                }
                Some(other) if !alike(&change.after, &other.after) => Some(format!(
                    "would become {}, now {}",
                    show(&change.after),
                    show(&other.after)
                )),
                Some(_) => None,
            };
            if let Some(text) = text {
                self.name(id, change, &text);
            }
        }
        for change in &now.changes {
            if !was.changes.iter().any(|other| other.place == change.place) {
                self.name(id, change, "would be changed too");
            }
        }
        let same =
            was.operations.len() == now.operations.len()
                && was.operations.iter().zip(&now.operations).all(|(was, now)| {
                    was.place == now.place && alike(&was.operation, &now.operation)
                });
        if !same {
            self.lines.push(format!("step `{id}`: its operations changed"));
        }
    }

    /// One line a setting, its first: the others follow from it.
    fn name(&mut self, step: &str, change: &'a PlannedChange, text: &str) {
        if self.named.insert(key(change)) {
            self.lines.push(format!("step `{step}`: {} {text}", change.place));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::{How, Place};

    fn change(kind: &str, nth: u32, before: Value, after: Value) -> PlannedChange {
        PlannedChange {
            place: Place { kind: kind.into(), target: "eni-1".into(), nth },
            scope: Scope {
                account: "111122223333".into(),
                region: "eu-central-1".into(),
                principal: "arn:aws:iam::111122223333:user/anna".into(),
            },
            before,
            after,
            until: None,
            release: How::Restored,
            caveat: None,
        }
    }

    fn isolate(changes: Vec<PlannedChange>) -> PlannedStep {
        PlannedStep { id: "isolate".into(), changes, ..PlannedStep::default() }
    }

    fn told(was: &PlannedStep, now: &PlannedStep) -> Vec<String> {
        let mut told = Told::default();
        told.step(was, now);
        told.lines
    }

    const OPEN: &str = "(known after run: open)";
    const CLOSED: &str = "(known after run: closed)";

    /// An interface in the open group, and then in the closed one.
    fn through(before: &str, open: &str, closed: &str) -> PlannedStep {
        isolate(vec![
            change("ec2.eni-groups", 0, json!([before]), json!([open])),
            change("ec2.eni-groups", 1, json!([open]), json!([closed])),
        ])
    }

    #[test]
    fn what_follows_from_another_difference_is_not_told() {
        let was = through("sg-1", OPEN, CLOSED);
        assert_eq!(told(&was, &was), Vec::<String>::new());
        let drifted = through("sg-2", "sg-open", "sg-closed");
        let line = "step `isolate`: ec2.eni-groups eni-1 was [\"sg-1\"], now is [\"sg-2\"]";
        assert_eq!(told(&was, &drifted), [line]);
        assert_eq!(told(&was, &through("sg-1", "sg-open", "sg-closed")), Vec::<String>::new());
        // Nothing is opened any more: one line for the interface.
        let closed = isolate(vec![change("ec2.eni-groups", 0, json!(["sg-2"]), json!([CLOSED]))]);
        assert_eq!(told(&was, &closed), [line]);
        assert_eq!(told(&closed, &was).len(), 1);
    }

    #[test]
    fn each_setting_that_differs_is_told() {
        let was = isolate(vec![
            change("ec2.eni-groups", 0, json!(["sg-1"]), json!([CLOSED])),
            change("ec2.tag", 0, json!(null), json!("IR-7")),
        ]);
        let now = isolate(vec![
            change("ec2.eni-groups", 0, json!(["sg-1"]), json!(["sg-9", "sg-8"])),
            change("ec2.termination-protection", 0, json!(false), json!(true)),
        ]);
        let lines = told(&was, &now);
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert!(lines[0].contains("would become"), "{lines:#?}");
        assert!(lines[1].contains("ec2.tag eni-1 would not be changed any more"), "{lines:#?}");
        assert!(lines[2].ends_with("ec2.termination-protection eni-1 would be changed too"));
    }
}
