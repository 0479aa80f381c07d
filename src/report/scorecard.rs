//! The scorecard of a drill on a terminal. Owns its layout; how an objective came out is
//! `drill::score`'s.

use crate::{
    drill::{
        history::History,
        score::{Clocks, Objective, Outcome, Scorecard},
    },
    journal::RunDir,
    text::{AddLine, line},
};

use super::{
    look::{self, BAD, BOLD, CARE, DIM, GOOD, Look},
    summary::short,
};

/// Title, one line an objective, what is wrong, where it is kept.
pub fn scorecard(card: &Scorecard, dir: &str, look: &Look) -> String {
    let mut out = String::new();
    line!(
        out,
        "Drill {} {}  {}",
        look.paint(BOLD, &card.simulation),
        outcome(card.outcome, false, look),
        look.paint(DIM, &card.run),
    );
    out = contradicted(card, look).unwrap_or_default() + &out;
    out.add_lines(&look::wrap(&look::flow(&card.hypothesis), "  ", look.width));
    let place = match &card.endpoint {
        Some(endpoint) => {
            format!("account {} in {}, on {endpoint}, not AWS", card.account, card.region)
        }
        None => format!("account {} in {}", card.account, card.region),
    };
    line!(out, "  {place}");
    line!(out);
    let head = ["", "objective", "outcome", "took", "budget"];
    let mut rows = vec![head.map(|cell| look.paint(DIM, cell)).to_vec()];
    rows.extend(card.objectives.iter().map(|one| {
        vec![
            one.part.word().to_owned(),
            look::shorten(&look::clean(&one.name), 40),
            outcome(one.outcome, one.accepted, look),
            seconds(one.took),
            seconds(one.budget),
        ]
    }));
    out.push_str(&look::table(&rows));
    out.push_str(&tried_again(card, look));
    let clocks: Vec<_> =
        card.objectives.iter().filter_map(|one| Some((one, one.clocks.as_ref()?))).collect();
    if !clocks.is_empty() {
        line!(out);
        let head = ["detection", "fault effective", "created", "received"];
        let mut rows = vec![head.map(|cell| look.paint(DIM, cell)).to_vec()];
        rows.extend(clocks.into_iter().map(|(one, clocks)| times(one, clocks)));
        out.push_str(&look::table(&rows));
    }
    let beside: Vec<_> = card.objectives.iter().flat_map(|one| &one.figures).collect();
    if !beside.is_empty() {
        line!(out);
        let head = ["measured beside", "from", "to", "took"];
        let mut rows = vec![head.map(|cell| look.paint(DIM, cell)).to_vec()];
        rows.extend(beside.into_iter().map(|figure| {
            vec![
                look::clean(&figure.name),
                clock(figure.from),
                clock(figure.to),
                seconds(Some(figure.seconds())),
            ]
        }));
        out.push_str(&look::table(&rows));
    }
    let proven: Vec<_> = card.objectives.iter().filter(|one| !one.proof.is_empty()).collect();
    if !proven.is_empty() {
        line!(out);
        for one in proven {
            let looks = one.proof.iter().map(|look| format!("`{look}`")).collect::<Vec<_>>();
            let text =
                format!("{} `{}`: proven by {}", one.part.word(), one.name, looks.join(", "));
            out.add_lines(&look::wrap(&look::clean(&text), "  ", look.width));
        }
    }
    let notes = card.objectives.iter().filter(|one| !one.note.is_empty());
    let mut first = true;
    for one in notes {
        if std::mem::take(&mut first) {
            line!(out);
        }
        let text = format!("{} `{}`: {}", one.part.word(), one.name, look::clean(&one.note));
        out.add_lines(&look::wrap(&text, "  ", look.width));
    }
    out.push('\n');
    let mut line = |what: &str, command: &str| {
        line!(out, "{what:<12}{}", look.paint(BOLD, command));
    };
    line("trend:", &format!("backburn drill history {}", card.simulation));
    let short = short(&card.run);
    if card.left_over() {
        line("remove:   ", &format!("backburn release {short}"));
    }
    line("timeline:", &format!("backburn runs show {short}"));
    line!(out, "report:     {dir}/{}", RunDir::REPORT);
    out
}

/// The worst that a drill can show stands in its first line.
fn contradicted(card: &Scorecard, look: &Look) -> Option<String> {
    let mut out = String::new();
    let text = format!("NOT CONTAINED: {}", look::clean(card.contradiction.as_ref()?));
    for one in look::wrap(&text, "", look.width).lines() {
        line!(out, "{}", look.paint(BAD, one));
    }
    Some(out)
}

