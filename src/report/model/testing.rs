//! Runs made of records, for tests of the fold and of what is made of it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    engine::{How, Scope, Verdict},
    journal::{Head, Line, Place, Read, Record, Released, RunStatus},
    playbook::testing::catalogue,
    program::check,
};

use super::{Options, Report, Sources, fold};

pub fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("a time")
}

pub fn place(kind: &str, target: &str, nth: u32) -> Place {
    Place { kind: kind.into(), target: target.into(), nth }
}

pub fn scope() -> Scope {
    Scope {
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        principal: "arn:aws:iam::111122223333:user/me".into(),
    }
}

pub fn started() -> Record {
    Record::RunStarted {
        format: 1,
        program: "0".into(),
        run: "RUN".into(),
        playbook: "test".into(),
        playbook_sha256: "p".repeat(64),
        plan_sha256: "a".repeat(64),
        inputs_sha256: None,
        scope: scope(),
        drill: None,
        lab: None,
        endpoint: None,
        operator: "me".into(),
        who: crate::journal::Who::default(),
        clock: Some(second(0)),
    }
}

pub fn begins(step: &str) -> Record {
    Record::StepStarted { step: step.into(), attempt: 1 }
}

pub fn ends(step: &str) -> Record {
    Record::StepFinished { step: step.into(), outputs: json!({}) }
}

pub fn fails(step: &str, word: &str, last: bool) -> Record {
    Record::StepFailed {
        step: step.into(),
        attempt: 1,
        word: word.into(),
        error: format!("it {word}"),
        class: None,
        last,
    }
}

pub fn finished(status: RunStatus) -> Record {
    Record::RunFinished { status }
}

/// One change, made and read back.
pub fn change(step: &str, target: &str, before: Value, after: Value) -> [Record; 2] {
    let place = place("ec2.eni-groups", target, 0);
    let intent = Record::Intent {
        step: step.into(),
        place: place.clone(),
        scope: scope(),
        setting: json!({}),
        how: How::Restored,
        before,
        after: after.clone(),
        until: None,
    };
    [intent, Record::Outcome { step: step.into(), place, after }]
}

pub fn verdict(step: &str, subject: &str, verdict: Verdict) -> Record {
    Record::Verdict {
        step: step.into(),
        subject: subject.into(),
        verdict,
        facts: json!({"seen": true}),
    }
}

pub fn released(step: &str, target: &str, outcome: Released) -> Record {
    Record::ReleaseOutcome { step: step.into(), place: place("ec2.eni-groups", target, 0), outcome }
}

/// A record a second.
pub fn sources(body: &str, records: Vec<Record>) -> Sources {
    let timed = records.into_iter().enumerate().map(|(at, record)| (at as i64, record));
    sources_at(body, timed.collect())
}

/// Records with the second of each.
pub fn sources_at(body: &str, records: Vec<(i64, Record)>) -> Sources {
    let checked =
        check("test.yaml", &format!("{}{body}", crate::playbook::testing::HEAD), &catalogue());
    let lines = records.into_iter().enumerate().map(|(seq, (at, record))| Line {
        seq: seq as u64,
        time: second(at),
        prev: String::new(),
        record,
    });
    Sources {
        id: "01KXTEST000000000000000000".into(),
        read: Read { lines: lines.collect(), head: Head::default(), torn: None, last: Vec::new() },
        plan: None,
        playbook: checked.playbook.map(Into::into),
        program: checked.program.map(Into::into),
        simulation: None,
        response: None,
        card: None,
        card_unfit: None,
        evidence: HashMap::new(),
        asked: Vec::new(),
        files_match: true,
    }
}

pub fn options() -> Options {
    Options {
        now: second(0) + SignedDuration::from_hours(30),
        t0: None,
        laws: super::LAWS.iter().map(|(_, law)| *law).collect(),
        live: false,
    }
}

/// A run of `steps` steps in chains of ten, each with two changes and a verdict.
pub fn large(steps: usize) -> Report {
    let mut body = String::from("steps:\n");
    let mut records = vec![started()];
    for at in 0..steps {
        let id = format!("isolate-the-number-{at}");
        body.push_str(&format!("  {id}: {{ uses: core.wait, with: {{ duration: 1s }}"));
        if at % 10 > 0 {
            body.push_str(&format!(", needs: [isolate-the-number-{}]", at - 1));
        }
        body.push_str(" }\n");
        let eni = format!("eni-0123456789abcdef{at}");
        records.push(begins(&id));
        records.extend(change(
            &id,
            &eni,
            json!(["sg-0123456789abcdef0"]),
            json!(["sg-0fedcba9876543210"]),
        ));
        records.extend(change(
            &id,
            &format!("{eni}-2"),
            json!(null),
            json!({"group": "sg", "rules": [1, 2, 3]}),
        ));
        records.push(verdict(
            &id,
            &eni,
            Verdict::Presumed { reason: "some of it cannot be seen".into() },
        ));
        records.push(ends(&id));
    }
    records.push(finished(RunStatus::Succeeded));
    fold(&sources(&body, records), &options())
}

