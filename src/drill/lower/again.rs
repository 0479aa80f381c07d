//! `refused`: the steps that try the attacker's calls before the response, so that a refusal shows something, and again
//! after it. Owns which calls may be tried again: those that only read, and those of attack steps on things that the drill
//! made.

use crate::playbook::{Actor, Diagnostic, Spanned, did_you_mean, expr::Template, types::Duration};

use super::{Lowering, RESPONDED};
use crate::drill::{
    document::{FaultKind, Refused, Steps},
    make::{self, expr, list, map, need, need_all, text},
    outline::Refusal,
};

/// Calls that only read, as `drill.try-again` knows them.
pub(crate) const READS: &[&str] = &[
    "cloudtrail:DescribeTrails",
    "dynamodb:ListTables",
    "ec2:DescribeInstances",
    "guardduty:ListDetectors",
    "iam:ListRoles",
    "iam:ListUsers",
    "lambda:ListFunctions",
    "s3:ListAllMyBuckets",
    "sqs:ListQueues",
    "ssm:DescribeInstanceInformation",
];
/// Actions of attack steps that can be tried again: the call, and the input that names the thing it is made on.
pub(crate) const STEPS: &[(&str, &str, Option<&str>)] = &[
    ("iam.recon", "iam:ListUsers", None),
    ("s3.lift-public-access-block", "s3:PutBucketPublicAccessBlock", Some("bucket")),
];
/// What AWS answers to whoever has a signature, also where a policy denies it.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
const ALWAYS_ANSWERED: &str = "sts:GetCallerIdentity";
/// How long IAM may take to know a new key, role or policy everywhere.
const SETTLES: &str = "30s";

impl<'a> Lowering<'a> {
    /// The steps that show what the attacker may do before the response; every fault has taken effect only after them.
    pub(super) fn tries(&mut self) -> Vec<String> {
        let mut ids = Vec::new();
        for (name, refused) in &self.from.refused {
            let Some(tried) = self.tried(name, refused) else { continue };
            let (id, span) = (format!("try-{name}"), refused.span);
            let with = map(
                vec![
                    ("name", Some(text(name, span))),
                    ("calls", Some(tried.calls)),
                    ("until", Some(text("works", span))),
                    ("within", Some(text(SETTLES, span))),
                ],
                span,
            );
            let title = "What the attacker may do before the response";
            let mut step = make::step(id.clone(), "drill.try-again", title, with, span);
            step.actor = Some(tried.actor);
            need_all(&mut step, tried.after);
            self.push(step);
            ids.push(id);
        }
        ids
    }

    /// The steps that try it again once the response has ended.
    pub(super) fn refused(&mut self) {
        for (name, refused) in &self.from.refused {
            // What is wrong with it was said when it was tried first.
            let problems = self.problems.len();
            let tried = self.tried(name, refused);
            self.problems.truncate(problems);
            let Some(tried) = tried else { continue };
            let (id, span) = (format!("refused-{name}"), refused.span);
            let with = map(
                vec![
                    ("name", Some(text(name, span))),
                    ("calls", Some(tried.calls)),
                    ("until", Some(text("refused", span))),
                    ("since", Some(expr(&format!("steps.{RESPONDED}.at"), span))),
                    ("within", Some(text(refused.within.as_str(), span))),
                    ("worked", Some(expr(&format!("steps.try-{name}.worked"), span))),
                ],
                span,
            );
            let title = "The attacker tries again";
            let mut step = make::step(id.clone(), "drill.try-again", title, with, span);
            step.actor = Some(tried.actor);
            need(&mut step, RESPONDED);
            self.push(step);
            self.outline.refused.push(Refusal {
                name: name.clone(),
                tried: format!("try-{name}"),
                step: id,
                within: Duration::as_std(&refused.within),
            });
        }
    }

    fn tried(&mut self, name: &str, refused: &Refused) -> Option<Tried> {
        let problems = self.problems.len();
        if self.from.respond.is_none() {
            self.nothing(
                refused,
                "the simulation has no `respond`, so nobody contains anything",
                "add `respond` with the playbook that is to stop the attacker",
            );
        }
        let (fault, attack) = self.attack_of(refused)?;
        let actor = refused.actor.clone().or_else(|| {
            attack.and_then(|steps| steps.values().find_map(|step| step.actor.clone()))
        });
        if actor.is_none() {
            self.nothing(refused, &format!("`{name}` does not say as whom, and neither does its attack: whoever runs the drill is never refused"), "add `as: { access-key: .. }` or `as: { role: .., session: .. }` to the attack, or here");
        }
        if refused.steps.is_empty() && refused.calls.is_empty() {
            self.nothing(
                refused,
                &format!("`{name}` names neither steps nor calls"),
                "add `steps: [..]` of the attack, or `calls: [..]` that only read",
            );
        }
        let mut calls = Vec::new();
        for step in &refused.steps {
            calls.extend(self.of_step(step, fault.as_deref(), attack));
        }
        for call in &refused.calls {
            calls.extend(self.of_call(call));
        }
        if self.problems.len() > problems {
            return None;
        }
        let after = match (&fault, attack) {
            (Some(fault), Some(steps)) if steps.is_empty() => vec![format!("attack-{fault}")],
            (Some(_), Some(steps)) => make::sinks(steps),
            _ => vec!["ready".into()],
        };
        Some(Tried { actor: actor?, calls: list(calls, refused.span), after })
    }

