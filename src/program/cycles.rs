//! Finding and reporting circles of steps. One circle for each knot, the shortest through its first step.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::graph::{Edge, Node};
use super::links::Waits;
use crate::playbook::Diagnostic;

/// Labels after which a circle is only named, not shown step by step.
const SHOWN: usize = 12;

/// `waits` holds for each step, by position, where it declares that it waits for another.
pub(super) fn report(graph: &DiGraph<Node, Edge>, waits: &[Waits]) -> Vec<Diagnostic> {
    // Kosaraju, because petgraph's Tarjan recurses and a chain may have ten thousand steps.
    let mut knots: Vec<Vec<NodeIndex>> =
        kosaraju_scc(graph).into_iter().filter(|knot| knot.len() > 1).collect();
    for knot in &mut knots {
        knot.sort_unstable();
    }
    knots.sort_unstable();
    knots.iter().map(|knot| describe(graph, waits, &circle(graph, knot))).collect()
}

/// The shortest circle through the first step of a knot, without repeating that step at the end.
fn circle(graph: &DiGraph<Node, Edge>, knot: &[NodeIndex]) -> Vec<NodeIndex> {
    let members: HashSet<NodeIndex> = knot.iter().copied().collect();
    let first = knot[0];
    let mut came_from: HashMap<NodeIndex, NodeIndex> = HashMap::new();
    let mut open = VecDeque::from([first]);
    while let Some(node) = open.pop_front() {
        for next in graph.neighbors(node).filter(|next| members.contains(next)) {
            if next == first {
                let mut path: Vec<NodeIndex> =
                    std::iter::successors(Some(node), |node| came_from.get(node).copied())
                        .collect();
                path.reverse();
                return path;
            }
            if let Entry::Vacant(entry) = came_from.entry(next) {
                entry.insert(node);
                open.push_back(next);
            }
        }
    }
    knot.to_vec()
}

fn describe(graph: &DiGraph<Node, Edge>, waits: &[Waits], circle: &[NodeIndex]) -> Diagnostic {
    let name = |node: NodeIndex| graph[node].id.as_str();
    let mut names: Vec<&str> = circle.iter().take(SHOWN).map(|node| name(*node)).collect();
    if circle.len() > SHOWN {
        names.push("...");
    }
    names.extend(circle.first().map(|node| name(*node)));
    let message = format!("steps wait for each other in a circle: `{}`", names.join(" -> "));
    let mut problem = Diagnostic::error("playbook::cycle", message).help(
        "each step waits for the one before the arrow; remove one of the places marked above",
    );
    for (at, &before) in circle.iter().enumerate().take(SHOWN) {
        let after = circle[(at + 1) % circle.len()];
        let span = waits[after.index()]
            .iter()
            .find(|wait| wait.0 == before.index())
            .map_or(graph[after].span, |wait| wait.2);
        problem = problem.label(span, format!("`{}` waits for `{}`", name(after), name(before)));
    }
    problem
}
