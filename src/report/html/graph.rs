//! From rows of steps to the graph that is drawn: items of a for-each are one node, and an order
//! that another way already gives is no edge.

use std::collections::HashMap;

use crate::report::model::{State, StepRow};

/// One box.
pub(super) struct Node<'a> {
    pub id: &'a str,
    pub title: Option<&'a str>,
    /// The worst of its items.
    pub state: State,
    pub items: usize,
    /// Position of its first row.
    pub row: usize,
    pub critical: bool,
}

pub(super) struct Graph<'a> {
    pub nodes: Vec<Node<'a>>,
    /// From, to, whether data flows, whether the critical path goes along.
    pub edges: Vec<(usize, usize, bool, bool)>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(steps: &'a [StepRow]) -> Self {
        let mut nodes: Vec<Node<'a>> = Vec::new();
        let mut index: HashMap<&str, usize> = HashMap::new();
        for (row, step) in steps.iter().enumerate() {
            if let Some(&at) = index.get(step.parent.as_str()) {
                let node: &mut Node<'_> = &mut nodes[at];
                node.items += 1;
                node.critical |= step.critical;
                if rank(step.state) > rank(node.state) {
                    node.state = step.state;
                }
                continue;
            }
            index.insert(&step.parent, nodes.len());
            nodes.push(Node {
                id: &step.parent,
                title: step.title.as_deref(),
                state: step.state,
                items: usize::from(step.id != step.parent),
                row,
                critical: step.critical,
            });
        }
        let mut edges = Vec::new();
        for step in nodes.iter().map(|node| &steps[node.row]) {
            for need in &step.needs {
                if let (Some(&from), Some(&to)) =
                    (index.get(need.step.as_str()), index.get(step.parent.as_str()))
                {
                    edges.push((from, to, need.data, false));
                }
            }
        }
        let mut graph = Self { nodes, edges };
        graph.reduce();
        graph.heat(steps);
        graph
    }

    /// Drops an order that follows from other edges; data is always shown.
    fn reduce(&mut self) {
        if self.nodes.len() > 250 {
            return;
        }
        let mut below = vec![Vec::new(); self.nodes.len()];
        for (from, to, _, _) in &self.edges {
            below[*from].push(*to);
        }
        let other_way = |from: usize, to: usize| {
            let mut seen = vec![false; below.len()];
            let mut open: Vec<usize> = below[from].iter().copied().filter(|at| *at != to).collect();
            while let Some(at) = open.pop() {
                if at == to {
                    return true;
                }
                if !std::mem::replace(&mut seen[at], true) {
                    open.extend(&below[at]);
                }
            }
            false
        };
        self.edges.retain(|(from, to, data, _)| *data || !other_way(*from, *to));
    }

    /// Marks, for each critical step, the way from the critical step that ended last before it,
    /// also through steps that were skipped.
    fn heat(&mut self, steps: &[StepRow]) {
        let ended: Vec<_> = self
            .nodes
            .iter()
            .map(|node| {
                let rows = steps[node.row..].iter().take_while(|row| row.parent == node.id);
                rows.filter_map(|row| row.ended).max()
            })
            .collect();
        let mut into = vec![Vec::new(); self.nodes.len()];
        for (at, edge) in self.edges.iter().enumerate() {
            into[edge.1].push(at);
        }
        for to in (0..self.nodes.len()).filter(|to| self.nodes[*to].critical) {
            let (mut open, mut seen) = (vec![(to, None)], vec![false; self.nodes.len()]);
            let mut ways: Vec<(usize, Option<usize>)> = Vec::new();
            let mut best: Option<(Option<jiff::Timestamp>, usize)> = None;
            while let Some((at, way)) = open.pop() {
                for &edge in &into[at] {
                    let from = self.edges[edge].0;
                    if std::mem::replace(&mut seen[from], true) {
                        continue;
                    }
                    ways.push((edge, way));
                    if self.nodes[from].critical {
                        best = best.max(Some((ended[from], ways.len() - 1)));
                    } else if ended[from].is_none() {
                        open.push((from, Some(ways.len() - 1)));
                    }
                }
            }
            let mut next = best.map(|(_, way)| way);
            while let Some(way) = next {
                self.edges[ways[way].0].3 = true;
                next = ways[way].1;
            }
        }
    }
}

fn rank(state: State) -> u8 {
    match state {
        State::Skipped | State::NotRun => 0,
        State::Done => 1,
        State::Running => 2,
        State::Tolerated => 3,
        State::Waiting => 4,
        State::CutOff => 5,
        State::Failed => 6,
    }
}
