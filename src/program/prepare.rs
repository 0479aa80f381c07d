//! From a checked playbook and an account to a plan. Owns what goes into the plan file; reads only.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    actions::{catalogue, policy::Kept},
    aws::{
        Aws,
        belts::{self, Limits},
        fis::RunningExperiments,
        iam::Caller,
    },
    engine::{
        AFTER_RUN, Fact, FactHead, Permission, Withheld, World,
        plan::{PlanState, PlannedStep},
        races::{Race, StepOrder, races},
    },
    journal::{Hidden, forms, redact, redact_text},
    playbook::{
        self, OnFailure, Playbook,
        expr::{Ref, RunFacts, Scope, Sensitive, Target},
        suggest::listed,
    },
    text::plural,
};

use super::{
    Edge, Node, Program,
    belts::{Answer, Belts, Experiments, Limit, PermissionCheck, Protected},
    bind::{RunFactsOwned, bind},
    commitment::{Commitment, hidden_places},
    planfile::{FORMAT, PlanEntry, PlanFile, PlaybookRef, neutral},
    policy,
    settle::Settling,
};

pub use super::planfile::{item, sources_sha256};

/// A playbook that compiled, with the inputs of one run.
pub struct Prepared {
    pub text: String,
    /// Texts of the files that it names, by name.
    pub files: IndexMap<String, String>,
    pub playbook: Arc<Playbook>,
    pub program: Arc<Program>,
    pub inputs: IndexMap<String, Value>,
    /// What becomes of what the run makes: a simulation keeps nothing.
    pub kept: Kept,
    /// What must not be shown; it grows with what expressions make of sensitive values.
    pub hidden: Hidden,
}

/// How a plan is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Show which of its permissions the caller has.
    pub probe: bool,
    /// Binds the plan to what it hides.
    pub salt: &'a str,
    /// Ids of steps that are left out.
    pub skip: &'a [String],
}

impl Prepared {
    /// What must not be written or shown anywhere: the values of sensitive inputs, what expressions
    /// make of them, and the forms in which either may show.
    pub fn secrets(&self) -> Vec<String> {
        let mut found = self.sensitive();
        found.extend(self.made_of_sensitive());
        forms(&found)
    }

    /// Texts that expressions make of sensitive inputs and of nothing that only the run knows, such as
    /// `inputs.token | upper`.
    fn made_of_sensitive(&self) -> Vec<String> {
        let is_input = |one: &Ref| matches!(one.target, Target::Input(_));
        let declared = &self.playbook.inputs;
        let sensitive = Sensitive {
            input: &|name| declared.get(name).is_some_and(|input| input.sensitive),
            text: &|_| false,
        };
        let none = IndexMap::new();
        let scope =
            Scope { inputs: &self.inputs, steps: &none, item: None, run: RunFacts::default() };
        let mut found = Vec::new();
        for step in self.playbook.steps.values() {
            step.with.each_expr(&mut |expr| {
                if expr.refs().iter().all(is_input)
                    && let Ok((_, made)) = expr.eval_hiding(&scope, &sensitive)
                {
                    found.extend(made);
                }
            });
        }
        found
    }

    fn sensitive(&self) -> Vec<String> {
        let sensitive = self.playbook.inputs.iter().filter(|(_, input)| input.sensitive);
        let mut found = Vec::new();
        for (name, _) in sensitive {
            if let Some(value) = self.inputs.get(name) {
                strings(value, &mut found);
            }
        }
        found
    }

    /// How many distinct things the run may touch: 1 of each by default. A drill may touch
    /// what its response may.
    pub fn limits(&self) -> Limits {
        let frames = self.program.nodes().filter_map(|node| node.frame.as_ref());
        let all = frames.map(|frame| &frame.playbook).chain([&*self.playbook]);
        let all: Vec<_> = all.map(|playbook| &playbook.limits).collect();
        let most = |of: fn(&playbook::Limits) -> Option<u64>| {
            all.iter().map(|limits| of(limits).unwrap_or(1)).max().unwrap_or(1)
        };
        Limits {
            instances: most(|limits| limits.instances),
            principals: most(|limits| limits.principals),
            volumes: most(|limits| limits.volumes),
            resources: most(|limits| limits.resources),
            accounts: most(|limits| limits.accounts),
        }
    }

