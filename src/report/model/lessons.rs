//! Observations and recommendations, as NIST SP 800-84 requires of the
//! after-action report of an exercise. Owns the rules; each names the row that it was read from.

use crate::{
    drill::score::{Objective, Outcome, Part},
    report::look,
};

use super::{Report, State};

pub(super) fn observations(report: &Report) -> Vec<String> {
    let mut said = Vec::new();
    for one in report.drill.iter().flat_map(|card| &card.objectives) {
        let mut text = format!("{} `{}`: {}", one.part.word(), one.name, one.outcome.word());
        if let Some(took) = one.took {
            text.push_str(&format!(", took {}", seconds(took)));
        }
        if let Some(budget) = one.budget {
            text.push_str(&format!(" of {}", seconds(budget)));
        }
        if !one.note.is_empty() {
            text.push_str(&format!("; {}", one.note));
        }
        said.push(text);
    }
    for step in report.steps.iter().filter(|step| step.attempts > 1) {
        said.push(format!("step `{}` took {} attempts", step.id, step.attempts));
    }
    let asked = report.answers.iter().filter(|answer| !answer.yes);
    said.extend(asked.map(|answer| format!("step `{}`: {} declined", answer.step, answer.by)));
    said
}

fn seconds(seconds: f64) -> String {
    look::time(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

pub(super) fn recommendations(report: &Report) -> Vec<String> {
    let mut said: Vec<String> =
        report.drill.iter().flat_map(|card| &card.objectives).filter_map(lesson).collect();
    for step in report.steps.iter().filter(|step| step.state == State::Failed) {
        said.push(format!(
            "fix what made `{}` fail, and drill it before it is needed again",
            step.id
        ));
    }
    if report.verdicts.iter().any(|row| row.stands("presumed")) {
        said.push(
            "have somebody check what is presumed: the reason names what could not be seen".into(),
        );
    }
    for (name, role) in &report.roles {
        match &role.contact {
            None => said.push(format!("role `{name}` has no contact")),
            Some(contact) if contact.starts_with("REPLACE") => {
                said.push(format!("the contact of role `{name}` is a placeholder"));
            }
            Some(_) => {}
        }
    }
    said
}

/// What one objective that was not reached asks for.
fn lesson(one: &Objective) -> Option<String> {
    let name = &one.name;
    Some(match (one.part, one.outcome) {
        (_, Outcome::Pass) => return None,
        (Part::Detection, Outcome::Late) => format!(
            "detection `{name}` came late: shorten its way (publishing interval, rule, target), or give it the time that it takes"
        ),
        (Part::Detection, Outcome::Missed) => {
            format!("detection `{name}` never came: check that the detector is on in this Region, and its filters")
        }
        (Part::Detection, Outcome::CutOff) => {
            format!("whether `{name}` was detected is not known: there were more events than are read; look in CloudTrail by hand")
        }
        (Part::Detection, Outcome::WrongResource) => {
            format!("detection `{name}` came for something else: look into that, it may be real")
        }
        (Part::Detection, Outcome::PlumbingOnly) => {
            format!("detection `{name}` was a sample: only its way is shown, not that it would fire")
        }
        (Part::Response, Outcome::Late) => {
            format!("the response took longer than allowed: look at its critical path, `{name}`")
        }
        (Part::Refused, Outcome::StillWorks) => {
            let open = one.calls.iter().filter(|call| call.outcome == "still-works");
            let open: Vec<_> = open.map(|c| format!("`{}` as `{}`", c.call, c.principal)).collect();
            format!("the attacker can still call {}: find what lets it in, and contain that, too", open.join(", "))
        }
        (Part::Refused, Outcome::Unknown) => {
            format!("whether the attacker is refused (`{name}`) is not known: give it calls that work before the response, and time to be answered")
        }
        (_, Outcome::Unproven) => {
            format!("nothing shows that `{name}` had an effect, so what follows shows nothing either: give it a `proof` that looks")
        }
        (Part::Response, Outcome::NotRun) => {
            "nobody was called, so nobody answered: see the detections first".into()
        }
        (Part::Rto, Outcome::Late) => {
            "from the fault until the content was verified it took longer than the recovery time objective: begin earlier, restore smaller or warmer".into()
        }
        (Part::Rpo, Outcome::Late) => {
            "more of what was written is lost than allowed: back up more often".into()
        }
        (Part::Rpo, Outcome::Failed) => {
            "the restore began from a point after the fault: a backup of the damage; keep older points, and find the last good one".into()
        }
        (Part::Content, Outcome::Damaged | Outcome::Missing) => {
            format!("the content that `{name}` restored differs from the saved content: do not rely on this backup")
        }
        (Part::Content, Outcome::Unverified) => {
            format!("nobody compared the content of `{name}`: add a comparison that can")
        }
        (Part::SteadyBefore, _) => {
            format!("`{name}` did not hold before the fault, so the drill proves nothing; fix it first")
        }
        (Part::SteadyAfter, _) => {
            format!("`{name}` does not hold after recovery: the service is not as before")
        }
        (Part::Cleanup, _) => "something of the drill is still in the account: `backburn release` tries again".into(),
        (_, Outcome::Stopped) => {
            "a stop condition ended the experiment: make the blast radius smaller".into()
        }
        (part, outcome) => format!("{} `{name}` was {}: find out why", part.word(), outcome.word()),
    })
}