    /// The attack whose calls are tried again: the one that is named, or the first. The outer None: there is no such
    /// fault.
    fn attack_of(&mut self, refused: &Refused) -> Option<(Option<String>, Option<&'a Steps>)> {
        let from = self.from;
        match &refused.fault {
            Some(fault) => match from.faults.get(&fault.value) {
                Some(found) => Some((Some(fault.value.clone()), steps(&found.kind))),
                None => {
                    self.unknown_fault(&fault.value, fault.span);
                    None
                }
            },
            None => {
                let mut attacks = from.faults.iter().filter_map(|(name, fault)| {
                    Some((Some(name.clone()), Some(steps(&fault.kind)?)))
                });
                Some(attacks.next().unwrap_or_default())
            }
        }
    }

    fn of_step(
        &mut self,
        named: &Spanned<String>,
        fault: Option<&str>,
        attack: Option<&Steps>,
    ) -> Option<Template> {
        let span = named.span;
        let Some(step) = attack.and_then(|steps| steps.get(&named.value)) else {
            let whose = fault.map_or("an attack".into(), |fault| format!("the attack `{fault}`"));
            let message = format!("`{}` is no step of {whose}", named.value);
            let names = attack.into_iter().flat_map(|steps| steps.keys().map(String::as_str));
            let names: Vec<_> = names.collect();
            let help = did_you_mean(&named.value, names.iter().copied(), "its steps are");
            let problem = Diagnostic::error("simulation::unsafe-attempt", message);
            self.problems.push(problem.label(span, "named here").help(help));
            return None;
        };
        let known = STEPS.iter().find(|(action, ..)| *action == step.uses.value);
        let Some((_, call, on)) = known else {
            let message = format!(
                "`{}` uses `{}`, which a drill does not try again: what it would do if it still worked might not be given back",
                named.value, step.uses.value
            );
            let actions: Vec<_> = STEPS.iter().map(|(action, ..)| format!("`{action}`")).collect();
            let help = format!(
                "steps with {} can be tried again; for others name `calls` that only read",
                actions.join(" and ")
            );
            let problem = Diagnostic::error("simulation::unsafe-attempt", message);
            self.problems.push(problem.label(span, "named here").help(help));
            return None;
        };
        let on = on.and_then(|input| step.with.get(input)).cloned();
        // Where it is wrong is said at the step itself.
        let on = on.map(|on| Template { span, ..on });
        Some(map(vec![("call", Some(text(call, span))), ("on", on)], span))
    }

    fn of_call(&mut self, named: &Spanned<String>) -> Option<Template> {
        let span = named.span;
        if READS.contains(&named.value.as_str()) {
            return Some(map(vec![("call", Some(text(&named.value, span)))], span));
        }
        let problem = if named.value.eq_ignore_ascii_case(ALWAYS_ANSWERED) {
            let message = format!("AWS never refuses `{ALWAYS_ANSWERED}`, so it shows nothing");
            let help = "it needs no permission, and a policy that denies it changes nothing; name a call that the attacker was allowed, such as `iam:ListUsers`";
            Diagnostic::error("simulation::never-refused", message).help(help)
        } else {
            let message = format!("`{}` is no call that a drill makes as an attacker", named.value);
            let known = READS.iter().copied();
            let help = did_you_mean(&named.value, known, "calls that only read are");
            Diagnostic::error("simulation::unsafe-attempt", message).help(help)
        };
        self.problems.push(problem.label(span, "named here"));
        None
    }

    fn nothing(&mut self, refused: &Refused, message: &str, help: &str) {
        let problem = Diagnostic::error("simulation::no-attempt", message);
        self.problems.push(problem.label(refused.span, "this one").help(help));
    }
}

fn steps(kind: &FaultKind) -> Option<&Steps> {
    match kind {
        FaultKind::Attack { steps, .. } => Some(steps),
        FaultKind::Fis(_) => None,
    }
}

/// Who tries which calls, once the steps `after` have ended.
struct Tried {
    actor: Actor,
    calls: Template,
    after: Vec<String>,
}
