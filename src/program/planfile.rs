//! The plan as a file: what would be done, for whom, in which account, and its hash. Owns the
//! format, the hash and how two plans differ; what a step would do is `engine::plan`'s.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    engine::{
        Scope,
        plan::{PlanState, PlannedStep},
    },
    journal::{InLab, hash, hex},
    playbook::{Phase, Responsibility},
};

use super::belts::Belts;

/// Version of the format.
pub const FORMAT: u32 = 1;

/// A plan, including its sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanFile {
    pub format: u32,
    /// Version of the program that made it.
    pub program: String,
    /// The ULID that a run of this plan has.
    pub run: String,
    pub playbook: PlaybookRef,
    /// Sensitive values are redacted.
    pub inputs: IndexMap<String, Value>,
    pub scope: Scope,
    /// A custom endpoint; none is AWS itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The endpoint is on this machine. Any other may be AWS in the end.
    #[serde(default)]
    pub local: bool,
    /// The lab that the endpoint is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lab: Option<InLab>,
    pub steps: Vec<PlanEntry>,
    /// What the run needs to be allowed, as `service:Action`.
    pub permissions: Vec<String>,
    /// Reasons why this plan cannot be run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The safety belts that were checked.
    #[serde(default)]
    pub belts: Belts,
    pub created: jiff::Timestamp,
    /// SHA-256 of everything above but `created`, `program`, `warnings`, `lab`, `belts`, the run's id and the session
    /// name of an assumed role. Two plans that would do the same in the same account have the same hash.
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlaybookRef {
    pub id: String,
    pub title: String,
    pub version: String,
    pub sha256: String,
}

/// A planned step with its declaration in the playbook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanEntry {
    pub uses: String,
    pub title: Option<String>,
    pub phase: Phase,
    pub owner: Option<String>,
    pub responsibility: Responsibility,
    #[serde(flatten)]
    pub step: PlannedStep,
}

/// A step's id and, for an item of a for-each, which one.
pub fn item(id: &str) -> (&str, Option<usize>) {
    match id.strip_suffix(']').and_then(|id| id.split_once('[')) {
        Some((step, item)) => (step, item.parse().ok()),
        None => (id, None),
    }
}

impl PlanFile {
    /// Fills in the hash.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.sha256 = self.compute();
        self
    }

    /// Whether the file is as it was when it was made.
    pub fn is_intact(&self) -> bool {
        self.sha256 == self.compute()
    }

    fn compute(&self) -> String {
        let mut sum = Sum { plan: self, digest: Sha256::new() };
        let Value::Object(mut map) = canonical(&self.without_steps()) else {
            return hash(Value::Null.to_string().as_bytes());
        };
        for name in ["created", "program", "sha256", "run", "warnings", "lab", "belts"] {
            map.shift_remove(name);
        }
        for (nth, (key, value)) in map.iter().enumerate() {
            sum.digest.update(if nth == 0 { "{" } else { "," });
            sum.add(&format!("{}:", Value::from(key.as_str())));
            if key == "steps" { sum.steps() } else { sum.add(&value.to_string()) }
        }
        sum.digest.update("}");
        hex(&sum.digest.finalize())
    }

    /// Every field is named, so that a new one is part of the hash unless somebody decides otherwise.
    fn without_steps(&self) -> Self {
        Self {
            steps: Vec::new(),
            format: self.format,
            program: self.program.clone(),
            run: self.run.clone(),
            playbook: self.playbook.clone(),
            inputs: self.inputs.clone(),
            scope: self.scope.clone(),
            endpoint: self.endpoint.clone(),
            local: self.local,
            lab: self.lab.clone(),
            permissions: self.permissions.clone(),
            refusals: self.refusals.clone(),
            warnings: self.warnings.clone(),
            belts: self.belts.clone(),
            created: self.created,
            sha256: self.sha256.clone(),
        }
    }

    pub fn planned(&self) -> impl Iterator<Item = &PlannedStep> {
        self.steps.iter().map(|entry| &entry.step)
    }

    /// How old it is at `now`; one from the future is as wrong as an old one.
    pub fn age(&self, now: jiff::Timestamp) -> std::time::Duration {
        self.created.duration_since(now).unsigned_abs()
    }

    /// Why it cannot be run: refused steps, denied permissions and the plan's own refusals.
    pub fn obstacles(&self) -> Vec<String> {
        let refused = self.steps.iter().filter_map(|entry| match &entry.step.state {
            PlanState::Refused(why) => Some(format!("step `{}`: {why}", entry.step.id)),
            _ => None,
        });
        let denied = self
            .belts
            .denied()
            .map(|one| format!("permission `{}` is denied: {}", one.action, one.why));
        self.refusals.iter().cloned().chain(refused).chain(denied).collect()
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in self.steps.iter().map(|entry| &entry.step) {
            counts.changes += step.changes.len();
            counts.operations += step.operations.len();
            counts.verdicts += step.verifies.len();
            counts.open += usize::from(matches!(step.state, PlanState::Open(_)));
            counts.retained += step
                .changes
                .iter()
                .filter(|change| change.release == crate::engine::How::Retained)
                .count();
        }
        counts
    }

    /// What differs between this plan and the account now (`other`), a line each.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mine: IndexMap<_, _> = self.steps.iter().map(|e| (&e.step.id, e)).collect();
        let theirs: IndexMap<_, _> = other.steps.iter().map(|e| (&e.step.id, e)).collect();
        for (id, entry) in &mine {
            match theirs.get(id) {
                None => found.push(format!("step `{id}` is no longer part of it")),
                Some(now) => differ(&entry.step, &now.step, &mut found),
            }
        }
        let new = theirs.keys().filter(|id| !mine.contains_key(*id));
        found.extend(new.map(|id| format!("step `{id}` is new")));
        let rest = [
            ("the playbook", self.playbook != other.playbook),
            ("the inputs", self.inputs != other.inputs),
            ("the account, Region or principal", differs(&self.scope, &other.scope)),
            ("the endpoint", self.endpoint != other.endpoint),
        ];
        found.extend(rest.iter().filter(|(_, d)| *d).map(|(what, _)| format!("{what} changed")));
        if found.is_empty() && self.sha256 != other.sha256 {
            found.push("its notes, questions or permissions changed".into());
        }
        found
    }
}

