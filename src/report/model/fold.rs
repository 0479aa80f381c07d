//! Sources to report. Owns the rows of steps, verdicts, evidence, people, and what goes where.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::{
    engine::Verdict,
    journal::{Change, Ledger, Record, Released, RunStatus, StepLedger, StepState, WAITING},
    playbook::{OnFailure, Phase, Responsibility},
    program::{Edge, Node, planfile::PlanEntry},
    report::look,
};

use super::{
    Abort, AnswerRow, Clock, EvidenceRow, FORMAT, Head, JournalState, Need, NoteRow, Options,
    Report, RoleRow, Sources, State, StepRow, Technique, VerdictRow, changes, lessons, spans,
    story,
};

/// Everything of one run.
pub fn fold(sources: &Sources, options: &Options) -> Report {
    let lines = &sources.read.lines;
    let ledger = Ledger::fold(lines.iter().map(|line| &line.record));
    let mut run = head(sources, &ledger, options);
    let mut steps = Steps::of(sources, &ledger, options.live).all();
    let live = options.live.then_some(options.now);
    let timeline = spans::timeline(lines, &steps, sources.card.as_ref(), live);
    spans::critical(&mut steps, &timeline);
    run.ended = ended(sources).or_else(|| steps.iter().filter_map(|step| step.ended).max());
    let changes = changes::changes(lines, &ledger, sources.plan.as_ref(), options.live);
    let operations = changes::operations(lines);
    count(&mut steps, changes.iter().map(|row| &row.step), |step| &mut step.changes);
    count(&mut steps, operations.iter().map(|row| &row.step), |step| &mut step.operations);
    let mut responsibility = IndexMap::new();
    for word in Responsibility::words() {
        let count = steps.iter().filter(|step| step.responsibility == word).count();
        responsibility.insert(word.to_owned(), count);
    }
    let mut report = Report {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").into(),
        written: options.now,
        summary: story::none(),
        verdicts: verdicts(sources, &steps, &ledger),
        timeline,
        changes,
        operations,
        evidence: evidence(sources),
        answers: answers(sources),
        notes: notes(sources),
        roles: roles(sources, &steps),
        responsibility,
        attack: attack(sources),
        clocks: clocks(&run, options),
        drill: sources.card.clone(),
        observations: Vec::new(),
        recommendations: Vec::new(),
        run,
        steps,
    };
    report.summary = story::summary(&report);
    report.observations = lessons::observations(&report);
    report.recommendations = lessons::recommendations(&report);
    report
}

fn head(sources: &Sources, ledger: &Ledger, options: &Options) -> Head {
    let lines = &sources.read.lines;
    let mut head = Head { id: sources.id.clone(), ..Head::default() };
    if let Some(Record::RunStarted {
        playbook,
        playbook_sha256,
        plan_sha256,
        scope,
        endpoint,
        operator,
        clock,
        ..
    }) = &ledger.started
    {
        head.document.clone_from(playbook);
        head.playbook_sha256.clone_from(playbook_sha256);
        head.plan_sha256.clone_from(plan_sha256);
        head.account.clone_from(&scope.account);
        head.region.clone_from(&scope.region);
        head.principal.clone_from(&scope.principal);
        head.endpoint.clone_from(endpoint);
        head.operator.clone_from(operator);
        head.started = clock.or_else(|| lines.first().map(|line| line.time));
    }
    if let Some(plan) = &sources.plan {
        head.title.clone_from(&plan.playbook.title);
        head.version.clone_from(&plan.playbook.version);
        let shown = plan.inputs.iter().map(|(name, value)| (name.clone(), look::value(value, 400)));
        head.inputs = shown.collect();
    }
    if let Some(simulation) = &sources.simulation {
        head.simulation = true;
        head.purpose = Some(simulation.hypothesis.clone());
    } else if let Some(playbook) = &sources.playbook {
        head.severity = Some(playbook.severity.to_string());
        head.purpose.clone_from(&playbook.summary);
    }
    head.simulation |= sources.card.is_some();
    head.aborted = lines.iter().find_map(|line| match &line.record {
        Record::Aborted { by, who, reason } => {
            Some(Abort { by: by.clone(), who: who.clone(), reason: reason.clone(), at: line.time })
        }
        _ => None,
    });
    head.status = status(ledger, options.live).into();
    head.released = ledger.released;
    let finished =
        |line: &&crate::journal::Line| matches!(line.record, Record::ReleaseFinished { .. });
    head.release_ended = lines.iter().rev().find(finished).map(|line| line.time);
    head.journal = JournalState {
        records: lines.len(),
        head: sources.read.head.hash.clone(),
        torn_bytes: sources.read.torn.as_ref().map(String::len),
        files_match: sources.files_match,
        scorecard: sources.card_unfit.map(|unfit| unfit.word().to_owned()),
    };
    head
}

