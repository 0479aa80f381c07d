//! `startAfter` as a graph: what it may not be, and how long and how wide it gets.

use std::time::Duration;

use indexmap::IndexMap;

use crate::fis::model::Action;

/// A cycle, first action repeated at the end: `a`, `b`, `a`.
pub(super) fn cycle(actions: &IndexMap<String, Action>) -> Option<Vec<String>> {
    let mut clean: Vec<&str> = Vec::new();
    for start in actions.keys() {
        let mut path = Vec::new();
        if let Some(found) = walk(actions, start, &mut path, &mut clean) {
            return Some(found);
        }
    }
    None
}

fn walk<'a>(
    actions: &'a IndexMap<String, Action>,
    at: &'a str,
    path: &mut Vec<&'a str>,
    clean: &mut Vec<&'a str>,
) -> Option<Vec<String>> {
    if let Some(from) = path.iter().position(|name| *name == at) {
        let around = path[from..].iter().chain([&at]);
        return Some(around.map(|name| (*name).to_owned()).collect());
    }
    if clean.contains(&at) {
        return None;
    }
    path.push(at);
    for before in actions.get(at).map(|action| action.start_after.as_slice()).unwrap_or_default() {
        if let Some(found) = walk(actions, before, path, clean) {
            return Some(found);
        }
    }
    path.pop();
    clean.push(at);
    None
}

/// How long the longest chain lasts. The graph has no cycle.
pub(super) fn longest(
    actions: &IndexMap<String, Action>,
    lasts: impl Fn(&Action) -> Duration,
) -> Duration {
    fn until(
        actions: &IndexMap<String, Action>,
        lasts: &impl Fn(&Action) -> Duration,
        name: &str,
        known: &mut IndexMap<String, Duration>,
    ) -> Duration {
        if let Some(end) = known.get(name) {
            return *end;
        }
        let Some(action) = actions.get(name) else { return Duration::ZERO };
        let starts = action.start_after.iter().map(|before| until(actions, lasts, before, known));
        let end = starts.max().unwrap_or_default() + lasts(action);
        known.insert(name.to_owned(), end);
        end
    }
    let mut known = IndexMap::new();
    actions.keys().map(|name| until(actions, &lasts, name, &mut known)).max().unwrap_or_default()
}

/// The most actions that can run at one time. The graph has no cycle.
///
/// By Dilworth's theorem: the actions less a maximum matching of the "runs before" relation.
pub(super) fn width(actions: &IndexMap<String, Action>) -> usize {
    let count = actions.len();
    let mut before = vec![vec![false; count]; count];
    for (to, action) in actions.values().enumerate() {
        for from in action.start_after.iter().filter_map(|name| actions.get_index_of(name)) {
            before[from][to] = true;
        }
    }
    for over in 0..count {
        for from in 0..count {
            for to in 0..count {
                before[from][to] |= before[from][over] && before[over][to];
            }
        }
    }
    let mut matched = vec![None; count];
    let pairs =
        (0..count).filter(|from| augment(&before, *from, &mut vec![false; count], &mut matched));
    count - pairs.count()
}

fn augment(
    before: &[Vec<bool>],
    from: usize,
    seen: &mut [bool],
    matched: &mut [Option<usize>],
) -> bool {
    for to in 0..seen.len() {
        if !before[from][to] || std::mem::replace(&mut seen[to], true) {
            continue;
        }
        let is_free = match matched[to] {
            None => true,
            Some(other) => augment(before, other, seen, matched),
        };
        if is_free {
            matched[to] = Some(from);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> IndexMap<String, Action> {
        let action = |after: &[&str]| Action {
            action_id: "aws:fis:wait".into(),
            description: None,
            parameters: IndexMap::new(),
            targets: IndexMap::new(),
            start_after: after.iter().map(|name| (*name).to_owned()).collect(),
        };
        edges.iter().map(|(name, after)| ((*name).to_owned(), action(after))).collect()
    }

    #[test]
    fn a_cycle_is_told_as_a_path() {
        let none = graph(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])]);
        assert_eq!(cycle(&none), None);
        let some = graph(&[("z", &["a"]), ("a", &["b"]), ("b", &["c"]), ("c", &["a"])]);
        assert_eq!(cycle(&some).expect("a cycle").join(" -> "), "a -> b -> c -> a");
        assert_eq!(cycle(&graph(&[("a", &["a"])])).expect("a cycle"), ["a", "a"]);
    }

    #[test]
    fn the_longest_chain_counts() {
        let diamond = graph(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])]);
        let minute = |_: &Action| Duration::from_mins(1);
        assert_eq!(longest(&diamond, minute), Duration::from_mins(3));
        assert_eq!(width(&diamond), 2);
        assert_eq!(width(&graph(&[("a", &[]), ("b", &[]), ("c", &["a"]), ("d", &["a"])])), 3);
        assert_eq!(width(&graph(&[("a", &[]), ("b", &["a"]), ("c", &["b"])])), 1);
        assert_eq!(width(&IndexMap::new()), 0);
    }
}
