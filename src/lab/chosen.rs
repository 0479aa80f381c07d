//! What a front was started with, kept in `lab.json`: a later command is held to it. Owns the comparison; starts nothing.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::{LabError, LabOptions, state::State};

/// The choices of whoever started a front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Chosen {
    /// As it is written: `60x`.
    clock: String,
    passthrough: Vec<String>,
    has_quotas: bool,
    deliver_to: Vec<u16>,
    /// Not in the notes of earlier versions, which enforced nothing.
    #[serde(default)]
    enforces: bool,
}

impl Chosen {
    pub(super) fn of(options: &LabOptions) -> Self {
        Self {
            clock: options.clock.to_string(),
            passthrough: options.passthrough.clone(),
            has_quotas: options.has_quotas,
            deliver_to: options.deliver_to.clone(),
            enforces: options.enforces,
        }
    }

    /// The options for a front that replaces this one: the same, but for what was asked for by name.
    pub(super) fn again(&self, options: &LabOptions) -> LabOptions {
        let mut options = options.clone();
        if options.asked.clock.is_none()
            && let Ok(clock) = self.clock.parse()
        {
            options.clock = clock;
        }
        if options.passthrough.is_empty() {
            options.passthrough.clone_from(&self.passthrough);
        }
        options.has_quotas |= self.has_quotas;
        if options.asked.enforces.is_none() {
            options.enforces = self.enforces;
        }
        if options.deliver_to.is_empty() {
            options.deliver_to.clone_from(&self.deliver_to);
        }
        options
    }
}

/// Refuses what was asked for and is not so in the lab that runs: only another start could change it.
///
/// # Errors
/// [`LabError::OtherOptions`].
pub(super) fn holds(state: &State, options: &LabOptions) -> Result<(), LabError> {
    let (endpoint, port) = state.public();
    let differs = |option: String, has: String| {
        Err(LabError::OtherOptions { endpoint: endpoint.to_owned(), option, has })
    };
    if let Some(asked) = options.asked.port.filter(|asked| *asked != 0 && *asked != port) {
        return differs(format!("--port {asked}"), format!("port {port}"));
    }
    let chosen = state.front.as_ref().and_then(|front| front.chosen.as_ref());
    let unknown = match state.front {
        Some(_) => "no note of how it was started",
        None => "no front",
    };
    let clock = options.asked.clock.map(|clock| clock.to_string());
    if let Some(asked) = clock.filter(|asked| chosen.is_none_or(|has| has.clock != *asked)) {
        let has = chosen.map_or_else(|| unknown.into(), |has| format!("a clock of {}", has.clock));
        return differs(format!("--clock {asked}"), has);
    }
    if options.has_quotas && chosen.is_none_or(|has| !has.has_quotas) {
        return differs("--quotas aws".into(), "no quotas".into());
    }
    let enforces = chosen.is_some_and(|has| has.enforces);
    if let Some(asked) = options.asked.enforces.filter(|asked| *asked != enforces) {
        let word = |on: bool| if on { "on" } else { "off" };
        let option = format!("--enforce {}", word(asked));
        return differs(option, format!("enforcement {}", word(enforces)));
    }
    let passed = chosen.map_or(&[][..], |has| &has.passthrough);
    if let Some(asked) = options.passthrough.iter().find(|asked| !passed.contains(asked)) {
        return differs(format!("--passthrough {asked}"), list("a pass-through of", passed));
    }
    let ports = chosen.map_or(&[][..], |has| &has.deliver_to);
    if let Some(asked) = options.deliver_to.iter().find(|asked| !ports.contains(asked)) {
        return differs(format!("--deliver-to {asked}"), list("a delivery to", ports));
    }
    Ok(())
}

fn list<T: Display>(what: &str, all: &[T]) -> String {
    match all {
        [] => format!("{what} nothing"),
        all => format!("{what} {}", all.iter().map(T::to_string).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{
        Asked,
        process::birth,
        state::{FrontState, Kind, Process},
    };

    fn running(options: &LabOptions) -> State {
        let pid = std::process::id();
        let process = Process { pid, birth: birth(pid).expect("we run") };
        let endpoint = "http://127.0.0.1:9".to_owned();
        let chosen = Some(Chosen::of(options));
        State {
            version: State::VERSION,
            kind: Kind::Moto,
            endpoint: "http://127.0.0.1:8".into(),
            port: 8,
            process: None,
            venv: None,
            front: Some(FrontState { endpoint, port: 9, process, chosen }),
            started: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn options() -> LabOptions {
        LabOptions::new("/nowhere", "/nowhere")
    }

    fn asking(clock: &str) -> LabOptions {
        let clock = clock.parse().expect("a factor");
        LabOptions { clock, asked: Asked { clock: Some(clock), ..Asked::default() }, ..options() }
    }

    #[test]
    fn what_was_asked_for_by_name_must_be_so() {
        let state = running(&asking("60x"));
        holds(&state, &options()).expect("nothing was asked for");
        holds(&state, &asking("60x")).expect("it is so");
        let at = |port| LabOptions {
            asked: Asked { port: Some(port), ..Asked::default() },
            ..options()
        };
        holds(&state, &at(9)).expect("it is so");
        holds(&state, &at(0)).expect("any");
        for (asked, option) in [
            // The default, asked for by name.
            (asking("1x"), "--clock 1x"),
            (asking("30x"), "--clock 30x"),
            (at(4566), "--port 4566"),
            (LabOptions { has_quotas: true, ..options() }, "--quotas aws"),
            (
                LabOptions {
                    asked: Asked { enforces: Some(false), ..Asked::default() },
                    ..options()
                },
                "--enforce off",
            ),
            (LabOptions { passthrough: vec!["fis".into()], ..options() }, "--passthrough fis"),
            (LabOptions { deliver_to: vec![80], ..options() }, "--deliver-to 80"),
        ] {
            let refused = holds(&state, &asked).expect_err(option).to_string();
            assert!(refused.contains(option), "{refused}");
        }
        let without = State { front: None, ..state };
        holds(&without, &asking("60x")).expect_err("no front, no clock");
    }

    #[test]
    fn a_front_that_is_started_again_goes_on_as_it_was() {
        let quotas =
            LabOptions { has_quotas: true, enforces: false, deliver_to: vec![80], ..asking("60x") };
        let chosen = Chosen::of(&quotas);
        assert_eq!(Chosen::of(&chosen.again(&options())), chosen);
        assert_eq!(chosen.again(&asking("2x")).clock.to_string(), "2x");
    }
}