fn status(ledger: &Ledger, live: bool) -> &'static str {
    match (ledger.aborted, ledger.status) {
        (true, _) => "aborted",
        (false, Some(RunStatus::Succeeded)) => "succeeded",
        (false, Some(RunStatus::Failed)) => "failed",
        (false, Some(RunStatus::Interrupted)) => "interrupted",
        (false, Some(RunStatus::Waiting)) => "waiting",
        (false, None) if live => "running",
        (false, None) => "cut off",
    }
}

/// When the run itself ended, not its release.
fn ended(sources: &Sources) -> Option<Timestamp> {
    let ends =
        |record: &Record| matches!(record, Record::RunFinished { .. } | Record::Aborted { .. });
    sources.read.lines.iter().rev().find(|line| ends(&line.record)).map(|line| line.time)
}

struct Steps<'a> {
    sources: &'a Sources,
    ledger: &'a Ledger,
    live: bool,
    planned: HashMap<&'a str, &'a PlanEntry>,
}

impl<'a> Steps<'a> {
    fn of(sources: &'a Sources, ledger: &'a Ledger, live: bool) -> Self {
        let entries = sources.plan.iter().flat_map(|plan| &plan.steps);
        let planned = entries.map(|entry| (entry.step.id.as_str(), entry)).collect();
        Self { sources, ledger, live, planned }
    }

    /// In the order of the document; items of a for-each after each other.
    fn all(&self) -> Vec<StepRow> {
        let mut items: IndexMap<&str, Vec<&str>> = IndexMap::new();
        for id in self.ledger.steps.keys() {
            items.entry(parent(id)).or_default().push(id);
        }
        let planned = self.sources.plan.iter().flat_map(|plan| &plan.steps);
        let planned = planned.map(|entry| parent(&entry.step.id));
        let nodes = self.sources.program.iter().flat_map(|program| program.nodes());
        let mut ids: Vec<&str> = nodes.map(|node| node.id.as_str()).collect();
        let known: std::collections::HashSet<&str> = ids.iter().copied().collect();
        ids.extend(planned.chain(items.keys().copied()).filter(|id| !known.contains(id)));
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(*id));
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            match items.get_mut(id) {
                Some(own) => {
                    own.sort_by_key(|id| item(id));
                    // The step itself has records only where its list could not be made.
                    rows.extend(own.iter().map(|one| self.row(one, id)));
                }
                None => rows.push(self.row(id, id)),
            }
        }
        rows
    }

    fn row(&self, id: &str, parent: &str) -> StepRow {
        let node = self.sources.program.as_ref().and_then(|program| program.get(parent));
        let entry = self.planned.get(id).or_else(|| self.planned.get(parent)).copied();
        let ledger = self.ledger.steps.get(id);
        let (state, why) = self.asks(id).unwrap_or_else(|| self.state(parent, node, ledger));
        StepRow {
            id: id.into(),
            parent: parent.into(),
            title: of(node, entry, |node| node.title.clone(), |entry| entry.title.clone())
                .flatten(),
            uses: of(node, entry, |node| node.uses.clone(), |entry| entry.uses.clone())
                .unwrap_or_default(),
            phase: of(node, entry, |node| node.phase, |entry| entry.phase).unwrap_or(Phase::Verify),
            owner: of(node, entry, |node| node.owner.clone(), |entry| entry.owner.clone())
                .flatten(),
            responsibility: of(
                node,
                entry,
                |node| node.responsibility,
                |entry| entry.responsibility,
            )
            .unwrap_or(Responsibility::Customer)
            .to_string(),
            state,
            why,
            attempts: ledger.map_or(0, StepLedger::tries),
            started: None,
            ended: None,
            critical: false,
            needs: self.needs(parent),
            changes: 0,
            operations: 0,
        }
    }

    fn state(
        &self,
        id: &str,
        node: Option<&Node>,
        ledger: Option<&StepLedger>,
    ) -> (State, Option<String>) {
        match ledger.map(|ledger| &ledger.state) {
            Some(StepState::Finished(_)) => (State::Done, None),
            Some(StepState::Skipped(why)) => (State::Skipped, Some(why.clone())),
            Some(StepState::Failed { word, error, last }) => {
                let tolerated = node.is_some_and(|node| node.on_failure == OnFailure::Continue);
                let state = match (word.as_str(), *last) {
                    (WAITING, _) => State::Waiting,
                    (_, false) if self.live => State::Running,
                    (_, false) => State::CutOff,
                    (_, true) if tolerated => State::Tolerated,
                    (_, true) => State::Failed,
                };
                (state, Some(error.clone()))
            }
            Some(StepState::Running) if self.live => (State::Running, None),
            Some(StepState::Running) => {
                (State::CutOff, Some("no record shows how it ended".into()))
            }
            Some(StepState::Pending) | None => match self.ledger.expanded.get(id) {
                Some(items) if items.is_empty() => {
                    (State::Skipped, Some("its list is empty".into()))
                }
                _ => (State::NotRun, None),
            },
        }
    }

    /// A live step whose question nobody has answered yet.
    fn asks(&self, id: &str) -> Option<(State, Option<String>)> {
        let works = self.ledger.steps.get(id)?.state == StepState::Running;
        let mut asked = self.sources.asked.iter().filter(|_| self.live && works);
        let asked = asked.find(|asked| asked.step == id)?;
        let of = asked.role.as_deref().map(|role| format!(" `{role}`")).unwrap_or_default();
        Some((State::Waiting, Some(format!("asks{of}: {}", asked.question))))
    }

    fn needs(&self, parent: &str) -> Vec<Need> {
        let Some(program) = &self.sources.program else { return Vec::new() };
        let found = program.dependencies(parent).into_iter();
        let mut needs: Vec<Need> = Vec::new();
        for (node, edge) in found {
            match needs.iter_mut().find(|need| need.step == node.id) {
                Some(need) => need.data |= edge == Edge::Data,
                None => needs.push(Need { step: node.id.clone(), data: edge == Edge::Data }),
            }
        }
        needs
    }
}

