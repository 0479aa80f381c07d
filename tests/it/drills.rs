//! Whole drills by the real binary, in a lab whose clock runs sixty times faster, each in an account of
//! its own that another client reads before and after. Owns how a simulation is laid out and judged.

mod again;
mod cut;
mod ended;
mod halted;
mod lies;
mod past;
mod printed;
mod refused;
mod served;
mod shipped;
mod signals;
mod twins;
mod vouched;

use std::time::{Duration, Instant};

use backburn::lab::Lab;
use serde_json::{Value, json};

use crate::accounts::differences;
use crate::binary::{Desk, Ended, Running, root, wait_for};
use crate::support;

/// A lab's answers come at once, so nothing needs to be asked every five seconds only.
const HURRY: (&str, &str) = ("BACKBURN_REHEARSAL", r#"{"wait":3600000}"#);

/// One simulation on a desk of its own, with the playbooks beside it.
struct Drill {
    desk: Desk,
    lab: Lab,
    file: String,
    before: Value,
}

impl Drill {
    /// A shipped simulation, for this test's account, as `edit` leaves its text.
    fn edited(name: &str, edit: impl Fn(&str) -> String) -> Self {
        let shared = support::drill_lab();
        Self::at(&shared.lab, &shared.account(), name, edit)
    }

    fn at(lab: &Lab, account: &str, name: &str, edit: impl Fn(&str) -> String) -> Self {
        let desk = Desk::at(&lab.endpoint, account);
        for folder in ["simulations", "playbooks"] {
            std::fs::create_dir(desk.path(folder)).expect("made");
            for entry in std::fs::read_dir(root().join(folder)).expect("a folder").flatten() {
                let text = std::fs::read_to_string(entry.path()).expect("text");
                let text = text.replace("\"123456789012\"", &format!("\"{account}\""));
                let to = desk.path(folder).join(entry.file_name());
                std::fs::write(to, text).expect("written");
            }
        }
        let file = desk.path("simulations").join(format!("{name}.yaml"));
        let text = std::fs::read_to_string(&file).expect("the simulation");
        std::fs::write(&file, edit(&text)).expect("written");
        let before = support::drill_state(lab, account);
        Self { desk, lab: lab.clone(), file: file.display().to_string(), before }
    }

    fn ends(&self, code: i32) -> Ended {
        self.commands(code, &["drill", "run", &self.file, "--yes"])
    }

    /// A command in a hurry, which must end with `code`.
    fn commands(&self, code: i32, args: &[&str]) -> Ended {
        let done = self.desk.command(args).env(HURRY.0, HURRY.1).output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let ended =
            Ended { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) };
        assert_eq!(ended.code, Some(code), "{args:?}\n{}\n{}", ended.out, ended.err);
        ended
    }

    /// Starts the drill and returns once a record of its journal pleases `seen`.
    fn until(&self, seen: impl Fn(&Value) -> bool) -> Running {
        let args = ["drill", "run", &self.file, "--yes"];
        self.desk.until_with(self.desk.command(&args).env(HURRY.0, HURRY.1), seen)
    }

    fn now(&self) -> Value {
        support::drill_state(&self.lab, &self.desk.account)
    }

    /// The account is as it was before the drill.
    fn left_nothing(&self) {
        assert_eq!(differences(&self.before, &self.now()), "");
    }

    fn card(&self) -> Value {
        let text = std::fs::read_to_string(self.desk.run_dir().join("drill.json"));
        serde_json::from_str(&text.expect("a scorecard")).expect("JSON")
    }

    /// The objective of this part and name.
    fn objective(&self, part: &str, name: &str) -> Value {
        let card = self.card();
        let all = card["objectives"].as_array().expect("objectives").iter();
        let mut found = all.filter(|one| one["part"] == part && one["name"] == name);
        found.next().unwrap_or_else(|| panic!("no {part} {name}: {card:#}")).clone()
    }

    /// The drill's outcome, and that of one objective.
    fn scores(&self, outcome: &str, part: &str, name: &str) {
        assert_eq!(self.card()["outcome"], outcome, "{:#}", self.card());
        let one = self.objective(part, name);
        assert_eq!(one["outcome"], outcome, "{one:#}");
    }

    fn sdk(&self) -> aws_config::SdkConfig {
        self.lab.sdk_config(&self.desk.account)
    }

    /// Statuses of the experiments of this account.
    fn experiments(&self) -> Vec<String> {
        let fis = aws_sdk_fis::Client::new(&self.sdk());
        let listed = wait_for(fis.list_experiments().send()).expect("listed");
        let status = |one: &aws_sdk_fis::types::ExperimentSummary| {
            let status = one.state().and_then(|state| state.status());
            status.expect("a status").as_str().to_owned()
        };
        listed.experiments().iter().map(status).collect()
    }

    fn no_experiment_runs(&self) {
        let over = ["completed", "stopped", "failed", "cancelled"];
        let found = self.experiments();
        assert!(found.iter().all(|status| over.contains(&status.as_str())), "{found:?}");
    }

    /// Waits until an experiment of this account is in this state.
    fn experiment_is(&self, status: &str) {
        let deadline = Instant::now() + Duration::from_mins(5);
        while !self.experiments().iter().any(|one| one == status) {
            assert!(Instant::now() < deadline, "{:?}", self.experiments());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn is_finished(line: &Value, step: &str) -> bool {
    line["record"] == "step-finished" && line["step"] == json!(step)
}

/// `text` with the first `from` after `marker` replaced.
fn replaced(text: &str, marker: &str, from: &str, to: &str) -> String {
    let at = text.find(marker).unwrap_or_else(|| panic!("no `{marker}`"));
    let (head, tail) = text.split_at(at);
    assert!(tail.contains(from), "no `{from}` after `{marker}`");
    head.to_owned() + &tail.replacen(from, to, 1)
}

/// Runs every case at once, each in its account, and names those that failed.
fn side_by_side<T: Sync>(cases: &[T], name: impl Fn(&T) -> String, test: impl Fn(&T) + Sync) {
    let failed: Vec<_> = std::thread::scope(|threads| {
        let started: Vec<_> =
            cases.iter().map(|case| (name(case), threads.spawn(|| test(case)))).collect();
        let ended = started.into_iter().map(|(name, thread)| (name, thread.join()));
        ended.filter(|(_, end)| end.is_err()).map(|(name, _)| name).collect()
    });
    assert!(failed.is_empty(), "{failed:?}");
}
