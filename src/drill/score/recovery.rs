//! How the drill recovered: the time, the content, and what was lost. Owns the two rules that a restore is as good as
//! its content, and that a point after the fault is no recovery point.
//!
//! RTO and RPO: <https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/business-continuity-plan-bcp.html>,
//! NIST SP 800-34 (section 3.2.1).

use jiff::Timestamp;
use serde_json::Value;

use super::{Fold, Objective, Outcome, Part, figure, seconds};
use crate::{drill::outline::Recovery, journal::StepState};

impl Fold<'_> {
    pub(super) fn recovery(&self, recovery: &Recovery) -> Vec<Objective> {
        let mut content: Vec<_> =
            recovery.steps.iter().filter_map(|id| self.content(id, recovery)).collect();
        let mut found = vec![self.recovery_time(recovery, &content)];
        found.append(&mut content);
        found.extend(self.recovery_point(recovery));
        found
    }

    /// Of one step that says what it found of the content.
    fn content(&self, id: &str, recovery: &Recovery) -> Option<Objective> {
        let word = self.outputs(id)?.get("outcome")?;
        // A word that is not known says nothing for the content.
        let known = word.as_str().and_then(Outcome::of);
        let outcome = known.unwrap_or(Outcome::Unverified);
        let mut content = Objective::new(Part::Content, id, outcome);
        content.accepted = outcome == Outcome::Unverified && recovery.accepts_unverified;
        if known.is_none() {
            content.note = format!("its outcome is {word}, which says nothing of the content");
        }
        Some(content)
    }

    /// From the first fault's effect until the content is verified; no better than the content.
    fn recovery_time(&self, recovery: &Recovery, content: &[Objective]) -> Objective {
        let (began, end) = (self.time(&recovery.start, "at"), self.time(&recovery.end, "at"));
        let (mut outcome, mut note) = self.state(&recovery.start);
        if outcome == Outcome::Pass && !recovery.steps.is_empty() {
            (outcome, note) = self.together(recovery.steps.iter().map(String::as_str));
        }
        let ended = |id: &String| {
            matches!(self.step(id).map(|step| &step.state), Some(StepState::Finished(_)))
        };
        if outcome == Outcome::Pass && end.is_none() {
            (outcome, note) = self.state(&recovery.end);
        }
        let mut time = Objective::new(Part::Rto, "fault to verified content", outcome);
        time.note = note;
        time.figures = figure("restore time", began, end).into_iter().collect();
        if outcome == Outcome::Pass {
            let worst = content.iter().max_by_key(|one| (!one.accepted, one.outcome));
            match worst {
                Some(worst) => {
                    time.outcome = if worst.accepted { Outcome::Pass } else { worst.outcome };
                    if worst.outcome != Outcome::Pass {
                        time.note =
                            format!("the content of `{}` is {}", worst.name, worst.outcome.word());
                    }
                }
                None => {
                    let is_accepted = recovery.accepts_unverified;
                    time.outcome = if is_accepted { Outcome::Pass } else { Outcome::Unverified };
                    let any = recovery.steps.iter().any(ended);
                    time.note = if any {
                        "no step compares what was restored"
                    } else {
                        "nothing was restored"
                    }
                    .into();
                }
            }
        }
        // A restore that failed took no time until anything was verified.
        let took = seconds(self.effective(), end).filter(|_| outcome == Outcome::Pass);
        time.timed(took, recovery.rto)
    }

    fn recovery_point(&self, recovery: &Recovery) -> Vec<Objective> {
        let mut found = Vec::new();
        let lost = self.lost(recovery);
        // The age of a point that the drill made a moment before says nothing; what was lost does.
        let by_age = recovery.rpo.filter(|_| lost.is_none());
        let (points, effective) = (self.points(recovery), self.effective());
        let mut point = Objective::new(Part::Rpo, "recovery point before the fault", Outcome::Pass);
        match (points.iter().min(), effective) {
            (Some(oldest), Some(effective)) => {
                if let Some(late) = points.iter().find(|point| **point > effective) {
                    point.outcome = Outcome::Failed;
                    point.note = format!(
                        "the point is after the fault: it was made at {late}, and the fault took effect at {effective}"
                    );
                    found.push(point);
                } else {
                    let age = seconds(Some(*oldest), self.last_effective());
                    let mut point = point.timed(age, by_age);
                    if recovery.own_points && by_age.is_some() && point.outcome == Outcome::Pass {
                        point.outcome = Outcome::Unverified;
                        point.accepted = recovery.accepts_unverified;
                        point.note = "the drill made the point itself, so its age says nothing of the plan; write canaries, or take the point from `backup.latest-point`".into();
                    }
                    found.push(point);
                }
            }
            (Some(_), None) => {}
            (None, _) if by_age.is_some() => {
                point.outcome = Outcome::NotRun;
                point.note = "no time of a recovery point is known".into();
                found.push(point);
            }
            (None, _) => {}
        }
        found.extend(lost);
        found
    }

    /// When the recovery points were made.
    fn points(&self, recovery: &Recovery) -> Vec<Timestamp> {
        let Some(outputs) = self.outputs(&recovery.start) else { return Vec::new() };
        let many = outputs.get("recovery-points").and_then(Value::as_array);
        let all = many.into_iter().flatten().chain(outputs.get("recovery-point"));
        all.filter_map(|point| point.as_str()?.parse().ok()).collect()
    }

    /// What canaries say was lost: from the last write before the fault that is in every restore, with all before it,
    /// until the fault.
    fn lost(&self, recovery: &Recovery) -> Option<Objective> {
        let canaries = |id: &String| {
            let canaries = self.outputs(id)?.get("canaries")?;
            (canaries.get("written").and_then(Value::as_u64)? > 0).then_some((id.clone(), canaries))
        };
        let all: Vec<_> = recovery.steps.iter().filter_map(canaries).collect();
        if all.is_empty() {
            return None;
        }
        let effective = self.last_effective();
        let mut loss = Objective::new(Part::Rpo, "writes until the fault", Outcome::Pass);
        let mut kept: Option<Timestamp> = None;
        let mut notes = Vec::new();
        for (id, canaries) in &all {
            let number = |key: &str| canaries.get(key).and_then(Value::as_u64).unwrap_or_default();
            let last = canaries.get("last-kept").and_then(Value::as_str);
            let last: Option<Timestamp> = last.and_then(|at| at.parse().ok());
            notes.push(format!(
                "`{id}`: {} of {} canaries lost",
                number("lost"),
                number("written")
            ));
            let Some(last) = last else {
                loss.outcome = Outcome::Missing;
                loss.note = format!(
                    "no canary is in the restore that `{id}` looked at: more is lost than the drill wrote"
                );
                return Some(loss);
            };
            kept = Some(kept.map_or(last, |kept| kept.min(last)));
        }
        loss.note = notes.join("; ");
        if kept > effective {
            loss.outcome = Outcome::Failed;
            loss.note =
                "the last canary was written after the fault: it says nothing of what was lost"
                    .into();
            return Some(loss);
        }
        Some(loss.timed(seconds(kept, effective), recovery.rpo))
    }
}