fn of<T>(
    node: Option<&Node>,
    entry: Option<&PlanEntry>,
    from_node: impl Fn(&Node) -> T,
    from_entry: impl Fn(&PlanEntry) -> T,
) -> Option<T> {
    node.map(from_node).or_else(|| entry.map(from_entry))
}

/// The step of an item of a for-each.
pub(super) fn parent(id: &str) -> &str {
    id.split('[').next().unwrap_or(id)
}

fn item(id: &str) -> Option<usize> {
    id.strip_suffix(']')?.split_once('[')?.1.parse().ok()
}

fn count<'s>(
    steps: &mut [StepRow],
    of: impl Iterator<Item = &'s String>,
    field: impl Fn(&mut StepRow) -> &mut usize,
) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    of.for_each(|step| *counts.entry(step).or_default() += 1);
    for step in steps {
        let found = counts.get(step.id.as_str()).copied().unwrap_or_default();
        *field(step) = found;
    }
}

/// The latest of each subject, the worst first, then as the document has its steps.
fn verdicts(sources: &Sources, steps: &[StepRow], ledger: &Ledger) -> Vec<VerdictRow> {
    let back =
        |released: &Released| matches!(released, Released::GivenBack | Released::AlreadyBefore);
    let of_release = |change: &Change| change.released.as_ref().is_some_and(back);
    let is_drill = sources.simulation.is_some() || sources.card.is_some();
    let released = ledger.changes().filter(|(.., change)| !is_drill && of_release(change));
    let released: HashSet<&str> = released.map(|(step, ..)| step).collect();
    let mut rows: IndexMap<(&str, &str), VerdictRow> = IndexMap::new();
    for line in &sources.read.lines {
        let Record::Verdict { step, subject, verdict, facts } = &line.record else { continue };
        let row = VerdictRow {
            step: step.clone(),
            subject: subject.clone(),
            verdict: verdict.word().into(),
            reason: verdict.reason().map(str::to_owned),
            at: line.time,
            facts: facts.clone(),
            released: released.contains(step.as_str()),
        };
        rows.insert((step, subject), row);
    }
    let order: HashMap<&str, usize> =
        steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut rows: Vec<_> = rows.into_values().collect();
    let failed = Verdict::Failed { reason: String::new() };
    rows.sort_by_key(|row| {
        let rank = match row.verdict.as_str() {
            word if word == failed.word() => 0,
            word if word == Verdict::Proven.word() => 2,
            _ => 1,
        };
        (rank, order.get(row.step.as_str()).copied())
    });
    rows
}

