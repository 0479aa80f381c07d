//! What a run would do now, as data, and how a run is held to it. Owns the plan's shape, the match
//! of an actual change against a planned one. Two steps that write one setting are `races`'; the file around
//! it (identity, hash) is `program::planfile`'s.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::{redact, redact_text};

use super::{How, Place, Scope, StepError, is_open, withheld::Withheld};

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PlannedStep {
    pub id: String,
    pub state: PlanState,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PlannedChange>,
    /// Settings that already are as the step wants them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keeps: Vec<Place>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<PlannedOperation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verifies: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl PlannedStep {
    /// In an order that does not depend on which read answered first: kinds as they first came up,
    /// then by place.
    pub(crate) fn arrange(&mut self) {
        let mut kinds: Vec<String> = Vec::new();
        for change in &self.changes {
            if !kinds.contains(&change.place.kind) {
                kinds.push(change.place.kind.clone());
            }
        }
        let rank = |place: &Place| kinds.iter().position(|kind| *kind == place.kind);
        self.changes.sort_by_cached_key(|c| (rank(&c.place), c.place.clone()));
        self.sort_rest();
    }

    /// By place alone, for the hash.
    pub fn sort(&mut self) {
        self.changes.sort_by(|a, b| a.place.cmp(&b.place));
        self.sort_rest();
    }

    fn sort_rest(&mut self) {
        self.keeps.sort();
        self.operations.sort_by(|a, b| a.place.cmp(&b.place));
        self.waits.sort();
        self.verifies.sort();
        self.evidence.sort();
    }

    /// Without the secrets, and still a plan of the same steps and places.
    #[must_use]
    pub fn redacted(mut self, secrets: &[String]) -> Self {
        let value = |value: &mut Value| *value = redact(std::mem::take(value), secrets);
        let text = |text: &mut String| *text = redact_text(std::mem::take(text), secrets);
        for change in &mut self.changes {
            text(&mut change.place.target);
            value(&mut change.before);
            value(&mut change.after);
            change.until.iter_mut().for_each(value);
        }
        for operation in &mut self.operations {
            text(&mut operation.place.target);
            value(&mut operation.operation);
            text(&mut operation.leaves);
        }
        self.keeps.iter_mut().for_each(|place| text(&mut place.target));
        let lists = [
            &mut self.waits,
            &mut self.verifies,
            &mut self.asks,
            &mut self.evidence,
            &mut self.notes,
        ];
        lists.into_iter().flatten().for_each(text);
        if let PlanState::Skipped(why)
        | PlanState::Open(why)
        | PlanState::Refused(why)
        | PlanState::Blocked(why) = &mut self.state
        {
            text(why);
        }
        self
    }
}

/// How far a step could be planned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "why", rename_all = "kebab-case")]
pub enum PlanState {
    /// Everything it would do is known.
    #[default]
    Planned,
    Skipped(String),
    /// Whoever asked for the plan leaves it out.
    LeftOut,
    /// Some of it depends on what only the run brings.
    Open(String),
    /// A safety check or a read refuses it: a run of the plan holds it back, and counts it as failed.
    Refused(String),
    /// A step it needs was refused, so it could not be planned.
    Blocked(String),
}

/// A setting's value before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedChange {
    pub place: Place,
    pub scope: Scope,
    pub before: Value,
    pub after: Value,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::journal::record::given"
    )]
    pub until: Option<Value>,
    pub release: How,
    /// What release cannot give back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caveat: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedOperation {
    pub place: Place,
    pub scope: Scope,
    pub operation: Value,
    pub leaves: String,
}

impl PlanState {
    /// Whether a run of the plan does the step.
    pub fn runs(&self) -> bool {
        matches!(self, Self::Planned | Self::Open(_))
    }
}

/// What a run is held to: the approved plan, by step, and what it holds back. The default is no plan at all, for what
/// runs no step; a plan without steps allows nothing.
#[derive(Default)]
pub struct Expected {
    steps: Option<HashMap<String, StepExpected>>,
    withheld: Withheld,
}

