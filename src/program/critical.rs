//! The critical path: longest chain by weight through a DAG.

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use super::graph::{Edge, Node};

/// `order` is topological. Ties go to the step that comes first in the file.
pub(super) fn path(
    graph: &DiGraph<Node, Edge>,
    order: &[NodeIndex],
    weight: impl Fn(&Node) -> u64,
) -> Vec<NodeIndex> {
    let mut best: Vec<(u64, Option<NodeIndex>)> = vec![(0, None); graph.node_count()];
    for &node in order {
        let mut longest = (0, None);
        for before in graph.neighbors_directed(node, Direction::Incoming) {
            let sum = best[before.index()].0;
            let earlier = longest.1.is_none_or(|other: NodeIndex| {
                sum > longest.0 || (sum == longest.0 && before < other)
            });
            if sum >= longest.0 && earlier {
                longest = (sum, Some(before));
            }
        }
        best[node.index()] = (longest.0.saturating_add(weight(&graph[node])), longest.1);
    }
    let end =
        graph.node_indices().max_by_key(|node| (best[node.index()].0, std::cmp::Reverse(*node)));
    let mut path: Vec<NodeIndex> =
        std::iter::successors(end, |node| best[node.index()].1).collect();
    path.reverse();
    path
}
