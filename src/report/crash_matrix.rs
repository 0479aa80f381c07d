//! What a crash matrix found, as a table and a line for each difference. Owns its words.

use std::collections::BTreeMap;

use crate::crash_matrix::{DriftReport, Kind, Outcome, Report, Tried};

use crate::text::{line, plural};

use super::look::{self, BAD, BOLD, CARE, GOOD, Look};

/// The whole, for people.
pub fn table(report: &Report, look: &Look) -> String {
    let mut out = String::new();
    line!(
        out,
        "{} and {} make {}; {} tried in {:.0} s",
        plural(report.calls, "call"),
        plural(report.records, "record"),
        plural(report.points, "point"),
        report.tried.len(),
        report.seconds
    );
    line!(out);
    let head = ["broken", "points", "reached", "recovered", "resumed", "released"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for kind in Kind::ALL {
        let of: Vec<_> = report.tried.iter().filter(|tried| tried.point.kind == kind).collect();
        if !of.is_empty() {
            rows.push(row(kind.word(), &of));
        }
    }
    rows.push(row("all", &report.tried.iter().collect::<Vec<_>>()));
    out.push_str(&look::table(&rows));
    let mut retained: Vec<_> = report.retained.iter().collect();
    retained.sort();
    for (what, count) in retained {
        line!(out, "kept on purpose, or not to be given back: {what}, {count} times");
    }
    let mut without: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &report.tried {
        if let Outcome::Tolerated { steps, .. } = &one.resumed {
            let own = if steps.is_empty() { Some("a whole group of its own") } else { None };
            let all = steps.iter().map(String::as_str).chain(own);
            all.for_each(|what| *without.entry(what).or_default() += 1);
        }
    }
    for (step, count) in without {
        line!(out, "went on without {}, where a call was denied: {count} times", look::clean(step));
    }
    let differences = report.wrong().count();
    for one in report.wrong() {
        line!(out);
        out.push_str(&wrong(one, look));
    }
    let end = if differences == 0 {
        look.paint(GOOD, "no difference")
    } else {
        look.paint(BAD, &format!("{differences} points went wrong"))
    };
    line!(out);
    line!(out, "{end}");
    out
}

fn row(name: &str, of: &[&Tried]) -> Vec<String> {
    let count =
        |wanted: fn(&Tried) -> bool| of.iter().filter(|one| wanted(one)).count().to_string();
    vec![
        name.to_owned(),
        of.len().to_string(),
        count(|one| one.reached),
        count(|one| one.went_on),
        count(|one| one.resumed.is_right()),
        count(|one| one.released.is_right()),
    ]
}

/// What release reported for each setting that someone else had changed.
pub fn drift(report: &DriftReport, look: &Look) -> String {
    let mut out = String::new();
    let tried = report.drifted.len();
    line!(
        out,
        "someone else changed {}, one a run, in {:.0} s; without a value of theirs in the lab: {}",
        plural(tried, "setting"),
        report.seconds,
        report.untried
    );
    line!(out);
    for one in &report.drifted {
        let style = if one.wrong.is_empty() { GOOD } else { BAD };
        line!(out, "{}  {}", look.paint(style, &one.said), look::clean(&one.setting));
        if one.said == "conflict" {
            let values = [("before", &one.before), ("ours", &one.ours), ("theirs", &one.theirs)];
            for (name, value) in values {
                line!(out, "    {name:<7} {}", look::value(value, 100));
            }
        }
        for wrong in &one.wrong {
            line!(out, "    {}", look.paint(BAD, wrong));
        }
    }
    out
}

/// One point that went wrong.
pub fn wrong(tried: &Tried, look: &Look) -> String {
    let mut out = String::new();
    line!(out, "{}", look.paint(BOLD, &format!("point {}", tried.point)));
    for (way, outcome) in [("resumed", &tried.resumed), ("released", &tried.released)] {
        match outcome {
            Outcome::Right | Outcome::Tolerated { .. } => {}
            Outcome::Failed { command, code, said } => {
                let code = code.map_or("no exit code".into(), |code| format!("exit code {code}"));
                line!(out, "  {way}: {} ended with {code}", look.paint(BAD, command));
                for line in said.lines() {
                    line!(out, "    {}", look::clean(line));
                }
            }
            Outcome::Wrong(differences) => {
                for one in differences {
                    let (wanted, found) = (look::whole(&one.wanted), look::whole(&one.found));
                    let path = look.paint(CARE, &one.path);
                    line!(out, "  {way}: {path}");
                    line!(out, "    wanted {wanted}");
                    line!(out, "    found  {found}");
                }
            }
        }
    }
    out
}