struct StepExpected {
    open: bool,
    changes: HashMap<Place, (Value, Value)>,
    keeps: Vec<Place>,
    operations: Vec<(Place, Value)>,
}

impl Expected {
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a PlannedStep> + Clone) -> Self {
        let withheld = Withheld::of(steps.clone());
        let by_step = steps.into_iter().map(|step| {
            let changes =
                step.changes.iter().map(|c| (c.place.clone(), (c.before.clone(), c.after.clone())));
            let expected = StepExpected {
                open: matches!(step.state, PlanState::Open(_)),
                changes: changes.collect(),
                keeps: step.keeps.clone(),
                operations: step
                    .operations
                    .iter()
                    .map(|o| (o.place.clone(), o.operation.clone()))
                    .collect(),
            };
            (step.id.clone(), expected)
        });
        Self { steps: Some(by_step.collect()), withheld }
    }

    pub(crate) fn withheld(&self) -> &Withheld {
        &self.withheld
    }

    /// What the plan shows of a step; none when the run is held to no plan, or fans out over items
    /// that the plan could not know.
    fn step(
        &self,
        step: &str,
        place: &Place,
        now: &Value,
    ) -> Result<Option<&StepExpected>, StepError> {
        let Some(steps) = &self.steps else { return Ok(None) };
        let parent = step.split('[').next().unwrap_or(step);
        match steps.get(step) {
            Some(expected) => Ok(Some(expected)),
            None if steps.get(parent).is_some_and(|parent| parent.open) => Ok(None),
            None => Err(StepError::OffPlan {
                place: place.clone(),
                planned: Value::String(format!("no step `{step}`")),
                now: now.clone(),
            }),
        }
    }

    /// The step in whose plan a change stands that several steps share: the first that the plan came
    /// to, while in a run another one may come first.
    pub(crate) fn planner<'a>(&'a self, step: &'a str, place: &Place) -> &'a str {
        let shows = |expected: &StepExpected| expected.changes.contains_key(place);
        let mut showing = self.steps.iter().flatten().filter(|(_, expected)| shows(expected));
        showing.next().map_or(step, |(id, _)| id)
    }

    /// # Errors
    /// [`StepError::OffPlan`] when the approved plan does not show this change.
    pub fn allows_change(
        &self,
        step: &str,
        place: &Place,
        before: &Value,
        after: &Value,
        agrees: impl Fn(&Value, &Value) -> bool,
    ) -> Result<(), StepError> {
        let Some(expected) = self.step(step, place, before)? else { return Ok(()) };
        let fits = |planned: &Value, actual: &Value| {
            fits(planned, actual) || !is_open(planned) && agrees(planned, actual)
        };
        let off = |planned: Value| {
            Err(StepError::OffPlan { place: place.clone(), planned, now: before.clone() })
        };
        let planned = expected.changes.get(place).or_else(|| {
            // The plan names by a placeholder what AWS had not assigned yet.
            expected.changes.iter().find(|(p, _)| stands_for(p, place)).map(|(_, change)| change)
        });
        match planned {
            Some((planned_before, planned_after)) => {
                if fits(planned_before, before) && fits(planned_after, after) {
                    Ok(())
                } else if fits(planned_before, before) {
                    off(planned_after.clone())
                } else {
                    off(planned_before.clone())
                }
            }
            None if expected.keeps.contains(place) => off(after.clone()),
            None if expected.open => Ok(()),
            None => off(Value::String("no change here".into())),
        }
    }

    /// `operation` as the plan would show it: without sensitive values.
    ///
    /// # Errors
    /// [`StepError::OffPlan`] when the approved plan does not show this operation, or shows another at its
    /// place: another command for the same instance.
    pub fn allows_operation(
        &self,
        step: &str,
        place: &Place,
        operation: &Value,
    ) -> Result<(), StepError> {
        let Some(expected) = self.step(step, place, operation)? else { return Ok(()) };
        let mut here =
            expected.operations.iter().filter(|(p, _)| p == place || stands_for(p, place));
        let Some((_, planned)) = here.next() else {
            if expected.open {
                return Ok(());
            }
            return Err(StepError::OffPlan {
                place: place.clone(),
                planned: Value::String("no operation here".into()),
                now: operation.clone(),
            });
        };
        if fits_body(planned, operation) || here.any(|(_, planned)| fits_body(planned, operation)) {
            return Ok(());
        }
        Err(StepError::OffPlan {
            place: place.clone(),
            planned: planned.clone(),
            now: operation.clone(),
        })
    }
}

