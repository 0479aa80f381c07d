//! What an account may lack after a call of a run was denied for good: exactly what the step would have set whose call it
//! was, where the playbook lets that step fail, its action or kind does without it, or the plan refused it and said so. Owns
//! that judgement. Pure: records and accounts in, verdict out; what it does not know is not tolerated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::account::{Difference, differences, shows};

/// Exit code of a run; none when a signal ended it.
type End = Option<i32>;

/// How a run ends of which the plan refused a step.
const STEP_FAILED: End = Some(5);

/// The steps of the playbook, as far as their failures are concerned.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    /// The run continues without them.
    pub lets_fail: BTreeSet<String>,
    /// What is denied to them costs a part of what they do.
    pub lenient: BTreeSet<String>,
    /// All that comes before a step.
    pub after: BTreeMap<String, BTreeSet<String>>,
}

/// One thing that the uninterrupted run set or started, in names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Made {
    pub step: String,
    pub kind: String,
    pub target: String,
}

/// The uninterrupted run.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole {
    /// How it leaves an account, in names.
    pub account: Value,
    pub made: Vec<Made>,
    /// Steps that finished.
    pub finished: BTreeSet<String>,
}

/// A run of which one call was denied, and that was resumed as often as that helps.
pub(super) struct Broken<'a> {
    /// The call that was denied, such as `CreateTags`.
    pub operation: &'a str,
    pub end: End,
    pub records: &'a [Value],
    /// The account before it and after it, in names.
    pub before: &'a Value,
    pub now: &'a Value,
}

#[derive(Debug, PartialEq)]
pub(super) enum Judged {
    Right,
    Tolerated {
        steps: Vec<String>,
        differences: Vec<Difference>,
    },
    Wrong(Vec<Difference>),
    /// It did not end as a run without those steps ends.
    Failed,
}

pub(super) fn judge(steps: &Steps, whole: &Whole, broken: &Broken<'_>) -> Judged {
    let all = differences(&whole.account, broken.now);
    if broken.end == Some(0) && all.is_empty() {
        return Judged::Right;
    }
    let excused = Excused::of(steps, broken);
    let stops = |step: &String| !steps.lets_fail.contains(parent(step));
    let wanted = if excused.refused.iter().any(stops) { STEP_FAILED } else { Some(0) };
    let lacking: BTreeSet<_> =
        whole.finished.iter().filter(|step| !excused.finished.contains(*step)).cloned().collect();
    let without: BTreeSet<_> = excused.refused.union(&excused.failed).cloned().collect();
    let follows = |step: &String| {
        let after = steps.after.get(parent(step));
        after.is_some_and(|after| excused.refused.iter().any(|one| after.contains(parent(one))))
    };
    // A step that is neither excused nor waits for one that was refused has to finish.
    if broken.end != wanted || !lacking.iter().all(|step| without.contains(step) || follows(step)) {
        return Judged::Failed;
    }
    let is_excused = |one: &Difference| {
        let before = at(broken.before, &one.path);
        let own = |made: &Made| {
            let whole = lacking.contains(&made.step) || excused.lenient.contains(&made.step);
            let tags = is_tag(one) && is_made_untagged(&made.kind, broken.operation);
            let open = excused.not_open.contains(&made.step) && is_open_group(made);
            is_at(made, &one.path) && (open || (is_between(&before, one) && (whole || tags)))
        };
        whole.made.iter().any(own)
    };
    let wrong: Vec<_> = all.iter().filter(|one| !is_excused(one)).cloned().collect();
    if !wrong.is_empty() {
        return Judged::Wrong(wrong);
    }
    let named = without.into_iter().chain(excused.lenient);
    let steps = named.collect::<BTreeSet<_>>().into_iter().collect();
    Judged::Tolerated { steps, differences: all }
}