/// A drill with a late detection, a missed one, and clocks of each kind.
pub fn drill() -> Report {
    use crate::drill::{
        refused::{Said, TriedCall},
        score::{Clocks, Figure, Objective, Outcome, Part, Scorecard},
    };
    let objective = |part, name: &str, outcome, times: Option<(f64, f64)>, note: &str| Objective {
        part,
        name: name.into(),
        outcome,
        accepted: false,
        took: times.map(|(took, _)| took),
        budget: times.map(|(_, budget)| budget),
        clocks: (part == Part::Detection).then(|| Clocks {
            effective: Some(second(3)),
            created: Some(second(8)),
            received: times.map(|(took, _)| second(3 + took as i64)),
        }),
        calls: Vec::new(),
        figures: Vec::new(),
        proof: Vec::new(),
        note: note.into(),
    };
    let refused = |call: &str, outcome: &str, code: Option<&str>| TriedCall {
        call: call.into(),
        principal: "arn:aws:iam::111122223333:user/leaky".into(),
        outcome: outcome.into(),
        code: code.map(str::to_owned),
    };
    let still_works = Objective {
        calls: vec![
            refused("iam:ListUsers", "still-works", None),
            refused("ec2:DescribeInstances", "refused", Some("UnauthorizedOperation")),
        ],
        ..objective(
            Part::Refused,
            "key",
            Outcome::StillWorks,
            None,
            "`iam:ListUsers` as `arn:aws:iam::111122223333:user/leaky` still works",
        )
    };
    let beside = |name: &str, from, to| {
        vec![Figure { name: name.into(), from: second(from), to: second(to) }]
    };
    let objectives = vec![
        objective(Part::Guard, "may run here", Outcome::Pass, None, ""),
        objective(Part::SteadyBefore, "serves", Outcome::Pass, None, ""),
        objective(Part::Fault, "experiment", Outcome::Pass, None, ""),
        Objective {
            proof: vec!["server-is-down".into()],
            ..objective(Part::Fault, "stop", Outcome::Pass, None, "")
        },
        objective(
            Part::Fault,
            "cut",
            Outcome::Unproven,
            None,
            "nothing looks whether it had an effect",
        ),
        objective(Part::Detection, "guardduty", Outcome::Pass, Some((12.0, 60.0)), ""),
        objective(Part::Detection, "alarm", Outcome::Late, Some((15.0, 10.0)), ""),
        objective(Part::Detection, "trail", Outcome::Missed, None, "nothing that matches came"),
        Objective {
            figures: beside("detection to response", 15, 17),
            ..objective(
                Part::Response,
                "../playbooks/x.yaml",
                Outcome::Pass,
                Some((9.0, 30.0)),
                "1 proven",
            )
        },
        still_works,
        Objective {
            figures: beside("restore time", 40, 1103),
            ..objective(
                Part::Rto,
                "fault to verified content",
                Outcome::Pass,
                Some((1100.0, 1800.0)),
                "",
            )
        },
    ];
    let card = Scorecard {
        simulation: "hijack".into(),
        title: "An instance is hijacked".into(),
        version: "1.0.0".into(),
        hypothesis: "It is noticed within a minute, and contained in half of one.".into(),
        attack: vec!["T1496".into()],
        run: "RUN".into(),
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        endpoint: None,
        started: Some(second(0)),
        outcome: Outcome::StillWorks,
        contradiction: Some(
            "the response says `proven`, and `iam:ListUsers` as `arn:aws:iam::111122223333:user/leaky` still works".into(),
        ),
        said: Some(Said { proven: 1, presumed: 0, failed: 0 }),
        objectives,
    };
    let body = "steps:
  guard: { uses: core.wait, with: { duration: 1s } }
  inject: { uses: core.wait, with: { duration: 1s }, needs: [guard] }
  detect: { uses: core.wait, with: { duration: 1s }, needs: [inject] }
  respond: { uses: core.wait, with: { duration: 1s }, needs: [inject] }
  ask: { uses: core.manual, with: { instructions: look }, needs: [respond] }
  recover: { uses: core.wait, with: { duration: 1s }, needs: [detect, ask] }
";
    let answer = Record::Answer {
        step: "ask".into(),
        place: place("core.answer", "look", 0),
        question: "is it as before?".into(),
        asked: String::new(),
        by: "anna".into(),
        who: crate::journal::Who::default(),
        role: None,
        via: None,
        yes: true,
        reason: "served a request".into(),
        at: None,
    };
    let records = vec![
        (0, started()),
        (0, begins("guard")),
        (1, ends("guard")),
        (1, begins("inject")),
        (3, ends("inject")),
        (3, begins("detect")),
        (3, begins("respond")),
        (6, verdict("respond", "i-1", Verdict::Proven)),
        (7, ends("respond")),
        (7, begins("ask")),
        (11, fails("detect", "timed-out", true)),
        (18, Record::Interrupted {}),
        (5000, Record::Resumed { operator: "anna".into(), who: crate::journal::Who::default() }),
        (5000, begins("ask")),
        (5012, answer),
        (5013, ends("ask")),
        (5014, finished(RunStatus::Failed)),
    ];
    let mut sources = sources_at(body, records);
    sources.card = Some(card);
    fold(&sources, &options())
}
