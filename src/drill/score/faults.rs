//! Whether each fault happened, as AWS and the drill's own looks say. Owns when a fault counts as proven.

use jiff::Timestamp;
use serde_json::Value;

use super::{Fold, Objective, Outcome, Part};
use crate::{
    drill::outline::{Attack, Effect},
    journal::StepState,
};

impl Fold<'_> {
    /// How the experiment ended; what its actions did is an objective of each.
    pub(super) fn experiment(&self) -> Objective {
        let (mut outcome, mut note) = self.state("inject");
        if outcome != Outcome::Pass {
            return Objective { note, ..Objective::new(Part::Fault, "experiment", outcome) };
        }
        if let Some(end) = self.outputs("experiment-end") {
            let text = |key: &str| end.get(key).and_then(Value::as_str).unwrap_or_default();
            note = text("reason").to_owned();
            outcome = match text("status") {
                "completed" => Outcome::Pass,
                "stopped" => Outcome::Stopped,
                _ => Outcome::Failed,
            };
        } else {
            (outcome, note) = self.state("experiment-end");
        }
        let fault = Objective { note, ..Objective::new(Part::Fault, "experiment", outcome) };
        match &self.outline.experiment_proof {
            Some(proof) => self.proven(fault, proof),
            None => fault,
        }
    }

    /// One action of the experiment.
    pub(super) fn effect(&self, effect: &Effect) -> Objective {
        let (outcome, note) = self.state(&effect.step);
        let fault = Objective { note, ..Objective::new(Part::Fault, &effect.fault, outcome) };
        match &effect.proof {
            Some(proof) => self.proven(fault, proof),
            None => fault,
        }
    }

    pub(super) fn attack(&self, attack: &Attack) -> Objective {
        let fault = Objective::new(Part::Fault, &attack.fault, Outcome::Pass);
        let (outcome, note) = self.state(&attack.start);
        if outcome != Outcome::Pass {
            return Objective { outcome, note, ..fault };
        }
        let allowed = attack.steps.iter().filter(|id| !attack.denied.contains(id));
        let (mut outcome, mut note) = self.together(allowed.map(String::as_str));
        let answers =
            attack.steps.iter().filter_map(|id| self.otherwise(id, attack.denied.contains(id)));
        if let Some(worst) = answers.max_by_key(|(outcome, _)| *outcome)
            && worst.0 > outcome
        {
            (outcome, note) = worst;
        }
        self.proven(Objective { outcome, note, ..fault }, &attack.proof)
    }

    /// How AWS answered a step of an attack, where that is not what the simulation expects.
    fn otherwise(&self, id: &str, denied: bool) -> Option<(Outcome, String)> {
        let state = self.step(id).map(|step| &step.state);
        let refusal = match state {
            Some(StepState::Failed { word, error, .. }) if word == "denied" => Some(error.clone()),
            Some(StepState::Finished(outputs)) if outputs.get("denied") == Some(&true.into()) => {
                let code = outputs.get("refusal").and_then(Value::as_str);
                Some(code.unwrap_or("denied").to_owned())
            }
            _ => None,
        };
        match (denied, refusal, state) {
            (true, Some(_), _) => None,
            (true, None, Some(StepState::Finished(_))) => {
                let text =
                    format!("`{id}` was allowed, and the simulation expects that it is denied");
                Some((Outcome::Failed, text))
            }
            (true, None, _) => Some(self.state(id)).filter(|(o, _)| *o != Outcome::Pass),
            (false, Some(why), _) => {
                let text = format!(
                    "`{id}` was denied, and the simulation expects that it is allowed: {why}"
                );
                Some((Outcome::Failed, text))
            }
            (false, None, _) => None,
        }
    }

    /// A fault that happened counts once its looks say so, all of them.
    fn proven(&self, fault: Objective, proof: &[String]) -> Objective {
        if fault.outcome != Outcome::Pass {
            return fault;
        }
        let unproven = |note| Objective { outcome: Outcome::Unproven, note, ..fault.clone() };
        if proof.is_empty() {
            return unproven(
                "nothing looks whether it had an effect: the simulation has no `proof` of it"
                    .into(),
            );
        }
        let states = proof.iter().map(|id| (id, self.state(id)));
        match states.into_iter().find(|(_, (outcome, _))| *outcome != Outcome::Pass) {
            Some((id, (Outcome::Failed, why))) => unproven(format!("`{id}`: {why}")),
            Some((_, (_, why))) => unproven(why),
            None => Objective { proof: proof.to_vec(), ..fault },
        }
    }

    /// When the first fault took effect: the start of an action of the experiment by FIS, or the moment before the
    /// first call of an attack.
    pub(super) fn effective(&self) -> Option<Timestamp> {
        self.effects().min()
    }

    /// When the last fault took effect: which of them destroyed what is restored nobody says, so writes count as
    /// lost until then.
    pub(super) fn last_effective(&self) -> Option<Timestamp> {
        self.effects().max()
    }

    fn effects(&self) -> impl Iterator<Item = Timestamp> {
        let attacks = self.outline.attacks.iter().map(|attack| self.time(&attack.start, "at"));
        let effects =
            self.outline.effects.iter().map(|effect| self.time(&effect.step, "effective"));
        let inject = self.time("inject", "effective");
        attacks.chain(effects).chain([inject]).flatten()
    }
}
