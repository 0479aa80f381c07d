//! From a checked playbook and an account to a plan. Owns what goes into the plan file; reads only.

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    actions::{catalogue, policy},
    aws::{
        Aws,
        belts::{self, Limits},
        fis::RunningExperiments,
        iam::Caller,
    },
    engine::{
        self, AFTER_RUN, Fact, FactHead, World,
        plan::{PlanState, PlannedStep},
        races::{Race, StepOrder, races},
    },
    journal::{forms, redact, redact_text},
    playbook::{
        self, Playbook,
        expr::{RunFacts, Scope, Target},
    },
};

use super::{
    Node, Program,
    belts::{Answer, Belts, Experiments, Limit, PermissionCheck, Protected},
    bind::{RunFactsOwned, bind},
    planfile::{FORMAT, PlanEntry, PlanFile, PlaybookRef},
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
    pub kept: policy::Kept,
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
    /// `inputs.token | upper`. Short ones are in too much else to be replaced.
    fn made_of_sensitive(&self) -> Vec<String> {
        const LEAST: usize = 8;
        let is_input = |target: &Target| matches!(target, Target::Input(_));
        let is_sensitive = |target: &Target| match target {
            Target::Input(name) => self.playbook.inputs.get(name).is_some_and(|one| one.sensitive),
            _ => false,
        };
        let none = IndexMap::new();
        let scope =
            Scope { inputs: &self.inputs, steps: &none, item: None, run: RunFacts::default() };
        let mut found = Vec::new();
        for step in self.playbook.steps.values() {
            step.with.each_expr(&mut |expr| {
                let targets = expr.refs().iter().map(|one| &one.target);
                if expr.exact().is_none()
                    && targets.clone().all(is_input)
                    && targets.clone().any(is_sensitive)
                    && let Ok(value) = expr.eval(&scope)
                {
                    strings(&value, &mut found);
                }
            });
        }
        // What stands in the playbook itself is no secret: `'prod' if inputs.token else 'test'`.
        found.retain(|text| text.len() >= LEAST && !self.text.contains(text.as_str()));
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

    /// What the run would do now in the account behind `aws`.
    pub async fn plan(&self, aws: &Aws, run: &str) -> PlanFile {
        self.plan_with(aws, run, false).await
    }

    /// The same; with `probe` the plan also shows which of its permissions the caller has.
    pub async fn plan_with(&self, aws: &Aws, run: &str, probe: bool) -> PlanFile {
        let facts = RunFactsOwned { id: run.into(), started: AFTER_RUN.into() };
        let units = bind(&self.playbook, &self.program, self.inputs.clone(), facts);
        let belts = Arc::new(belts::Belts::new(run, self.limits()));
        let scout = aws.with_belts(Arc::new(belts.scout()));
        let planned = engine::plan_ahead(&units, aws.with_belts(belts.clone()), scout, run);
        // What does not hang on the plan is asked meanwhile, of all that its steps may do.
        let actions: Vec<&str> = self.program.nodes().map(|node| node.uses.as_str()).collect();
        let ahead = async {
            let needed = policy::needed(&actions, self.kept);
            if probe { Some(belts::probe::ahead(aws, &needed).await) } else { None }
        };
        let (mut steps, (experiments, mut warnings), ahead) =
            tokio::join!(planned, experiments(aws), ahead);
        drop(units);
        let order: HashMap<&str, usize> =
            self.program.nodes().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
        steps.sort_by_cached_key(|step| {
            let (id, item) = item(&step.id);
            (order.get(id).copied(), item)
        });
        let mut refusals = self.races(&steps);
        let counts = belts.counts().await;
        let over = counts.iter().filter(|count| count.touched.len() as u64 > count.limit);
        refusals.extend(over.map(|count| belts::over(count, None)));
        if steps.iter().any(|step| matches!(step.state, PlanState::Open(_))) {
            warnings
                .push("steps marked `(known after run)` are shown as far as they can be".into());
        }
        let secrets = self.secrets();
        let mut checked = self.belts(&steps, counts, experiments, &secrets);
        checked.protected.looked_at = belts.looked_at().await;
        let unprotectable = belts.unprotectable().await.into_iter();
        checked.protected.unprotectable =
            unprotectable.map(|text| redact_text(text, &secrets)).collect();
        if let Some(ahead) = ahead {
            let permissions = self.probed(aws, &belts, &steps, ahead).await;
            let unknown = permissions.iter().filter(|one| one.answer == Answer::Unknown).count();
            if unknown > 0 {
                warnings.push(format!(
                    "of {} permissions {unknown} are unknown: the run may stop at one that it does not have",
                    permissions.len()
                ));
            }
            checked.permissions = Some(permissions);
        }
        let plan = PlanFile {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            run: run.into(),
            playbook: PlaybookRef {
                id: self.playbook.id.value.clone(),
                title: self.playbook.title.clone(),
                version: self.playbook.version.to_string(),
                sha256: sources_sha256(&self.text, &self.files),
            },
            inputs: self
                .inputs
                .iter()
                .map(|(name, value)| (name.clone(), redact(value.clone(), &secrets)))
                .collect(),
            scope: aws.scope().clone(),
            endpoint: aws.endpoint().map(str::to_owned),
            local: aws.is_local(),
            // Who asks for a plan knows of the lab; nothing here does.
            lab: None,
            steps: steps.into_iter().filter_map(|step| self.entry(step, &secrets)).collect(),
            permissions: policy::permissions(&actions, self.kept),
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
        let active = self.nodes_of(steps, |state| !matches!(state, PlanState::Skipped(_)));
        let actions: Vec<&str> = active.into_iter().map(|node| node.uses.as_str()).collect();
        let needed = policy::needed(&actions, self.kept);
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
/// <https://docs.aws.amazon.com/fis/latest/userguide/stop-experiments.html>.
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
