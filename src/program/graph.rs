//! The program: steps and the order between them. Owns the invariant that the graph has no cycle; there is no way to
//! get a [`Program`] but [`super::compile`].

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::playbook::expr::{Expr, Template};
use crate::playbook::types::Duration;
use crate::playbook::{
    Actor, Approval, FirstOf, OnFailure, Phase, Playbook, Responsibility, Retry, Span,
};

/// One step, ready to run once what it waits for has run.
#[derive(Clone, Debug)]
pub struct Node {
    pub id: String,
    /// Name of the action; it is in the catalogue.
    pub uses: String,
    /// The step's own phase, or its action's.
    pub phase: Phase,
    pub title: Option<String>,
    /// Always a mapping.
    pub with: Arc<Template>,
    pub condition: Option<Expr>,
    pub for_each: Option<Expr>,
    pub retry: Retry,
    pub timeout: Option<Duration>,
    pub on_failure: OnFailure,
    pub approval: Option<Approval>,
    pub responsibility: Responsibility,
    pub owner: Option<String>,
    pub actor: Option<Actor>,
    pub always: bool,
    pub first_of: Option<FirstOf>,
    /// The playbook that the step comes from, where one program holds another's steps.
    pub frame: Option<Arc<Frame>>,
    /// Where the step's id stands.
    pub span: Span,
}

/// What the steps of a playbook inside of another document see.
#[derive(Debug)]
pub struct Frame {
    /// Stands before the id of each of its steps.
    pub prefix: String,
    /// The step whose output `inputs` holds the playbook's inputs.
    pub entry: String,
    /// The principal that all of its steps act as; declared in the outer document.
    pub actor: Option<Actor>,
    pub playbook: Playbook,
}

/// Why a step waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edge {
    /// It reads an output.
    Data,
    /// It names the other in `needs`.
    Order,
}

/// Steps in file order, and an acyclic order between them. Edges go from what runs first to what waits.
#[derive(Clone, Debug)]
pub struct Program {
    graph: DiGraph<Node, Edge>,
    index: HashMap<String, NodeIndex>,
    order: Vec<NodeIndex>,
    /// Place of each node in `order`, by node index.
    rank: Vec<usize>,
}

impl Program {
    /// Gives the graph back when it has a cycle.
    pub(super) fn new(graph: DiGraph<Node, Edge>) -> Result<Self, DiGraph<Node, Edge>> {
        let Some(order) = topological(&graph) else { return Err(graph) };
        let mut rank = vec![0; graph.node_count()];
        for (place, node) in order.iter().enumerate() {
            rank[node.index()] = place;
        }
        let index = graph.node_indices().map(|node| (graph[node].id.clone(), node)).collect();
        Ok(Self { graph, index, order, rank })
    }

    /// This program with the steps of `inner` right after its step `frame.entry`, which they all
    /// wait for; `after` waits for the last of them. `None` when either step is not here, or when
    /// `after` comes before the entry.
    pub fn join(&self, inner: &Self, frame: &Arc<Frame>, after: &str) -> Option<Self> {
        let mut graph = DiGraph::with_capacity(self.len() + inner.len(), 0);
        let (mut mine, mut theirs) = (HashMap::new(), HashMap::new());
        for index in self.graph.node_indices() {
            let node = &self.graph[index];
            mine.insert(index, graph.add_node(node.clone()));
            if node.id != frame.entry {
                continue;
            }
            for inside in inner.graph.node_indices() {
                let node = Node {
                    id: format!("{}{}", frame.prefix, inner.graph[inside].id),
                    frame: Some(frame.clone()),
                    actor: frame.actor.clone(),
                    ..inner.graph[inside].clone()
                };
                theirs.insert(inside, graph.add_node(node));
            }
        }
        let entry = *mine.get(self.index.get(&frame.entry)?)?;
        let after = *mine.get(self.index.get(after)?)?;
        for (from, map) in [(&self.graph, &mine), (&inner.graph, &theirs)] {
            for edge in from.edge_references() {
                graph.add_edge(map[&edge.source()], map[&edge.target()], *edge.weight());
            }
        }
        for (inside, here) in &theirs {
            if inner.graph.edges_directed(*inside, Direction::Incoming).next().is_none() {
                graph.add_edge(entry, *here, Edge::Order);
            }
            if inner.graph.edges_directed(*inside, Direction::Outgoing).next().is_none() {
                graph.add_edge(*here, after, Edge::Order);
            }
        }
        Self::new(graph).ok()
    }

