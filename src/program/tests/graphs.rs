//! Random graphs: acyclic ones compile in an order that respects every edge, cyclic ones never compile.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::playbook::testing::{HEAD, catalogue};
use crate::program::{Edge, check, dot, mermaid};

/// Steps `s0..`, each waiting for some others, by data or by order.
fn text(count: usize, waits: &[(usize, usize, bool)]) -> String {
    let mut text = format!("{HEAD}steps:\n");
    for step in 0..count {
        let mine = |data: bool| {
            waits.iter().filter(move |wait| wait.0 == step && wait.2 == data).map(|wait| wait.1)
        };
        let needs: Vec<String> = mine(false).map(|other| format!("s{other}")).collect();
        let reads: String =
            mine(true).map(|other| format!("${{{{ steps.s{other}.snapshot }}}}")).collect();
        write!(
            text,
            "  s{step}:\n    uses: ec2.copy-snapshot\n    title: 'x{reads_len}'\n",
            reads_len = reads.len()
        )
        .expect("a string");
        write!(
            text,
            "    needs: [{}]\n    with: {{ snapshot: snap-0123456789abcdef0 }}\n",
            needs.join(", ")
        )
        .expect("a string");
        if !reads.is_empty() {
            let all: Vec<String> =
                mine(true).map(|other| format!("steps.s{other}.snapshot")).collect();
            writeln!(text, "    if: {}", all.join(" and ")).expect("a string");
        }
    }
    text
}

fn edges(count: usize) -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    prop::collection::vec((0..count, 0..count, any::<bool>()), 0..count * 2)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn acyclic_graphs_compile_in_order(raw in edges(24)) {
        // Waiting only for smaller numbers cannot make a circle.
        let waits: Vec<_> = raw.into_iter().filter(|wait| wait.0 > wait.1).collect();
        let checked = check("random.yaml", &text(24, &waits), &catalogue());
        prop_assert!(!checked.has_errors(), "{}", checked.render(false, 100));
        let program = checked.program.expect("a program");
        let order: Vec<&str> = program.order().map(|node| node.id.as_str()).collect();
        let place = |step: usize| order.iter().position(|id| *id == format!("s{step}")).expect("in order");
        for (after, before, data) in waits {
            prop_assert!(place(before) < place(after));
            let (before, after) = (format!("s{before}"), format!("s{after}"));
            prop_assert!(program.has_path(&before, &after) && !program.has_path(&after, &before));
            let found = program.dependencies(&after).into_iter().find(|(node, _)| node.id == before);
            prop_assert!(found.is_some_and(|(_, edge)| !data || edge == Edge::Data));
        }
        let path: Vec<&str> = program.critical_path(|_| 1).iter().map(|node| node.id.as_str()).collect();
        for pair in path.windows(2) {
            prop_assert!(program.dependencies(pair[1]).iter().any(|(node, _)| node.id == pair[0]));
        }
    }

    #[test]
    fn cycles_are_always_found(raw in edges(16), from in 0..16_usize, length in 2..6_usize) {
        let mut waits: Vec<_> = raw.into_iter().filter(|wait| wait.0 != wait.1).collect();
        let circle: Vec<usize> = (0..length).map(|step| (from + step) % 16).collect();
        waits.extend(circle.iter().zip(circle.iter().cycle().skip(1)).map(|(after, before)| (*after, *before, false)));
        let checked = check("random.yaml", &text(16, &waits), &catalogue());
        prop_assert!(checked.program.is_none());
        prop_assert!(checked.diagnostics.iter().any(|problem| problem.code == "playbook::cycle"));
    }
}

const SMALL: &str = "steps:
  snapshot: { uses: ec2.snapshot-volumes, with: { instance: i-0123456789abcdef0 } }
  isolate:
    uses: ec2.isolate-instance
    title: 'Isolate \"it\"]; <script>`x`#'
    needs: snapshot
    with: { instance: i-0123456789abcdef0 }
  copy-all:
    uses: ec2.copy-snapshot
    for-each: steps.snapshot.snapshots
    with: { snapshot: '${{ item }}' }
  tell: { uses: core.manual, needs: [isolate], with: { instructions: 'copied ${{ steps.copy-all.snapshot }}' } }
";

#[test]
fn programs_go_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<crate::program::Program>();
    check::<crate::playbook::Playbook>();
}

#[test]
fn drawings() {
    let checked = check("small.yaml", &format!("{HEAD}{SMALL}"), &catalogue());
    assert!(!checked.has_errors(), "{}", checked.render(false, 100));
    let program = checked.program.expect("a program");
    insta::assert_snapshot!("mermaid", mermaid(&program));
    insta::assert_snapshot!("dot", dot(&program));
}

#[test]
fn a_long_chain_does_not_overflow_the_stack() {
    let chain: Vec<_> = (1..4_000).map(|step| (step, step - 1, false)).collect();
    let mut circle = chain.clone();
    circle.push((0, 3_999, false));
    // `text` is quadratic in its edges, so the chain is written here.
    let write = |waits: &[(usize, usize, bool)]| {
        let mut text = format!("{HEAD}steps:\n");
        for (after, before, _) in waits {
            let step = format!("uses: core.wait, needs: s{before}, with: {{ duration: 1s }}");
            writeln!(text, "  s{after}: {{ {step} }}").expect("a string");
        }
        text
    };
    let first = "  s0: { uses: core.wait, with: { duration: 1s } }\n";
    let checked = check("chain.yaml", &format!("{}{first}", write(&chain)), &catalogue());
    assert!(!checked.has_errors(), "{}", checked.render(false, 100));
    assert_eq!(checked.program.expect("a program").critical_path(|_| 1).len(), 4_000);
    let checked = check("circle.yaml", &write(&circle), &catalogue());
    assert_eq!(checked.diagnostics.len(), 1);
}