/// The ARN of an assumed role without its session name, which is another at each sign-in.
fn without_session(principal: &str) -> &str {
    match principal.rsplit_once('/') {
        Some((role, _)) if principal.contains(":assumed-role/") => role,
        _ => principal,
    }
}

fn differs(a: &Scope, b: &Scope) -> bool {
    (&a.account, &a.region, without_session(&a.principal))
        != (&b.account, &b.region, without_session(&b.principal))
}

/// How much a plan does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub changes: usize,
    pub operations: usize,
    pub verdicts: usize,
    /// Steps that could not be planned whole.
    pub open: usize,
    /// Changes that release does not give back.
    pub retained: usize,
}

fn differ(was: &PlannedStep, now: &PlannedStep, found: &mut Vec<String>) {
    use crate::engine::show;
    let id = &was.id;
    if was.state != now.state {
        found.push(format!("step `{id}`: was {:?}, now {:?}", was.state, now.state));
    }
    for change in &was.changes {
        match now.changes.iter().find(|other| other.place == change.place) {
            None => {
                found.push(format!("step `{id}`: {} would not be changed any more", change.place))
            }
            Some(other) if other.before != change.before => found.push(format!(
                "step `{id}`: {} was {}, now is {}",
                change.place,
                show(&change.before),
                show(&other.before)
            )),
            Some(other) if other.after != change.after => found.push(format!(
                "step `{id}`: {} would become {}, now {}",
                change.place,
                show(&change.after),
                show(&other.after)
            )),
            Some(_) => {}
        }
    }
    for change in &now.changes {
        if !was.changes.iter().any(|other| other.place == change.place) {
            found.push(format!("step `{id}`: {} would be changed too", change.place));
        }
    }
    let operations = |step: &PlannedStep| -> Vec<_> {
        step.operations.iter().map(|o| (o.place.clone(), o.operation.clone())).collect()
    };
    if operations(was) != operations(now) {
        found.push(format!("step `{id}`: its operations changed"));
    }
}

/// SHA-256 of a document and of the files that it names: of its bytes alone when it names none.
pub fn sources_sha256(text: &str, files: &IndexMap<String, String>) -> String {
    let mut all = text.as_bytes().to_vec();
    for (name, text) in files {
        // Each name and its text's length, so that no two sets of files read the same.
        all.extend(format!("\0{name}\0{}\0", text.len()).into_bytes());
        all.extend(text.as_bytes());
    }
    hash(&all)
}

/// The hash of a plan under way. Steps go in one by one: the whole plan as one JSON value would take
/// many times its own memory.
struct Sum<'a> {
    plan: &'a PlanFile,
    digest: Sha256,
}