    /// The inputs whose values are nowhere in a plan.
    pub fn sensitive_inputs(&self) -> IndexMap<String, Value> {
        let is_sensitive = |name: &str| self.playbook.inputs.get(name).is_some_and(|i| i.sensitive);
        let sensitive = self.inputs.iter().filter(|(name, _)| is_sensitive(name));
        sensitive.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What the run would do now in the account behind `aws`.
    pub async fn plan(&self, aws: &Aws, run: &str, asked: Asked<'_>) -> PlanFile {
        let Asked { probe, salt, skip } = asked;
        let facts = RunFactsOwned {
            id: run.into(),
            started: AFTER_RUN.into(),
            partition: aws.partition().into(),
        };
        let units = bind(self, facts);
        let belts = belts::Belts::new(run, self.limits());
        let mut settling = Settling { aws, run, units: &units, belts, over: Vec::new() };
        let mut withheld =
            Withheld { left_out: skip.iter().cloned().collect(), ..Withheld::default() };
        let planned = async {
            let reads = settling.scout(&withheld).await;
            let (steps, belts) = settling.settle(&reads, &mut withheld).await;
            (reads, steps, belts)
        };
        // What does not hang on the plan is asked meanwhile, of all that its steps may do.
        let active = self.program.nodes().filter(|node| !skip.contains(&node.id));
        let needed = policy::needed(active, self.kept);
        let ahead =
            async { if probe { Some(belts::probe::ahead(aws, &needed).await) } else { None } };
        let ((reads, mut steps, mut belts), (experiments, mut warnings), ahead) =
            tokio::join!(planned, experiments(aws), ahead);
        let mut permissions = None;
        if let Some(ahead) = ahead {
            let probed = self.probed(aws, &belts, &steps, ahead).await;
            // What one step would have made for all comes to the next when that one is refused.
            loop {
                let denied = self.denied(&steps, &probed);
                if denied.is_empty() {
                    break;
                }
                withheld.refused.extend(denied);
                (steps, belts) = settling.settle(&reads, &mut withheld).await;
            }
            permissions = Some(probed);
        }
        let over = std::mem::take(&mut settling.over);
        drop(units);
        let order: HashMap<&str, usize> =
            self.program.nodes().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
        steps.sort_by_cached_key(|step| {
            let (id, item) = item(&step.id);
            (order.get(id).copied(), item)
        });
        let mut refusals = self.races(&steps);
        refusals.extend(self.unread(skip));
        refusals.extend(self.given_back(&steps));
        let mut counts = belts.counts().await;
        for count in &mut counts {
            // What is too much is not touched, but it is why.
            if let Some(over) = over.iter().find(|over| over.what == count.what) {
                *count = over.clone();
            }
        }
        if steps.iter().any(|step| matches!(step.state, PlanState::Open(_))) {
            warnings
                .push("steps marked `(known after run)` are shown as far as they can be".into());
        }
        self.hidden.add(self.secrets());
        let secrets = self.hidden.all();
        let commitment = (!self.sensitive_inputs().is_empty()).then(|| {
            let neutral = |text: &str| neutral(text, run, &aws.scope().principal);
            Commitment::new(salt, &self.sensitive_inputs(), &steps, neutral)
        });
        refusals.extend(hidden_places(&steps, &secrets));
        let mut checked = self.belts(&steps, counts, experiments, &secrets);
        checked.protected.looked_at = belts.looked_at().await;
        let unprotectable = belts.unprotectable().await.into_iter();
        checked.protected.unprotectable =
            unprotectable.map(|text| redact_text(text, &secrets)).collect();
        if let Some(permissions) = permissions {
            let refused = |action: &str| {
                withheld
                    .refused
                    .values()
                    .any(|why| why.contains(&format!("permission `{action}` is")))
            };
            let denied = permissions.iter().filter(|one| one.answer == Answer::Denied);
            warnings.extend(denied.filter(|one| !refused(&one.action)).map(|one| {
                format!(
                    "permission `{}` is denied: {}; a step that turns out to need it fails",
                    one.action, one.why
                )
            }));
            let unknown = permissions.iter().filter(|one| one.answer == Answer::Unknown).count();
            if unknown > 0 {
                warnings.push(format!(
                    "{unknown} of {} could not be checked: the run may stop at one that it does not have",
                    plural(permissions.len(), "permission")
                ));
            }
            checked.permissions = Some(permissions);
        }
        let permissions = names(&needed);
        let used = aws.endpoints().used(permissions.iter().map(String::as_str));
        let plan = PlanFile {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            run: run.into(),
            playbook: PlaybookRef::of(&self.playbook, sources_sha256(&self.text, &self.files)),
            configuration: None,
            inputs: self
                .inputs
                .iter()
                .map(|(name, value)| (name.clone(), redact(value.clone(), &secrets)))
                .collect(),
            commitment,
            scope: aws.scope().clone(),
            endpoint: used.endpoint,
            endpoints: used.endpoints,
            local: used.local,
            // Who asks for a plan knows of the lab; nothing here does.
            lab: None,
            skip: skip.to_vec(),
            steps: steps.into_iter().filter_map(|step| self.entry(step, &secrets)).collect(),
            permissions,
            refusals: refusals.into_iter().map(|text| redact_text(text, &secrets)).collect(),
            warnings,
            belts: checked,
            created: Timestamp::now(),
            sha256: String::new(),
        };
        plan.sealed()
    }

    /// The nodes of the steps whose state pleases.
    fn nodes_of<'a>(
        &'a self,
        steps: &[PlannedStep],
        pleases: impl Fn(&PlanState) -> bool,
    ) -> Vec<&'a Node> {
        let some = steps.iter().filter(|step| pleases(&step.state));
        let mut found: Vec<&Node> =
            some.filter_map(|step| self.program.get(parent(&step.id))).collect();
        found.dedup_by_key(|node| &node.id);
        found
    }

    fn belts(
        &self,
        steps: &[PlannedStep],
        counts: Vec<belts::Count>,
        experiments: Experiments,
        secrets: &[String],
    ) -> Belts {
        let limits = counts.into_iter().map(|count| Limit {
            what: count.what.into(),
            limit: count.limit,
            touched: count.touched.into_iter().map(|id| redact_text(id, secrets)).collect(),
        });
        let checks = |node: &&Node| {
            let access = catalogue::find(&node.uses).map(|entry| entry.spec.access);
            access.is_some_and(|access| access.iter().any(|one| one.kind == Caller::KIND))
        };
        // A step that was refused or left open may not have come to its check.
        let planned = self.nodes_of(steps, |state| *state == PlanState::Planned);
        let lockout = planned.into_iter().filter(checks);
        Belts {
            limits: limits.collect(),
            protected: Protected {
                tag: format!("{}=true", belts::PROTECTED_TAG),
                ..Protected::default()
            },
            lockout: lockout.map(|node| node.id.clone()).collect(),
            experiments,
            permissions: None,
        }
    }

    async fn probed(
        &self,
        aws: &Aws,
        belts: &belts::Belts,
        steps: &[PlannedStep],
        ahead: belts::probe::Ahead,
    ) -> Vec<PermissionCheck> {
        let runs = |state: &PlanState| !matches!(state, PlanState::Skipped(_) | PlanState::LeftOut);
        let active = self.nodes_of(steps, runs);
        let needed = policy::needed(active, self.kept);
        let principals = belts.principals().await;
        let found = belts::probe::probe(aws, &needed, &principals, steps, ahead).await;
        let answer = |answer| match answer {
            belts::probe::Answer::Denied => Answer::Denied,
            belts::probe::Answer::Unknown => Answer::Unknown,
            belts::probe::Answer::Allowed => Answer::Allowed,
        };
        let check = |one: belts::probe::Probed| PermissionCheck {
            action: one.action.into(),
            answer: answer(one.answer),
            why: one.why,
        };
        found.into_iter().map(check).collect()
    }

    /// The steps that need a permission which the caller does not have for what the plan shows of them,
    /// with the reason. What an action needs in other cases keeps no step back.
    fn denied(
        &self,
        steps: &[PlannedStep],
        probed: &[PermissionCheck],
    ) -> BTreeMap<String, String> {
        let denied: Vec<_> = probed.iter().filter(|one| one.answer == Answer::Denied).collect();
        let of_step = |step: &PlannedStep| {
            let node = self.program.get(parent(&step.id)).filter(|_| step.state.runs())?;
            let changes = step.changes.iter().map(|one| one.place.kind.as_str());
            let operations = step.operations.iter().map(|one| one.place.kind.as_str());
            let kinds: Vec<_> = changes.chain(operations).collect();
            let needed = policy::planned(&node.uses, &kinds, self.kept);
            let lacks = denied.iter().filter(|one| needed.iter().any(|n| n.action == one.action));
            let lacks =
                lacks.map(|one| format!("permission `{}` is denied: {}", one.action, one.why));
            let why = lacks.collect::<Vec<_>>().join("; ");
            (!why.is_empty()).then(|| (step.id.clone(), why))
        };
        steps.iter().filter_map(of_step).collect()
    }

    /// Steps that would read outputs of what is left out. What always runs expects that some are missing.
    fn unread(&self, skip: &[String]) -> Option<String> {
        let mut out: Vec<&str> = skip.iter().map(String::as_str).collect();
        let mut more = Vec::new();
        // All that must be left out with them is named at once.
        let mut at = 0;
        while let Some(id) = out.get(at).copied() {
            let readers = self.program.dependants(id).into_iter();
            let readers = readers.filter(|(node, edge)| *edge == Edge::Data && !node.always);
            for (reader, _) in readers {
                if !out.contains(&reader.id.as_str()) {
                    out.push(&reader.id);
                    more.push(reader.id.as_str());
                }
            }
            at += 1;
        }
        if more.is_empty() {
            return None;
        }
        let skips: String = more.iter().map(|id| format!(" --skip {id}")).collect();
        Some(format!(
            "{} read outputs of what `--skip` leaves out; leave them out too: add `{}`",
            listed(more.iter().copied()),
            skips.trim_start()
        ))
    }

    /// A refused step counts as failed, and some failures give everything back.
    fn given_back(&self, steps: &[PlannedStep]) -> Option<String> {
        let releases = |node: &&&Node| node.on_failure == OnFailure::Release;
        let refused = self.nodes_of(steps, |state| matches!(state, PlanState::Refused(_)));
        let node = refused.iter().find(releases)?;
        Some(format!(
            "step `{}` is refused, and by its `on-failure: release` the run would give back all that it did; leave it out with `--skip {}` to run the others",
            node.id, node.id
        ))
    }

    fn entry(&self, step: PlannedStep, secrets: &[String]) -> Option<PlanEntry> {
        let node = self.program.get(parent(&step.id))?;
        Some(PlanEntry {
            uses: node.uses.clone(),
            title: node.title.clone(),
            phase: node.phase,
            owner: node.owner.clone(),
            responsibility: node.responsibility,
            // A plan is shown and kept, so it holds no secret either.
            step: step.redacted(secrets),
        })
    }

    fn races(&self, steps: &[PlannedStep]) -> Vec<String> {
        let needs = |node: &'_ Node| -> Vec<&str> {
            let needs = self.program.dependencies(&node.id);
            needs.into_iter().map(|(need, _)| need.id.as_str()).collect()
        };
        let order: StepOrder<'_> =
            self.program.order().map(|node| (node.id.as_str(), needs(node))).collect();
        let said = |race: Race| {
            let more = match race.count - 1 {
                0 => String::new(),
                1 => "; 1 more step writes it with no order to the one before it".into(),
                more => {
                    format!("; {more} more steps write it with no order to the one before them")
                }
            };
            format!(
                "steps `{}` and `{}` both write {} with no order between them; add `needs` to one{more}",
                race.first, race.second, race.place
            )
        };
        races(steps, &order).into_iter().map(said).collect()
    }
}