/// The steps to which the denied call belongs, by the words of the journal.
#[derive(Debug, Default)]
struct Excused {
    finished: BTreeSet<String>,
    /// By the plan, which said why.
    refused: BTreeSet<String>,
    /// The playbook lets them fail.
    failed: BTreeSet<String>,
    /// They did what they could, and said what they could not.
    lenient: BTreeSet<String>,
    /// They contained without the open group of their own, and said so: connections persist.
    not_open: BTreeSet<String>,
}

impl Excused {
    fn of(steps: &Steps, broken: &Broken<'_>) -> Self {
        let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let of =
            |word: &'static str| broken.records.iter().filter(move |one| one["record"] == word);
        let finished: BTreeSet<_> = of("step-finished").map(|one| text(one, "step")).collect();
        let names = |said: &str| {
            said.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == broken.operation)
        };
        let mut excused = Self::default();
        for one in of("step-failed").filter(|one| names(&text(one, "error"))) {
            let step = text(one, "step");
            let is_own = steps.lets_fail.contains(parent(&step));
            match &*text(one, "word") {
                _ if finished.contains(&step) => {}
                "refused" => drop(excused.refused.insert(step)),
                _ if is_own && one["class"] == "denied" => drop(excused.failed.insert(step)),
                _ => {}
            }
        }
        for one in of("note").filter(|one| names(&text(one, "text"))) {
            let step = text(one, "step");
            let text = text(one, "text");
            if steps.lenient.contains(parent(&step)) {
                excused.lenient.insert(step);
            } else if text.contains("the open group of") && text.contains("cannot be made") {
                excused.not_open.insert(step);
            }
        }
        Self { finished, ..excused }
    }
}

/// Whether a kind makes its thing without tags where this call is denied: EC2 reports a denied tag as a denial of the
/// call that makes the thing. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html>
fn is_made_untagged(kind: &str, operation: &str) -> bool {
    matches!(
        (kind, operation),
        ("ec2.security-group", "CreateSecurityGroup" | "CreateTags")
            | ("ec2.create-snapshots", "CreateSnapshots" | "CreateTags")
    )
}

/// The group that only cuts connections: nothing is left in it.
fn is_open_group(made: &Made) -> bool {
    made.kind == "ec2.security-group" && made.target.contains("/backburn-open-")
}

/// The step of an item.
fn parent(step: &str) -> &str {
    step.split('[').next().unwrap_or(step)
}

/// Whether an account shows there what was made.
fn is_at(made: &Made, path: &str) -> bool {
    shows(&made.kind, path) && is_of(made, path.split(" > ").nth(2).unwrap_or_default())
}

/// Whether a thing is the one that was named, or hangs on it, such as a volume of an instance.
fn is_of(made: &Made, thing: &str) -> bool {
    let Made { kind, target, .. } = made;
    match &**kind {
        // `VPC/NAME`, and in an account `NAME of VPC`.
        "ec2.security-group" => {
            let name = target.rsplit('/').next().unwrap_or(target);
            thing.split(" of ").next() == Some(name)
        }
        // The command has a name of its own.
        "ssm.send-command" => true,
        _ if thing.is_empty() => false,
        _ => target.contains(thing) || thing.contains(target.as_str()),
    }
}

/// Whether it is the tags of something that are missing.
fn is_tag(one: &Difference) -> bool {
    one.path.split(" > ").nth(3) == Some("tags") && one.found.is_null()
}

/// Whether what is there is what was there before, or a part of the way to what was wanted.
fn is_between(before: &Value, one: &Difference) -> bool {
    match (&one.found, before, &one.wanted) {
        (Value::Array(found), Value::Array(before), Value::Array(wanted)) => {
            found.iter().all(|each| before.contains(each) || wanted.contains(each))
        }
        (found, before, _) => found == before,
    }
}

fn at(account: &Value, path: &str) -> Value {
    let mut now = account;
    for part in path.split(" > ") {
        now = &now[part];
    }
    now.clone()
}

#[cfg(test)]
#[path = "tolerance_tests.rs"]
mod tests;