/// How a placeholder begins.
const OPEN: &str = "(known after run";

/// Whether a planned place, whose target has a part that is known only after the run, can be this
/// one. Its turn is not compared: several open targets share one text in the plan.
fn stands_for(planned: &Place, actual: &Place) -> bool {
    let Some((head, rest)) = planned.target.split_once(OPEN) else { return false };
    let tail = rest.rsplit_once(')').map_or("", |(_, tail)| tail);
    planned.kind == actual.kind
        && actual.target.len() >= head.len() + tail.len()
        && actual.target.starts_with(head)
        && actual.target.ends_with(tail)
}

/// Whether an operation is what the plan shows. One that is made of what only the run knows, such as the
/// metadata of a recovery point, may have more than the plan could show.
fn fits_body(planned: &Value, actual: &Value) -> bool {
    fn within(planned: &Value, actual: &Value) -> bool {
        match (planned, actual) {
            (Value::Object(a), Value::Object(b)) => {
                a.iter().all(|(k, v)| b.get(k).is_some_and(|w| within(v, w)))
            }
            _ => fits(planned, actual),
        }
    }
    match planned.to_string().contains(OPEN) {
        true => within(planned, actual),
        false => fits(planned, actual),
    }
}

/// Whether a value is what the plan shows, where a part that is known only after the run fits all.
pub(crate) fn fits(planned: &Value, actual: &Value) -> bool {
    match (planned, actual) {
        (Value::String(planned), _) if planned.contains(OPEN) => fits_open(planned, actual),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| fits(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| fits(v, w)))
        }
        // A planned `null` id of a thing that the run creates.
        (a, b) => a == b,
    }
}

/// Whether a value has the fixed parts of a planned text, in their order. A text that is nothing but a placeholder
/// stands for any value.
fn fits_open(planned: &str, actual: &Value) -> bool {
    let fixed = fixed_parts(planned);
    let [head, between @ .., tail] = &fixed[..] else { return false };
    if fixed.iter().all(|part| part.is_empty()) {
        return true;
    }
    let rest = actual.as_str().and_then(|text| text.strip_prefix(head));
    let Some(mut rest) = rest.and_then(|text| text.strip_suffix(tail)) else { return false };
    between.iter().all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or(rest, |(_, after)| after);
        found.is_some()
    })
}

