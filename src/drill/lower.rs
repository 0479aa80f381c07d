//! Simulation to the steps of one program, in this order: guard, arrange and watch, steady state,
//! faults, detections beside the response, recovery, steady state again, cleanup. Owns that order;
//! the response's own steps are joined in `check`.

mod again;
mod faults;

pub(crate) use again::READS;
#[cfg(all(test, feature = "aws"))]
pub(crate) use again::STEPS;

use crate::playbook::{
    Diagnostic, FirstOf, Limits, Playbook, Severity, Step,
    expr::{Expr, Target, Template, TemplateKind},
};

use super::{
    document::{FaultKind, RecoverAfter, RespondAfter, Simulation, Steps, Via, When},
    experiment,
    make::{self, expr, list, map, mark, need, need_all, number, roots, sinks, text, texts},
    outline::{Detection, Outline, Recovery, Response},
};

/// The step whose outputs are the response's inputs, and the prefix of its steps' ids.
pub(super) const RESPOND: &str = "respond";
pub const RESPOND_PREFIX: &str = "respond-";
pub(super) const RESPONDED: &str = "responded";

/// A simulation as a playbook of the same engine, and which of its steps stand for what.
pub struct Lowered {
    pub playbook: Playbook,
    pub outline: Outline,
}

struct Lowering<'a> {
    from: &'a Simulation,
    steps: Steps,
    outline: Outline,
    problems: Vec<Diagnostic>,
    begins: faults::Begins,
}

/// `template` is the FIS experiment template that the simulation names, where it names one.
pub fn lower(from: &Simulation, template: Option<&Template>) -> (Lowered, Vec<Diagnostic>) {
    let mut lowering = Lowering {
        from,
        steps: Steps::new(),
        outline: Outline::of(from),
        problems: Vec::new(),
        begins: faults::Begins::default(),
    };
    lowering.all(template);
    let Lowering { steps, outline, problems, .. } = lowering;
    let playbook = Playbook {
        id: from.id.clone(),
        title: from.title.clone(),
        version: from.version.clone(),
        severity: Severity::Low,
        summary: Some(from.hypothesis.clone()),
        attack: from.attack.clone(),
        roles: from.roles.clone(),
        inputs: from.inputs.clone(),
        limits: Limits::default(),
        accept: Vec::new(),
        steps,
    };
    (Lowered { playbook, outline }, problems)
}

