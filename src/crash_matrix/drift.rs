//! Drift: after a run, someone else changes one of its settings, then the run is released. Owns what
//! is expected: nothing of theirs is overwritten, a conflict is reported with its three values, and
//! everything else is given back.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{
    Rehearsal, Trouble,
    account::{Difference, differences},
    bench::{Bench, World, ended},
};
use crate::{
    aws::{self, account::Theirs},
    engine::How,
    journal::{self, Ledger, Place},
};

/// The result for one setting that someone else changed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Drifted {
    /// Kind and target, in the account in which it was tried.
    pub setting: String,
    /// What release reported: `conflict`; `already-before` if theirs is the value before;
    /// `retained` of what a run leaves on purpose.
    pub said: String,
    pub before: Value,
    pub ours: Value,
    pub theirs: Value,
    /// Why it went wrong; empty when all is right.
    pub wrong: Vec<String>,
}

/// The settings that a run changes, in the order of their first changes.
pub(super) fn settings(world: &World) -> Vec<(Place, How)> {
    let Some(dir) = world.run_dir() else { return Vec::new() };
    let Ok(read) = journal::read(&dir.journal()) else { return Vec::new() };
    let ledger = Ledger::fold(read.lines.iter().map(|line| &line.record));
    let mut seen = BTreeSet::new();
    let places = ledger.changes().map(|(_, place, change)| (place.clone(), change.how));
    let first = places.filter(|(place, _)| seen.insert((place.kind.clone(), place.target.clone())));
    first.collect()
}

/// Tries the `nth` setting that the run changes; `None` where nobody has a value of their own for it.
pub(super) async fn drifted(
    bench: &Bench,
    nth: usize,
    calm: Rehearsal,
    keep: bool,
) -> Result<Option<Drifted>, Trouble> {
    let world = bench.world().await?;
    if ended(bench.run(&world, &calm)?).await? != Some(0) {
        return Err(Trouble::NotWhole(world.tail()));
    }
    let mut all = settings(&world);
    // Concurrent steps may reach their settings in another order.
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let Some((place, how)) = all.get(nth) else { return Ok(None) };
    let ours = world.now().await?;
    let Some(value) = theirs(bench, &world, place, &ours).await? else {
        return Ok(None);
    };
    let changed = world.now().await?;
    let code = ended(bench.start(&world, &["release", "last", "--yes", "--json"], &calm)?).await?;
    let now = world.now().await?;
    let said = released(&world, place);
    let mut wrong = overwritten(&ours, &changed, &now);
    wrong.extend(not_given_back(&world, &ours, &changed, &now));
    let (word, expected) = match (value, how) {
        (_, How::Retained) => ("retained", Some(0)),
        (Theirs::Third, _) => ("conflict", Some(7)),
        (Theirs::Before, _) => ("already-before", Some(0)),
    };
    if said["release"] != word {
        wrong.push(format!("release reported {} for it, not {word}", said["release"]));
    }
    if code != expected {
        wrong.push(format!("release ended with {code:?}, not {expected:?}: {}", world.tail()));
    }
    if word == "conflict"
        && ["before", "after", "now"].iter().any(|value| said.get(value).is_none())
    {
        wrong.push("release did not report the three values".into());
    }
    world.forget(keep || !wrong.is_empty());
    Ok(Some(Drifted {
        setting: place.to_string(),
        said: said["release"].as_str().unwrap_or_default().to_owned(),
        before: said["before"].clone(),
        ours: said["after"].clone(),
        theirs: said["now"].clone(),
        wrong,
    }))
}

/// Sets `place` to a value of someone else's; `None` for a kind that has no other value here.
async fn theirs(
    bench: &Bench,
    world: &World,
    place: &Place,
    account: &Value,
) -> Result<Option<Theirs>, Trouble> {
    let Some(service) = aws::service_of(&place.kind) else { return Ok(None) };
    let Some(rival) = service.rival else { return Ok(None) };
    let config = bench.config(&world.seed.account);
    let done = rival(&config, place, &account[service.name]).await;
    done.map_err(|why| Trouble::Theirs { place: place.to_string(), why: why.to_string() })
}

/// What the journal keeps of the release of one setting.
fn released(world: &World, place: &Place) -> Value {
    let records = world.records();
    let mut outcomes = records.iter().filter(|record| {
        record["record"] == "release-outcome"
            && record["place"]["kind"] == place.kind.as_str()
            && record["place"]["target"] == place.target.as_str()
    });
    outcomes.next_back().cloned().unwrap_or_default()
}

/// Where they changed something that is not as they left it.
fn overwritten(ours: &Value, changed: &Value, now: &Value) -> Vec<String> {
    let theirs = paths(&differences(ours, changed));
    let since = differences(changed, now);
    let hit = since.iter().filter(|one| theirs.iter().any(|path| touches(&one.path, path)));
    hit.map(|one| format!("theirs was overwritten: {}: {} -> {}", one.path, one.wanted, one.found))
        .collect()
}

/// Differences from the state before, except for what they changed.
fn not_given_back(world: &World, ours: &Value, changed: &Value, now: &Value) -> Vec<String> {
    let theirs = paths(&differences(ours, changed));
    let (left, _) = world.left(now);
    let other = left.iter().filter(|one| !theirs.iter().any(|path| touches(&one.path, path)));
    other
        .map(|one| format!("not given back: {}: {} -> {}", one.path, one.wanted, one.found))
        .collect()
}

fn paths(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(|one| one.path.clone()).collect()
}

/// Whether one path leads to or through the other.
fn touches(one: &str, other: &str) -> bool {
    one == other
        || one.strip_prefix(other).is_some_and(|rest| rest.starts_with(" > "))
        || other.strip_prefix(one).is_some_and(|rest| rest.starts_with(" > "))
}
