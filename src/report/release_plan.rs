//! What a release would do, for whoever is asked whether it may. Owns its text; the plan itself is
//! `program::release_plan`'s.

use crate::{
    engine::foresee::{Fate, Foreseen},
    journal::Released,
    program::release_plan::ReleasePlan,
    text::{argument, line},
};

use super::{
    look::{self, BAD, BOLD, CARE, GOOD, Look},
    plan::{endpoints, plural},
};

/// The whole plan, ending with its hash.
pub fn text(plan: &ReleasePlan, look: &Look) -> String {
    let mut out = String::new();
    line!(out, "{}", look.paint(BOLD, &format!("Release of {}", plan.run)));
    if plan.released {
        line!(out, "  it was given back completely before; that is final, and nothing is done");
        return out;
    }
    let scope = &plan.scope;
    line!(out, "  account   {} in {}", scope.account, scope.region);
    line!(out, "  as        {}", scope.principal);
    endpoints(plan.endpoint.as_deref(), plan.local, &plan.endpoints, &mut out);
    if !plan.steps.is_empty() {
        line!(out, "  only      {}", look::clean(&plan.steps.join(", ")));
    }
    for one in &plan.may_be_open {
        line!(
            out,
            "  {}  {} `{}`: its step was cut off before it closed it",
            look.paint(BAD, "MAY STAND OPEN"),
            one.place,
            one.step
        );
    }
    if !plan.may_be_open.is_empty() {
        line!(
            out,
            "    this release closes it first; `backburn abort {}` closes it at once and gives nothing back",
            plan.run
        );
    }
    if !plan.items.is_empty() {
        line!(out);
    }
    for item in &plan.items {
        one(item, look, &mut out);
    }
    let (left, kept) = (count(plan, "conflict") + count(plan, "failed"), count(plan, "retained"));
    line!(out);
    line!(
        out,
        "{} to make, {} as before already, {kept} retained, {left} that would stay and should not",
        plural(plan.changes(), "change"),
        count(plan, "already before"),
    );
    line!(out, "release {}", look.paint(BOLD, &plan.sha256));
    out
}

fn count(plan: &ReleasePlan, word: &str) -> usize {
    let is = |item: &&Foreseen| matches!(&item.fate, Fate::Leave { why } if why.word() == word);
    plan.items.iter().filter(is).count()
}

fn one(item: &Foreseen, look: &Look, out: &mut String) {
    let Foreseen { step, place, region: _, fate } = item;
    let (style, word, detail) = match fate {
        Fate::GiveBack { .. } => (CARE, "give back", String::new()),
        Fate::Remove { what } => (CARE, "remove", format!(": {}", look::clean(what))),
        Fate::Leave { why } => match why {
            Released::GivenBack | Released::AlreadyBefore => (GOOD, why.word(), String::new()),
            Released::Retained { what, .. } => (GOOD, "retain", format!(": {}", look::clean(what))),
            Released::Gone { what } => (GOOD, why.word(), format!(": {}", look::clean(what))),
            Released::Conflict { .. } => (BAD, "conflict", String::new()),
            Released::Failed { error } => (BAD, "cannot", format!(": {}", look::clean(error))),
        },
    };
    line!(out, "  {}  {place} `{step}`{detail}", look.paint(style, word));
    let mut row = |name: &str, value| {
        line!(out, "      {name:<15} {}", look::value(value, look.width));
    };
    match fate {
        Fate::GiveBack { now, to } => {
            row("now", now);
            row("becomes", to);
        }
        Fate::Leave { why: Released::Conflict { before, after, now } } => {
            row("before the run", before);
            row("this run set", after);
            row("now", now);
            line!(
                out,
                "      someone else changed it, so it would be left alone; `--force {}` gives it back anyway",
                argument(&format!("{} {}", place.kind, place.target))
            );
        }
        _ => {}
    }
}