/// As `service:Action`, sorted, each once.
fn names(needed: &BTreeSet<Permission>) -> Vec<String> {
    let names: BTreeSet<_> = needed.iter().map(|permission| permission.action.to_owned()).collect();
    names.into_iter().collect()
}

/// The step of a for-each's item.
pub fn parent(id: &str) -> &str {
    item(id).0
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Number(number) => found.push(number.to_string()),
        _ => {}
    }
}

/// A running FIS experiment may be the whole incident, and its stop would undo a containment:
/// <https://docs.aws.amazon.com/fis/latest/userguide/stop-experiment.html>.
async fn experiments(aws: &Aws) -> (Experiments, Vec<String>) {
    match RunningExperiments::of(aws).read(aws).await {
        Ok(found) => {
            let running: Vec<_> = found.into_iter().map(|one| one.experiment).collect();
            let warnings = running.iter().map(|id| {
                format!(
                    "FIS experiment {id} is running in this account: the incident may be its fault, and its end may change settings back"
                )
            });
            let warnings = warnings.collect();
            (Experiments { known: true, running }, warnings)
        }
        Err(error) => {
            tracing::debug!(%error, "FIS experiments are not known");
            let warning = "whether an FIS experiment is running is unknown: `fis:ListExperiments` did not answer";
            (Experiments::default(), vec![warning.into()])
        }
    }
}