/// What the response said of itself beside what the attacker could still do.
fn tried_again(card: &Scorecard, look: &Look) -> String {
    let tried: Vec<_> = card.objectives.iter().flat_map(|one| &one.calls).collect();
    if tried.is_empty() {
        return String::new();
    }
    let cell = |text: &str| look.paint(DIM, text);
    let said = card.said.unwrap_or_default().words();
    let mut rows = vec![vec![cell("response says"), said]];
    let mut principal = "";
    for call in tried {
        let style = match call.outcome.as_str() {
            "refused" => GOOD,
            "still-works" => BAD,
            _ => CARE,
        };
        if call.principal != principal {
            principal = &call.principal;
            rows.push(vec![cell("tried again as"), look::clean(principal)]);
        }
        let code = call.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let outcome = look.paint(style, &look::clean(&call.outcome));
        let call = look::shorten(&look::clean(&call.call), 60);
        rows.push(vec![String::new(), format!("{outcome}{}: {call}", look::clean(&code))]);
    }
    let mut out = String::new();
    line!(out);
    out.push_str(&look::table(&rows));
    out
}

fn times(one: &Objective, clocks: &Clocks) -> Vec<String> {
    let effective = clocks.effective.map_or_else(|| "-".into(), clock);
    let after = |at: Option<jiff::Timestamp>| match (clocks.effective, at) {
        (Some(effective), Some(at)) => {
            format!("{} ({:+.1} s)", clock(at), at.duration_since(effective).as_secs_f64())
        }
        (None, Some(at)) => clock(at),
        (_, None) => "-".into(),
    };
    vec![look::clean(&one.name), effective, after(clocks.created), after(clocks.received)]
}

fn clock(at: jiff::Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

fn seconds(time: Option<f64>) -> String {
    time.map_or_else(String::new, |time| {
        look::time(std::time::Duration::try_from_secs_f64(time).unwrap_or_default())
    })
}

/// The word in the colour of its weight.
pub fn outcome(outcome: Outcome, accepted: bool, look: &Look) -> String {
    let style = match outcome {
        Outcome::Pass => GOOD,
        _ if accepted => CARE,
        Outcome::Unverified | Outcome::PlumbingOnly | Outcome::Late => CARE,
        _ => BAD,
    };
    look.paint(style, outcome.word())
}

/// Past drills of each simulation: when and how, then each clock over the runs.
pub fn history(past: &[History], look: &Look) -> String {
    if past.is_empty() {
        return "no drill has been run\n".into();
    }
    let mut out = String::new();
    for one in past {
        line!(out, "{}", look.paint(BOLD, &one.simulation));
        let runs = one.runs.iter().map(|run| {
            let at = run
                .started
                .map_or_else(|| "-".into(), |at| at.strftime("%Y-%m-%d %H:%M").to_string());
            vec![format!("  {at}"), outcome(run.outcome, false, look), run.run.clone()]
        });
        out.push_str(&look::table(&runs.collect::<Vec<_>>()));
        let clocks = one.clocks.iter().map(|trend| {
            let change =
                trend.change().map_or_else(String::new, |part| format!("{:+.0} %", part * 100.0));
            vec![
                format!("  {} {}", trend.part.word(), look::shorten(&look::clean(&trend.name), 30)),
                spark(&trend.took),
                format!("last {}", seconds(trend.last())),
                format!("median {}", seconds(trend.median())),
                trend
                    .budget
                    .map_or_else(String::new, |budget| format!("budget {}", seconds(Some(budget)))),
                change,
            ]
        });
        out.push_str(&look::table(&clocks.collect::<Vec<_>>()));
        out.push('\n');
    }
    out
}

/// The last twenty runs as bars; a dot where a run has no such time.
fn spark(took: &[Option<f64>]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = &took[took.len().saturating_sub(20)..];
    let most = shown.iter().flatten().copied().fold(0.0, f64::max);
    let bar = |time: &Option<f64>| match time {
        Some(time) if most > 0.0 => {
            BARS.get((time / most * 7.0).round() as usize).copied().unwrap_or('█')
        }
        Some(_) => BARS[0],
        None => '·',
    };
    shown.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::testing;

    fn shown(card: &Scorecard) -> String {
        scorecard(card, "/runs/RUN", &Look::PLAIN)
    }

    #[test]
    fn proven_and_still_works_is_in_the_first_line() {
        let card = testing::drill().drill.expect("a scorecard");
        insta::assert_snapshot!(shown(&card));
        assert!(shown(&card).starts_with("NOT CONTAINED: the response says `proven`"));
        // An earlier version knew nothing of it.
        let mut old = serde_json::to_value(&card).expect("JSON");
        let map = old.as_object_mut().expect("a mapping");
        map.remove("contradiction");
        map.remove("said");
        let old: Scorecard = serde_json::from_value(old).expect("read");
        assert!(shown(&old).starts_with("Drill hijack"), "{}", shown(&old));
    }
}