fn evidence(sources: &Sources) -> Vec<EvidenceRow> {
    let rows = sources.read.lines.iter().filter_map(|line| match &line.record {
        Record::Evidence { step, file, sha256, bytes, .. } => Some(EvidenceRow {
            step: step.clone(),
            file: file.clone(),
            bytes: *bytes,
            sha256: sha256.clone(),
            at: line.time,
            same: sources.evidence.get(file).map(|now| now == sha256),
        }),
        _ => None,
    });
    rows.collect()
}

fn answers(sources: &Sources) -> Vec<AnswerRow> {
    let role = |step: &str| {
        let node = sources.program.as_ref()?.get(parent(step))?;
        let approval = node.approval.as_ref().map(|approval| approval.role.clone());
        approval.or_else(|| node.owner.clone())
    };
    let rows = sources.read.lines.iter().filter_map(|line| match &line.record {
        Record::Answer { step, question, by, who, via, yes, reason, .. } => Some(AnswerRow {
            step: step.clone(),
            role: role(step),
            question: question.clone(),
            by: by.clone(),
            who: who.clone(),
            via: via.clone(),
            yes: *yes,
            reason: reason.clone(),
            at: line.time,
        }),
        _ => None,
    });
    rows.collect()
}

fn notes(sources: &Sources) -> Vec<NoteRow> {
    let rows = sources.read.lines.iter().filter_map(|line| match &line.record {
        Record::Note { step, text } => {
            Some(NoteRow { step: step.clone(), text: text.clone(), at: line.time })
        }
        _ => None,
    });
    let mut rows: Vec<NoteRow> = rows.collect();
    let mut seen = std::collections::HashSet::new();
    rows.retain(|row| seen.insert((row.step.clone(), row.text.clone())));
    rows
}

fn roles(sources: &Sources, steps: &[StepRow]) -> IndexMap<String, RoleRow> {
    let mut rows: IndexMap<String, RoleRow> = IndexMap::new();
    for playbook in sources.playbook.iter().chain(&sources.response) {
        for (name, role) in &playbook.roles {
            let row = RoleRow {
                duty: role.duty.clone(),
                contact: role.contact.clone(),
                steps: Vec::new(),
            };
            rows.entry(name.clone()).or_insert(row);
        }
    }
    let mut seen = std::collections::HashSet::new();
    for step in steps.iter().filter(|step| seen.insert(step.parent.clone())) {
        let node = sources.program.as_ref().and_then(|program| program.get(&step.parent));
        let decides = node.and_then(|node| node.approval.as_ref()).map(|one| one.role.clone());
        for name in step.owner.iter().chain(&decides) {
            if let Some(row) = rows.get_mut(name)
                && !row.steps.contains(&step.parent)
            {
                row.steps.push(step.parent.clone());
            }
        }
    }
    rows
}

/// Techniques of the document and of the playbook that answers it.
fn attack(sources: &Sources) -> Vec<Technique> {
    let own = sources.simulation.iter().flat_map(|simulation| &simulation.attack);
    let playbooks = sources.playbook.iter().chain(&sources.response);
    let mut ids: Vec<String> = own.map(|id| id.value.clone()).collect();
    ids.extend(playbooks.flat_map(|playbook| &playbook.attack).map(|id| id.value.clone()));
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids.into_iter().filter_map(technique).collect()
}

/// None for anything that is not a technique id: nothing else may end up in a link.
pub fn technique(id: String) -> Option<Technique> {
    let plain = id.starts_with('T') && id[1..].chars().all(|c| c.is_ascii_digit() || c == '.');
    let url = format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/"));
    plain.then_some(Technique { id, url })
}

fn clocks(run: &Head, options: &Options) -> Vec<Clock> {
    let Some(t0) = options.t0.or(run.started) else { return Vec::new() };
    options.laws.iter().flat_map(|law| law.clocks(t0)).collect()
}