    pub fn graph(&self) -> &DiGraph<Node, Edge> {
        &self.graph
    }

    /// In file order.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.graph.node_weights()
    }

    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    pub fn is_empty(&self) -> bool {
        self.graph.node_count() == 0
    }

    /// The step at this place in the file, counted from 0.
    ///
    /// # Panics
    /// There are no more than [`Program::len`] steps.
    pub fn at(&self, place: usize) -> &Node {
        &self.graph[NodeIndex::new(place)]
    }

    pub fn get(&self, id: &str) -> Option<&Node> {
        self.index.get(id).map(|index| &self.graph[*index])
    }

    /// Every step after all that it waits for; file order where that leaves a choice.
    pub fn order(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.order.iter().map(|index| &self.graph[*index])
    }

    /// What `id` waits for directly, in file order.
    pub fn dependencies(&self, id: &str) -> Vec<(&Node, Edge)> {
        self.neighbours(id, Direction::Incoming)
    }

    /// What waits for `id` directly, in file order.
    pub fn dependants(&self, id: &str) -> Vec<(&Node, Edge)> {
        self.neighbours(id, Direction::Outgoing)
    }

    fn neighbours(&self, id: &str, direction: Direction) -> Vec<(&Node, Edge)> {
        let Some(index) = self.index.get(id) else { return Vec::new() };
        let mut found: Vec<(NodeIndex, Edge)> = self
            .graph
            .edges_directed(*index, direction)
            .map(|edge| match direction {
                Direction::Incoming => (edge.source(), *edge.weight()),
                Direction::Outgoing => (edge.target(), *edge.weight()),
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(index, edge)| (&self.graph[index], edge)).collect()
    }

    /// Whether `to` waits for `from`, directly or not. A step has no path to itself.
    pub fn has_path(&self, from: &str, to: &str) -> bool {
        let (Some(&from), Some(&to)) = (self.index.get(from), self.index.get(to)) else {
            return false;
        };
        let mut seen = vec![false; self.len()];
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            for next in self.graph.neighbors(node) {
                if next == to {
                    return true;
                }
                // What comes after `to` in the order cannot lead to it.
                if self.rank[next.index()] < self.rank[to.index()]
                    && !std::mem::replace(&mut seen[next.index()], true)
                {
                    open.push(next);
                }
            }
        }
        false
    }

    /// The chain of steps with the largest sum of weights (any unit, such as expected seconds); it bounds how fast a
    /// run can be. `|_| 1` finds the longest chain.
    pub fn critical_path(&self, weight: impl Fn(&Node) -> u64) -> Vec<&Node> {
        let path = super::critical::path(&self.graph, &self.order, weight);
        path.into_iter().map(|index| &self.graph[index]).collect()
    }
}

/// Kahn's order, smallest file position first.
fn topological(graph: &DiGraph<Node, Edge>) -> Option<Vec<NodeIndex>> {
    let mut waiting: Vec<usize> = graph
        .node_indices()
        .map(|node| graph.edges_directed(node, Direction::Incoming).count())
        .collect();
    let mut ready: BinaryHeap<Reverse<NodeIndex>> =
        graph.node_indices().filter(|node| waiting[node.index()] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(graph.node_count());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for next in graph.neighbors(node) {
            waiting[next.index()] -= 1;
            if waiting[next.index()] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    (order.len() == graph.node_count()).then_some(order)
}