/// What a planned text has before, between and after its placeholders: one more than there are of these.
fn fixed_parts(mut planned: &str) -> Vec<&str> {
    let mut fixed = Vec::new();
    while let Some(at) = planned.find(OPEN) {
        fixed.push(&planned[..at]);
        let mut depth = 0_usize;
        // A name in a placeholder may have parentheses of its own.
        let end = planned[at..].char_indices().find(|(_, c)| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        planned = end.map_or("", |(end, _)| &planned[at + end + 1..]);
    }
    fixed.push(planned);
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: &str, target: &str, nth: u32) -> PlannedChange {
        let place = Place { kind: kind.into(), target: target.into(), nth };
        let scope = Scope { account: "1".into(), region: "r".into(), principal: "p".into() };
        let (before, after) = (Value::Null, Value::Bool(true));
        PlannedChange {
            place,
            scope,
            before,
            after,
            until: None,
            release: How::Restored,
            caveat: None,
        }
    }

    #[test]
    fn the_order_of_answers_is_not_part_of_a_plan() {
        let answered = |order: [usize; 4]| {
            let all = [("eni", "a", 0), ("eni", "a", 1), ("eni", "b", 0), ("eni", "b", 1)];
            let changes = order.map(|at| change(all[at].0, all[at].1, all[at].2));
            let mut step = PlannedStep {
                changes: std::iter::once(change("group", "z", 0)).chain(changes).collect(),
                ..PlannedStep::default()
            };
            step.arrange();
            step
        };
        let plan = answered([0, 2, 1, 3]);
        assert_eq!(plan, answered([2, 0, 3, 1]));
        assert_eq!(plan.changes[0].place.kind, "group", "what came first stays first");
    }

    #[test]
    fn an_operation_is_compared_whole_and_not_by_its_place() {
        let place = Place { kind: "ssm.command".into(), target: "i-0a".into(), nth: 0 };
        let scope = Scope { account: "1".into(), region: "r".into(), principal: "p".into() };
        let of = |command: &str| serde_json::json!({ "commands": [command], "out": "b" });
        let planned = |command: &str| PlannedStep {
            id: "s".into(),
            operations: vec![PlannedOperation {
                place: place.clone(),
                scope: scope.clone(),
                operation: of(command),
                leaves: String::new(),
            }],
            ..PlannedStep::default()
        };
        let expected = Expected::of([&planned("df")]);
        assert!(expected.allows_operation("s", &place, &of("df")).is_ok());
        let off = expected.allows_operation("s", &place, &of("rm -rf /"));
        assert!(matches!(off, Err(StepError::OffPlan { .. })), "{off:?}");
        let open = Expected::of([&planned("cat (known after run)")]);
        assert!(open.allows_operation("s", &place, &of("cat /tmp/x")).is_ok());
        // The fixed part of a command is what was approved.
        assert!(open.allows_operation("s", &place, &of("rm -rf /")).is_err());
        // Only the run knows the rest of it.
        let derived = serde_json::json!({ "commands": ["cat x"], "out": "b", "more": 1 });
        assert!(open.allows_operation("s", &place, &derived).is_ok());
        assert!(expected.allows_operation("s", &place, &derived).is_err());
        let elsewhere = Place { nth: 1, ..place.clone() };
        assert!(expected.allows_operation("s", &elsewhere, &of("df")).is_err());
    }

    #[test]
    fn what_is_fixed_in_a_planned_text_is_compared() {
        let fits = |planned: &str, actual: &str| fits(&planned.into(), &actual.into());
        assert!(fits("(known after run)", "anything"));
        assert!(super::fits(&"(known after run: x)".into(), &serde_json::json!(["a"])));
        assert!(!super::fits(&"a (known after run: x)".into(), &serde_json::json!(["a"])));
        let two = "role/(known after run: a (b)) on (known after run)!";
        assert!(fits(two, "role/x on y!"));
        for other in ["role/x on y", "user/x on y!", "role/x at y!", "on !", "role/x on"] {
            assert!(!fits(two, other), "{other}");
        }
        assert!(!fits("ab(known after run)ba", "aba"), "no part is counted twice");
        assert_eq!(fixed_parts("x (known after run: never closed"), ["x ", ""]);
    }

    #[test]
    fn a_plan_without_steps_allows_nothing() {
        let place = Place { kind: "k".into(), target: "t".into(), nth: 0 };
        let now = Value::Null;
        let change = |held: &Expected| held.allows_change("s", &place, &now, &now, |_, _| true);
        let empty = Expected::of(&[] as &[PlannedStep]);
        assert!(matches!(change(&empty), Err(StepError::OffPlan { .. })));
        assert!(empty.allows_operation("s", &place, &now).is_err());
        assert!(change(&Expected::default()).is_ok(), "held to no plan");
    }

    #[test]
    fn redacting_leaves_kinds_and_states_alone() {
        let mut step =
            PlannedStep { changes: vec![change("eni", "x-true", 0)], ..Default::default() };
        step.notes.push("eni is true".into());
        let hidden = step.redacted(&["true".into(), "eni".into(), "planned".into()]);
        assert_eq!(hidden.changes[0].place.to_string(), "eni x-(sensitive)");
        assert_eq!(hidden.notes, ["(sensitive) is (sensitive)"]);
        assert_eq!(hidden.state, PlanState::Planned);
    }
}