impl Sum<'_> {
    /// A piece of the plan's JSON. What is replaced stands within one piece, since none of it has the
    /// braces and quotes that pieces meet at.
    fn add(&mut self, text: &str) {
        let principal = &self.plan.scope.principal;
        let text = text.replace(&self.plan.run, "RUN");
        self.digest.update(text.replace(principal, without_session(principal)));
    }

    fn steps(&mut self) {
        self.digest.update("[");
        for (nth, entry) in self.plan.steps.iter().enumerate() {
            if nth > 0 {
                self.digest.update(",");
            }
            let mut entry = entry.clone();
            entry.step.sort();
            self.add(&canonical(&entry).to_string());
        }
        self.digest.update("]");
    }
}

/// As JSON with keys sorted all the way down, so that equal values have equal texts.
fn canonical(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    value.sort_all_objects();
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(run: &str, principal: &str) -> PlanFile {
        let scope = Scope {
            account: "111122223333".into(),
            region: "eu-central-1".into(),
            principal: principal.into(),
        };
        let playbook = PlaybookRef {
            id: "p".into(),
            title: "P".into(),
            version: "1.0.0".into(),
            sha256: String::new(),
        };
        let step = PlannedStep { id: format!("s-{run}"), ..PlannedStep::default() };
        let entry = PlanEntry {
            uses: "core.wait".into(),
            title: None,
            phase: Phase::Contain,
            owner: None,
            responsibility: Responsibility::Customer,
            step,
        };
        PlanFile {
            format: FORMAT,
            program: "1".into(),
            run: run.into(),
            playbook,
            inputs: IndexMap::new(),
            scope,
            endpoint: None,
            local: false,
            lab: None,
            steps: vec![entry],
            permissions: Vec::new(),
            refusals: Vec::new(),
            warnings: Vec::new(),
            belts: Belts::default(),
            created: jiff::Timestamp::now(),
            sha256: String::new(),
        }
        .sealed()
    }

    #[test]
    fn the_hash_is_of_what_is_done_not_of_when_or_in_which_session() {
        let role = "arn:aws:sts::111122223333:assumed-role/ir/anna";
        let first = plan("01A", role);
        assert!(first.is_intact());
        let other = plan("01B", "arn:aws:sts::111122223333:assumed-role/ir/ben");
        assert_eq!(first.sha256, other.sha256);
        let foreign = plan("01A", "arn:aws:sts::111122223333:assumed-role/admin/anna");
        assert_ne!(first.sha256, foreign.sha256);
        assert_eq!(first.differences(&foreign), ["the account, Region or principal changed"]);
        let mut shown_in_a_lab = first.clone();
        let lab = InLab { upstream: "moto".into(), clock: 1.0, stand_ins: vec!["fis".into()] };
        shown_in_a_lab.lab = Some(lab);
        assert!(shown_in_a_lab.is_intact());
        let mut edited = first.clone();
        edited.steps[0].uses = "core.assert".into();
        assert!(!edited.is_intact());
        let read: PlanFile =
            serde_json::from_str(&serde_json::to_string(&first).expect("JSON")).expect("a plan");
        assert!(read.is_intact());
    }

    #[test]
    fn the_hash_is_that_of_the_whole_plan_as_one_text() {
        let run = "01JD0000000000000000000000";
        let role = "arn:aws:sts::111122223333:assumed-role/ir/anna";
        let mut plan = plan(run, role);
        plan.inputs.insert("steps".into(), Value::Array(Vec::new()));
        plan.endpoint = Some("http://localhost".into());
        let mut second = plan.steps[0].clone();
        second.step.id = "b".into();
        second.step.notes = vec![format!("{role} in {run}"), "\"},{\"".into()];
        second.step.verifies = vec!["z".into(), "a".into()];
        plan.steps.push(second);

        let mut whole = plan.clone();
        whole.steps.iter_mut().for_each(|entry| entry.step.sort());
        let mut whole = serde_json::to_value(whole).expect("JSON");
        for name in ["created", "program", "sha256", "run", "warnings", "lab", "belts"] {
            whole.as_object_mut().expect("an object").remove(name);
        }
        whole.sort_all_objects();
        let text = whole.to_string().replace(run, "RUN");
        let text = text.replace(role, "arn:aws:sts::111122223333:assumed-role/ir");
        assert_eq!(plan.sealed().sha256, hash(text.as_bytes()));
    }
}
