//! The foot of the screen while a run is in progress: header, a line for each running step, and a
//! count of those that have no room. A pure function of the view, the moment and the size.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    super::{
        look::{self, BAD, BOLD, CARE, DIM, GOOD, Look, NAME},
        plan::plural,
    },
    cut::{columns, cut, fill},
    lines::names,
    view::{Part, Release, State, Unit, View, since},
};

const TURNS: [&str; 4] = ["◐", "◓", "◑", "◒"];

/// Lines of at most `width` columns, at most three quarters of `height`. `turn` counts redraws, so that
/// a run that stands still looks alive.
pub(super) fn frame(
    view: &View,
    now: Timestamp,
    (width, height): (usize, usize),
    turn: usize,
    look: &Look,
) -> Vec<String> {
    let look = Look { width, ..*look };
    let rows = (height * 3 / 4).clamp(1, height.saturating_sub(1).max(1));
    let mut lines = vec![clock(view, now, turn, &look)];
    if rows > 2 {
        lines.insert(0, title(view, &look));
    }
    match &view.release {
        Some(release) => lines.push(giving_back(release, &look)),
        None if view.status.is_some() => {}
        None => {
            let running = view.running();
            let room = rows.saturating_sub(lines.len());
            let shown = if running.len() > room { room.saturating_sub(1) } else { running.len() };
            let left = &running[shown..];
            lines.extend(running[..shown].iter().map(|(id, unit)| bar(id, unit, now, view, &look)));
            if !left.is_empty() {
                let names: Vec<_> = left.iter().map(|(id, _)| *id).collect();
                let text = format!("  and {} more: {}", left.len(), names.join(", "));
                lines.push(look.paint(DIM, &text));
            }
        }
    }
    lines.truncate(rows);
    lines.iter().map(|line| cut(line, width)).collect()
}

/// Which run this is, and where: a rule across the screen.
fn title(view: &View, look: &Look) -> String {
    let head = &view.head;
    let kind = if head.drill { "drill " } else { "" };
    let mut parts = vec![look.paint(BOLD, &format!("{kind}{}", look::clean(&head.document)))];
    parts.push(head.run.get(..13).unwrap_or(&head.run).to_owned());
    parts.push(format!("{} {}", head.account, head.region));
    if let Some(instead) = head.instead {
        parts.push(look.paint(CARE, &format!("{instead}, not AWS")));
    }
    let text = format!("── {} ", parts.join(" · "));
    let rule = look.width.saturating_sub(columns(&text));
    text + &look.paint(DIM, &"─".repeat(rule))
}

/// The clock since T0, how far the run is, and the verdicts so far.
fn clock(view: &View, now: Timestamp, turn: usize, look: &Look) -> String {
    let t0 = view.t0.map_or(Duration::ZERO, |t0| since(t0, now));
    let sign = match view.stopping {
        true => look.paint(CARE, "stopping"),
        false => look.paint(GOOD, TURNS[turn % TURNS.len()]),
    };
    let (done, all) = view.progress();
    let [proven, presumed, failed] = view.tally();
    let count = |number: usize, word: &str, style| match number {
        0 => look.paint(DIM, &format!("0 {word}")),
        _ => look.paint(style, &format!("{number} {word}")),
    };
    format!(
        "{sign} T0 +{}  {done} of {}  {}  {}  {}",
        long(t0),
        plural(all, "step"),
        count(proven, "proven", GOOD),
        count(presumed, "presumed", CARE),
        count(failed, "failed", BAD),
    )
}

fn giving_back(release: &Release, look: &Look) -> String {
    let done = if release.ended { release.of } else { release.settled.len().min(release.of) };
    let blocks = blocks(done, release.of, if look.width < 120 { 20 } else { 40 }, look);
    format!("  {} {blocks} {done} of {}", look.paint(NAME, "giving back"), release.of)
}

/// One running step.
fn bar(id: &str, unit: &Unit, now: Timestamp, view: &View, look: &Look) -> String {
    let width = if look.width < 120 { 10 } else { 20 };
    let phase = unit.phase.map_or("", |phase| phase.as_str());
    let elapsed = unit.started.map_or(Duration::ZERO, |started| since(started, now));
    let detail = match unit.items {
        Some(items) => each(unit, items, width, look),
        None => match unit.parts.values().next() {
            Some(part) => one(part, now, width, look),
            None => String::new(),
        },
    };
    let sign = if unit.parts.values().any(|part| part.asks) { "?" } else { "▸" };
    format!(
        "{} {} {} {:>7}  {detail}",
        look.paint(CARE, sign),
        fill(&look.paint(NAME, id), names(view, look.width)),
        look.paint(DIM, &fill(phase, 9)),
        short(elapsed),
    )
}

/// A for-each: how many of its items have ended.
fn each(unit: &Unit, items: usize, width: usize, look: &Look) -> String {
    let mut text =
        format!("{} {} of {items}", blocks(unit.ended(), items, width, look), unit.ended());
    let at_once = unit.parts.values().filter(|part| part.state.is_active()).count();
    if at_once > 0 {
        text += &format!(", {at_once} at once");
    }
    let failed = unit.count(State::Failed);
    if failed > 0 {
        text += &format!(", {}", look.paint(BAD, &format!("{failed} failed")));
    }
    text
}

/// What one step does: its operations, what it waits for, or what it did last.
fn one(part: &Part, now: Timestamp, width: usize, look: &Look) -> String {
    let again =
        if part.attempt > 1 { format!("attempt {}  ", part.attempt) } else { String::new() };
    if part.asks {
        let whom = part.whom.as_deref().unwrap_or("a person");
        return format!("{again}{}", look.paint(CARE, &format!("waits for {}", look::clean(whom))));
    }
    if let Some(doing) = &part.doing {
        let left = match part.until {
            Some(until) if until > now => format!("{} left, ", short(since(now, until))),
            _ => String::new(),
        };
        return format!("{again}{left}{}", look::clean(doing));
    }
    let going = || part.jobs.iter().filter(|(_, job)| !job.done);
    let Some((place, job)) = going().next_back() else { return again };
    let note = look::clean(if job.note.is_empty() { &place.target } else { &job.note });
    let percents: Vec<_> = part.jobs.values().filter_map(|job| job.percent).collect();
    let known = going().all(|(_, job)| job.percent.is_some());
    let percent = match percents.len() {
        jobs if known && jobs == part.jobs.len() => {
            let sum: usize = percents.into_iter().map(usize::from).sum();
            let percent = sum / jobs;
            format!("{} {percent:>3} %  ", blocks(percent, 100, width, look))
        }
        _ => String::new(),
    };
    let several = match part.jobs.len() {
        1 => String::new(),
        jobs => format!("{} of {jobs} done  ", part.jobs.values().filter(|job| job.done).count()),
    };
    format!("{again}{percent}{several}{} {note}", look.paint(DIM, &place.kind))
}

fn blocks(done: usize, of: usize, width: usize, look: &Look) -> String {
    let full = (done * width).checked_div(of).unwrap_or(width).min(width);
    format!("{}{}", look.paint(GOOD, &"█".repeat(full)), look.paint(DIM, &"░".repeat(width - full)))
}

/// `0:07`, `12:41`, `1:02:41`.
fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
