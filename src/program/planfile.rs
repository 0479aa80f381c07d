//! The plan as a file: what would be done, for whom, in which account, and its hash. Owns the
//! format and the hash; how two plans differ is `differences`', what a step would do is `engine::plan`'s.

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
    playbook::{Phase, Responsibility, suggest::listed},
};

pub use super::playbook_ref::PlaybookRef;
use super::{belts::Belts, commitment::Commitment};

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
    /// The configuration that was in force. No part of the hash; what of it counts is: the contacts of roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    /// Sensitive values are redacted.
    pub inputs: IndexMap<String, Value>,
    /// Binds the plan to the values that it hides; none where it hides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Commitment>,
    pub scope: Scope,
    /// A custom endpoint of all services that are called; none is AWS itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Service and URL (or `AWS`), where not all services that are called have the same endpoint.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub endpoints: IndexMap<String, String>,
    /// Every service that is called is on this machine. Any other may be AWS in the end.
    #[serde(default)]
    pub local: bool,
    /// The lab that the endpoint is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lab: Option<InLab>,
    /// Steps that are left out, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
    pub steps: Vec<PlanEntry>,
    /// What the run needs to be allowed, as `service:Action`.
    pub permissions: Vec<String>,
    /// Reasons why nothing of this plan can be run. What stands against single steps is in these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The safety belts that were checked.
    #[serde(default)]
    pub belts: Belts,
    pub created: jiff::Timestamp,
    /// SHA-256 of everything above but `created`, `program`, `warnings`, `lab`, `belts`, `configuration`, the run's id, the salt of
    /// the commitment and the session name of an assumed role. Two plans that would do the same in the same account have the same hash.
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
        for name in
            ["created", "program", "sha256", "run", "warnings", "lab", "belts", "configuration"]
        {
            map.shift_remove(name);
        }
        if let Some(Value::Object(commitment)) = map.get_mut("commitment") {
            commitment.shift_remove("salt");
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
            configuration: self.configuration.clone(),
            inputs: self.inputs.clone(),
            commitment: self.commitment.clone(),
            scope: self.scope.clone(),
            endpoint: self.endpoint.clone(),
            endpoints: self.endpoints.clone(),
            local: self.local,
            lab: self.lab.clone(),
            skip: self.skip.clone(),
            permissions: self.permissions.clone(),
            refusals: self.refusals.clone(),
            warnings: self.warnings.clone(),
            belts: self.belts.clone(),
            created: self.created,
            sha256: self.sha256.clone(),
        }
    }

    /// As it may be shown: who has the salt can try values for what the plan hides.
    #[must_use]
    pub fn without_salt(mut self) -> Self {
        if let Some(commitment) = &mut self.commitment {
            commitment.salt = None;
        }
        self
    }

    pub fn planned(&self) -> impl Iterator<Item = &PlannedStep> + Clone {
        self.steps.iter().map(|entry| &entry.step)
    }

    /// How old it is at `now`; one from the future is as wrong as an old one.
    pub fn age(&self, now: jiff::Timestamp) -> std::time::Duration {
        self.created.duration_since(now).unsigned_abs()
    }

    /// Why not all of it can be run: the plan's own refusals, and its refused steps.
    pub fn obstacles(&self) -> Vec<String> {
        let mut by_reason = IndexMap::<&str, Vec<&str>>::new();
        for step in self.planned() {
            if let PlanState::Refused(why) = &step.state {
                by_reason.entry(why).or_default().push(&step.id);
            }
        }
        let refused = by_reason.into_iter().map(|(why, steps)| match steps.as_slice() {
            [one] => format!("step `{one}`: {why}"),
            more => format!("steps {}: {why}", listed(more.iter().copied())),
        });
        self.refusals.iter().cloned().chain(refused).collect()
    }

    /// Why nothing of it can be run. Where single steps are refused, the others still run, as long as
    /// there is something that they do.
    pub fn refused(&self) -> Vec<String> {
        let does = |step: &PlannedStep| {
            let open = matches!(step.state, PlanState::Open(_));
            let acts = !step.changes.is_empty() || !step.operations.is_empty();
            step.state.runs() && (open || acts || !step.verifies.is_empty())
        };
        match self.refusals.is_empty() && self.planned().any(does) {
            true => Vec::new(),
            false => self.obstacles(),
        }
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in self.steps.iter().map(|entry| &entry.step) {
            counts.changes += step.changes.len();
            counts.operations += step.operations.len();
            counts.verdicts += step.verifies.len();
            counts.open += usize::from(matches!(step.state, PlanState::Open(_)));
            counts.refused += usize::from(matches!(step.state, PlanState::Refused(_)));
            counts.blocked += usize::from(matches!(step.state, PlanState::Blocked(_)));
            counts.left_out += usize::from(step.state == PlanState::LeftOut);
            counts.retained += step
                .changes
                .iter()
                .filter(|change| change.release == crate::engine::How::Retained)
                .count();
        }
        counts
    }
}

/// The ARN of an assumed role without its session name, which is another at each sign-in.
pub fn without_session(principal: &str) -> &str {
    match principal.rsplit_once('/') {
        Some((role, _)) if principal.contains(":assumed-role/") => role,
        _ => principal,
    }
}

/// How much a plan does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub changes: usize,
    pub operations: usize,
    pub verdicts: usize,
    /// Steps that could not be planned whole.
    pub open: usize,
    /// Steps that a run holds back.
    pub refused: usize,
    /// Steps that do not run because those do not.
    pub blocked: usize,
    pub left_out: usize,
    /// Changes that release does not give back.
    pub retained: usize,
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
        self.digest.update(neutral(text, &self.plan.run, &self.plan.scope.principal));
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

/// A text without what differs between two plans that do the same: the run and the session.
pub(super) fn neutral(text: &str, run: &str, principal: &str) -> String {
    text.replace(run, "RUN").replace(principal, without_session(principal))
}

/// As JSON with keys sorted all the way down, so that equal values have equal texts.
pub(super) fn canonical(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    value.sort_all_objects();
    value
}

#[cfg(test)]
#[path = "planfile_tests.rs"]
mod covered;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A plan of one wait.
    pub(crate) fn plan(run: &str, principal: &str) -> PlanFile {
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
            contacts: IndexMap::new(),
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
            configuration: None,
            inputs: IndexMap::new(),
            commitment: None,
            scope,
            endpoint: None,
            endpoints: IndexMap::new(),
            local: false,
            lab: None,
            skip: Vec::new(),
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
