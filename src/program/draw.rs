//! The program as mermaid and dot text. Owns escaping: titles come from files and must not become syntax.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use petgraph::visit::EdgeRef;

use super::graph::{Edge, Node, Program};
use crate::{playbook::Phase, text::value};

/// Flow chart for mermaid: phases as subgraphs, data solid, order dashed, the longest chain thick.
pub fn mermaid(program: &Program) -> String {
    let critical = Critical::of(program);
    let mut out = String::from("flowchart TD\n");
    for (phase, nodes) in phases(program) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  subgraph {phase}");
        for (index, node) in nodes {
            let _ = writeln!(
                out,
                "    n{index}[\"{}<br/>{}\"]",
                for_mermaid(&node.id),
                for_mermaid(caption(node))
            );
        }
        out.push_str("  end\n");
    }
    for (before, after, edge) in edges(program) {
        let arrow = match edge {
            _ if critical.follows(before, after) => "==>",
            Edge::Data => "-->",
            Edge::Order => "-.->",
        };
        let _ = writeln!(out, "  n{before} {arrow} n{after}");
    }
    if !critical.path.is_empty() {
        let names: Vec<String> = critical.path.iter().map(|index| format!("n{index}")).collect();
        let _ = writeln!(
            out,
            "  classDef critical stroke-width:3px\n  class {} critical",
            names.join(",")
        );
    }
    out
}

/// The same for graphviz.
pub fn dot(program: &Program) -> String {
    let critical = Critical::of(program);
    let mut out = String::from("digraph playbook {\n  rankdir=TB;\n  node [shape=box];\n");
    for (phase, nodes) in phases(program) {
        let _ = writeln!(out, "  subgraph cluster_{phase} {{\n    label=\"{phase}\";");
        for (index, node) in nodes {
            let bold = if critical.members.contains(&index) { ", penwidth=3" } else { "" };
            let _ = writeln!(
                out,
                "    n{index} [label=\"{}\\n{}\"{bold}];",
                for_dot(&node.id),
                for_dot(caption(node))
            );
        }
        out.push_str("  }\n");
    }
    for (before, after, edge) in edges(program) {
        let style = if edge == Edge::Data { "solid" } else { "dashed" };
        let bold = if critical.follows(before, after) { ", penwidth=3" } else { "" };
        let _ = writeln!(out, "  n{before} -> n{after} [style={style}{bold}];");
    }
    out.push_str("}\n");
    out
}

struct Critical {
    path: Vec<usize>,
    members: HashSet<usize>,
    next: HashMap<usize, usize>,
}

impl Critical {
    fn of(program: &Program) -> Self {
        let place: HashMap<&str, usize> =
            program.nodes().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
        let path: Vec<usize> =
            program.critical_path(|_| 1).iter().map(|node| place[node.id.as_str()]).collect();
        let next = path.iter().copied().zip(path.iter().copied().skip(1)).collect();
        Self { members: path.iter().copied().collect(), next, path }
    }

    fn follows(&self, before: usize, after: usize) -> bool {
        self.next.get(&before) == Some(&after)
    }
}

/// The phases that have steps, in the order of an incident.
fn phases(program: &Program) -> Vec<(Phase, Vec<(usize, &Node)>)> {
    let of = |phase: Phase| {
        program.nodes().enumerate().filter(|(_, node)| node.phase == phase).collect::<Vec<_>>()
    };
    Phase::ALL
        .iter()
        .map(|phase| (*phase, of(*phase)))
        .filter(|(_, nodes)| !nodes.is_empty())
        .collect()
}

fn edges(program: &Program) -> Vec<(usize, usize, Edge)> {
    let edges = program.graph().edge_references();
    let mut found: Vec<_> =
        edges.map(|edge| (edge.source().index(), edge.target().index(), *edge.weight())).collect();
    found.sort_unstable();
    found
}

fn caption(node: &Node) -> &str {
    node.title.as_deref().unwrap_or(&node.uses)
}

fn for_mermaid(text: &str) -> String {
    escape(text, |c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | ',' | '-' | '_' | ':' | '/' => None,
        c if c.is_alphanumeric() => None,
        c => Some(format!("#{};", u32::from(c))),
    })
}

fn for_dot(text: &str) -> String {
    escape(text, |c| matches!(c, '"' | '\\').then(|| format!("\\{c}")))
}

fn escape(text: &str, replace: impl Fn(char) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in value(text).chars() {
        match replace(c) {
            Some(replaced) => out.push_str(&replaced),
            None => out.push(c),
        }
    }
    out
}