impl Lowering<'_> {
    fn all(&mut self, template: Option<&Template>) {
        let span = self.from.id.span;
        self.guard(template);
        self.section(self.from.arrange.clone(), &["guard"]);
        self.watches();
        let mut ready = mark("ready", "The target is there and steady", span);
        need(&mut ready, "guard");
        need_all(&mut ready, sinks(&self.from.arrange));
        need_all(
            &mut ready,
            self.from
                .expect
                .keys()
                .filter(|name| self.watched(name))
                .map(|name| format!("watch-{name}")),
        );
        let arranged: Vec<String> = ready.needs.iter().map(|need| need.value.clone()).collect();
        let before = self.checks(When::Before, "before", &arranged);
        need_all(&mut ready, &before);
        self.outline.before = before;
        self.push(ready);
        let injected = self.faults(template);
        let tried = self.tries();
        let mut faulted = mark("faulted", "Every fault has taken effect", span);
        need_all(&mut faulted, injected.iter().chain(&tried));
        self.push(faulted);
        let detections = self.detections();
        self.respond(&detections);
        self.refused();
        let mut last: Vec<String> = vec!["faulted".into()];
        last.extend(detections.iter().cloned());
        if self.from.respond.is_some() {
            last.push(RESPONDED.into());
        }
        if self.steps.contains_key("inject") {
            self.experiment_end();
            last.push("experiment-end".into());
        }
        last.extend(self.recover(&detections, &last));
        self.outline.after = self.checks(When::After, "after", &last);
        self.cleanup();
    }

    fn push(&mut self, step: Step) {
        let (id, span) = (step.id.value.clone(), step.id.span);
        if let Some(first) = self.steps.get(&id) {
            let message = format!("two steps of the drill are called `{id}`");
            let problem = Diagnostic::error("simulation::duplicate-step", message)
                .label(span, "again here")
                .label(first.id.span, "first here");
            self.problems.push(problem.help(
                "ids are unique in the whole file; a drill's own steps are `guard`, `ready`, `inject`, `faulted`, `respond`, `responded`, `experiment-end`, `recovering`, `recovered`, and those that start with `watch-`, `before-`, `attack-`, `effect-`, `detect-`, `respond-`, `try-`, `refused-` and `after-`",
            ));
            return;
        }
        self.steps.insert(id, step);
    }

    /// Adds the steps of a section; those that wait for none of them wait for `before`.
    fn section<S: AsRef<str>>(&mut self, mut section: Steps, before: &[S]) {
        for root in roots(&section) {
            if let Some(step) = section.get_mut(&root) {
                need_all(step, before);
            }
        }
        section.into_values().for_each(|step| self.push(step));
    }

    fn guard(&mut self, template: Option<&Template>) {
        let (guard, span) = (&self.from.guard, self.from.guard.span);
        let all = || {
            let attacks = self.from.faults.values().filter_map(|fault| match &fault.kind {
                FaultKind::Attack { steps, .. } => Some(steps),
                FaultKind::Fis(_) => None,
            });
            let more = self.from.recover.iter().map(|recover| &recover.steps);
            let more = more.chain(self.from.faults.values().map(|fault| &fault.proof));
            attacks.chain([&self.from.arrange]).chain(more).flat_map(Steps::values)
        };
        let count = |action: &str| all().filter(|step| step.uses.value == action).count() as f64;
        let minutes = experiment::action_minutes(self.from, template);
        self.outline.action_minutes = minutes;
        let forecast = map(
            vec![
                ("fis-action-minutes", Some(number(minutes, span))),
                ("backups", Some(number(count("backup.back-up"), span))),
                ("restores", Some(number(count("backup.restore"), span))),
                ("instances", Some(number(count("ec2.run-instance"), span))),
            ],
            span,
        );
        let mut unpriced: Vec<String> = experiment::open_ended(self.from)
            .iter()
            .map(|fault| format!("how long `{fault}` lasts: a minute of it is counted"))
            .collect();
        let used = UNPRICED.iter().filter(|(action, _)| count(action) > 0.0);
        unpriced.extend(used.map(|(_, what)| (*what).to_owned()));
        // An alarm that the drill itself makes is checked by FIS when the experiment starts.
        let alarms: Vec<_> = self
            .from
            .stop_conditions
            .iter()
            .filter(|alarm| !make::reads_steps(alarm))
            .cloned()
            .collect();
        let tag = guard.required_tag.as_ref().map(|tag| text(tag, span));
        let with = map(
            vec![
                ("accounts", Some(texts(&guard.accounts, span))),
                ("regions", Some(texts(&guard.regions, span))),
                ("required-tag", tag),
                ("max-cost", Some(number(guard.max_cost, span))),
                ("forecast", Some(forecast)),
                ("unpriced", (!unpriced.is_empty()).then(|| texts(&unpriced, span))),
                ("stop-alarms", (!alarms.is_empty()).then(|| list(alarms, span))),
                ("window", guard.window.clone()),
            ],
            span,
        );
        self.push(make::step(
            "guard".into(),
            "drill.guard",
            "May this drill run here and now",
            with,
            span,
        ));
    }

    fn watched(&self, name: &str) -> bool {
        self.from.expect.get(name).is_some_and(|expect| expect.via == Via::Events)
    }

    fn watches(&mut self) {
        for (name, expect) in &self.from.expect {
            if expect.via == Via::Poll {
                continue;
            }
            let span = expect.span;
            let with = map(
                vec![
                    ("name", Some(text(name, span))),
                    ("source", Some(expect.source.clone())),
                    ("match", expect.matching.clone()),
                    ("pattern", expect.pattern.clone()),
                    ("region", expect.region.clone()),
                ],
                span,
            );
            let mut step = make::step(
                format!("watch-{name}"),
                "drill.watch",
                "Listen for the detection",
                with,
                span,
            );
            need(&mut step, "guard");
            self.push(step);
        }
    }

    /// The steady-state checks of one side, and their ids.
    fn checks(&mut self, side: When, prefix: &str, needs: &[String]) -> Vec<String> {
        let mut ids = Vec::new();
        for (name, check) in &self.from.steady_state {
            if check.when != When::Both && check.when != side {
                continue;
            }
            let mut step = check.step.clone();
            step.id.value = format!("{prefix}-{name}");
            need_all(&mut step, needs);
            ids.push(step.id.value.clone());
            self.push(step);
        }
        ids
    }

    /// One step for each expected detection; returns their ids.
    fn detections(&mut self) -> Vec<String> {
        let mut ids = Vec::new();
        for (name, expect) in &self.from.expect {
            let span = expect.span;
            let begin = match &expect.fault {
                Some(fault) => match self.begins.named.get(&fault.value) {
                    Some(begin) => begin.clone(),
                    None => {
                        self.unknown_fault(&fault.value, fault.span);
                        continue;
                    }
                },
                None => self.begins.first(),
            };
            let since = format!("steps.{}.{}", begin.step, begin.output);
            let queue = (expect.via == Via::Events)
                .then(|| expr(&format!("steps.watch-{name}.queue-url"), span));
            let within = text(expect.within.as_str(), span);
            let with = map(
                vec![
                    ("name", Some(text(name, span))),
                    ("source", Some(expect.source.clone())),
                    ("resource", Some(expect.resource.clone())),
                    ("within", Some(within)),
                    ("since", Some(expr(&since, span))),
                    ("queue-url", queue),
                    (
                        "via",
                        Some(text(if expect.via == Via::Poll { "poll" } else { "events" }, span)),
                    ),
                    ("match", expect.matching.clone()),
                    ("region", expect.region.clone()),
                    (
                        "sample-is-enough",
                        expect.accepts_plumbing.then(|| make::boolean(true, span)),
                    ),
                    (
                        "samples",
                        (!begin.samples.is_empty()).then(|| {
                            let ids = |step: &String| expr(&format!("steps.{step}.findings"), span);
                            list(begin.samples.iter().map(ids).collect(), span)
                        }),
                    ),
                ],
                span,
            );
            let id = format!("detect-{name}");
            let mut step =
                make::step(id.clone(), "drill.detect", "Wait for the detection", with, span);
            need(&mut step, &begin.step);
            self.push(step);
            self.outline.detections.push(Detection {
                name: name.clone(),
                step: id.clone(),
                within: expect.within.as_std(),
                accepts_plumbing: expect.accepts_plumbing,
            });
            ids.push(id);
        }
        ids
    }

    fn respond(&mut self, detections: &[String]) {
        let Some(respond) = &self.from.respond else { return };
        let span = respond.span;
        let with = map(
            vec![
                ("playbook", Some(text(&respond.playbook.value, span))),
                ("inputs", Some((*respond.with).clone())),
                (
                    "detected",
                    (respond.after != RespondAfter::Faults).then(|| {
                        let came = |id: &String| expr(&format!("steps.{id}.{DETECTED}"), span);
                        list(detections.iter().map(came).collect(), span)
                    }),
                ),
            ],
            span,
        );
        let mut begin =
            make::step(RESPOND.into(), "drill.begin-response", "The response begins", with, span);
        need(&mut begin, "faulted");
        match respond.after {
            RespondAfter::Faults => {}
            _ if self.from.expect.is_empty() => {
                let problem = Diagnostic::error(
                    "simulation::nothing-expected",
                    "the response waits for a detection, and the simulation expects none",
                );
                self.problems.push(problem.label(span, "this response").help(
                    "say under `expect` what should detect the fault, or write `after: faults`: then whether anybody would have been called is not tested",
                ));
            }
            RespondAfter::Detections => need_all(&mut begin, detections),
            RespondAfter::FirstDetection => first_of(&mut begin, detections),
        }
        let mut end = mark(RESPONDED, "The response has ended", span);
        need(&mut end, RESPOND);
        // A response that fails is a finding of the drill, and no reason not to restore.
        end.always = true;
        self.push(begin);
        self.push(end);
        self.outline.response = Some(Response {
            start: RESPOND.into(),
            prefix: RESPOND_PREFIX.into(),
            end: RESPONDED.into(),
            playbook: respond.playbook.value.clone(),
            within: respond.within.as_ref().map(crate::playbook::types::Duration::as_std),
        });
    }

    fn experiment_end(&mut self) {
        let experiment = self.from.experiment.as_ref();
        let span = experiment.map_or(self.from.id.span, |experiment| experiment.span);
        let at_most = experiment.and_then(|experiment| experiment.at_most.as_ref());
        let with = map(
            vec![
                ("experiment", Some(expr("steps.inject.experiment", span))),
                ("at-most", at_most.map(|time| text(time.as_str(), span))),
            ],
            span,
        );
        let uses = "fis.await-experiment";
        let title = "Wait for the end of the experiment";
        self.push(make::step("experiment-end".into(), uses, title, with, span));
    }

    /// Adds the recovery, which may run beside what else the drill does; returns its end.
    fn recover(&mut self, detections: &[String], last: &[String]) -> Option<String> {
        let recover = self.from.recover.as_ref()?;
        let span = recover.span;
        let points = recover.recovery_point.clone();
        let is_list = points.as_ref().is_some_and(|p| matches!(p.kind, TemplateKind::List(_)));
        let (point, points) = if is_list { (None, points) } else { (points, None) };
        let own_points = [&point, &points].into_iter().flatten().any(|at| self.made_here(at));
        let with = map(vec![("recovery-point", point), ("recovery-points", points)], span);
        let mut begin = make::step(
            "recovering".into(),
            "drill.begin-recovery",
            "The restore is asked for",
            with,
            span,
        );
        let responds = self.from.respond.is_some();
        need(&mut begin, "faulted");
        match recover.after {
            Some(RecoverAfter::Faults) => {}
            Some(RecoverAfter::Experiment) => need_all(&mut begin, last),
            // A response that fails is no reason not to restore.
            Some(RecoverAfter::Response) | None if responds => need(&mut begin, RESPONDED),
            _ if detections.is_empty() => {}
            _ => first_of(&mut begin, detections),
        }
        self.push(begin);
        self.section(recover.steps.clone(), &["recovering"]);
        let mut end = mark("recovered", "The restored content is verified", span);
        need(&mut end, "recovering");
        need_all(&mut end, sinks(&recover.steps));
        self.push(end);
        self.outline.recovery = Some(Recovery {
            start: "recovering".into(),
            end: "recovered".into(),
            steps: recover.steps.keys().cloned().collect(),
            rto: recover.rto.as_ref().map(crate::playbook::types::Duration::as_std),
            rpo: recover.rpo.as_ref().map(crate::playbook::types::Duration::as_std),
            accepts_unverified: recover.accepts_unverified,
            accepts_left_over: recover.accepts_left_over,
            own_points,
        });
        Some("recovered".into())
    }

    /// Whether a value comes from a backup that the drill makes.
    fn made_here(&self, value: &Template) -> bool {
        let mut exprs: Vec<&Expr> = Vec::new();
        value.each_expr(&mut |expr| exprs.push(expr));
        exprs.into_iter().flat_map(Expr::refs).any(|found| match &found.target {
            Target::Output { step, .. } => {
                self.from.arrange.get(step).is_some_and(|step| step.uses.value == "backup.back-up")
            }
            _ => false,
        })
    }

    fn cleanup(&mut self) {
        let ends = sinks(&self.steps);
        let mut cleanup = self.from.cleanup.clone();
        for step in cleanup.values_mut() {
            step.always = true;
        }
        self.outline.cleanup = cleanup.keys().cloned().collect();
        self.section(cleanup, &ends);
    }
}

/// What may cost something that no forecast knows, by the action of a step.
const UNPRICED: [(&str, &str); 3] = [
    // https://aws.amazon.com/guardduty/pricing/
    (
        "guardduty.enable",
        "what GuardDuty analyses in the account while the drill keeps it switched on",
    ),
    // https://aws.amazon.com/cloudtrail/pricing/
    (
        "cloudtrail.create-trail",
        "a further copy of the account's management events, which CloudTrail bills by their number",
    ),
    (
        "backup.restore",
        "a restored database or file system, which costs more than the volume that is counted",
    ),
];

/// The output of `drill.detect` that says whether somebody was told.
const DETECTED: &str = "detected";

/// Lets a step begin with the first detection that came, or when all have an outcome.
fn first_of(step: &mut Step, detections: &[String]) {
    need_all(step, detections);
    step.first_of = Some(FirstOf { steps: detections.to_vec(), output: DETECTED });
}
