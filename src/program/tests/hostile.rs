//! No text makes the program panic, and every label lies inside of the text.

use proptest::prelude::*;

use crate::playbook::testing::catalogue;
use crate::program::check;

const GOOD: &str = "playbook: ec2-compromise
title: Contain a compromised instance
version: 1.0.0
severity: high
summary: |
  Two lines,
  ünicode included
attack: [T1552.005]
roles:
  lead: { duty: decides, contact: lead@example.com }
inputs:
  instance: { type: instance, description: \"The \\u0041 one\" }
  regions: { type: list of region, default: [eu-west-1] }
limits: { instances: 1 }
steps:
  snapshot-it:
    uses: ec2.snapshot-volumes
    with: &with
      instance: ${{ inputs.instance }}
  copy:
    uses: ec2.copy-snapshot
    for-each: ${{ steps.snapshot-it.snapshots }}
    if: inputs.regions | length > 0 and 'eu-west-1' in inputs.regions
    with: { snapshot: '${{ item }}', region: \"${{ inputs.regions[0] }}\" }
    retry: { attempts: 3, backoff: 500ms }
    timeout: 1h30m
    on-failure: continue
    approval: { role: lead, reason: costs }
  isolate:
    uses: ec2.isolate-instance
    needs: [copy, snapshot-it]
    with: *with
";

fn never_panics(text: &str) -> Result<(), TestCaseError> {
    let checked = check("hostile.yaml", text, &catalogue());
    for problem in &checked.diagnostics {
        for (range, _) in &problem.labels {
            prop_assert!(range.start <= range.end && range.end <= text.len(), "{problem:?}");
            prop_assert!(
                text.get(range.start..range.end).is_some(),
                "within a character: {problem:?}"
            );
        }
    }
    checked.render(false, 80);
    checked.to_json();
    Ok(())
}

#[test]
fn the_good_one_is_good() {
    let checked = check("good.yaml", GOOD, &catalogue());
    assert!(checked.diagnostics.is_empty(), "{}", checked.render(false, 100));
    assert_eq!(checked.program.expect("a program").dependencies("isolate").len(), 2);
}

#[test]
fn many_problems_do_not_cost_their_square() {
    let wrong: String = (0..1_000)
        .map(|step| {
            format!("  w{step}: {{ uses: core.wat, needs: n{step}, if: steps.m{step}.x }}\n")
        })
        .collect();
    let checked = check("many.yaml", &format!("{GOOD}{wrong}"), &catalogue());
    assert_eq!(checked.diagnostics.len(), 3_000);
    assert!(checked.render(false, 100).ends_with("and 2900 more problems\n"));
}

#[test]
fn a_deep_expression_is_refused_or_walked() {
    for piece in [".a", "[0]", "|lower", "+1", " and x"] {
        let expression = format!("inputs.instance{}", piece.repeat(4000 / piece.len()));
        never_panics(&GOOD.replace("inputs.instance", &expression)).expect("no panic");
    }
    never_panics(&GOOD.replace("inputs.instance", &"(".repeat(4000))).expect("no panic");
    for odd in ["inpu\u{fc}ts.instance \u{fc}", "\u{feff} item", "'x' |\u{feff} lower"] {
        never_panics(&GOOD.replace("inputs.instance", odd)).expect("whole characters");
    }
    never_panics(&GOOD.replace("inputs.instance", &"not ".repeat(1000))).expect("no panic");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_text(text in "\\PC{0,200}") {
        never_panics(&text)?;
    }

    #[test]
    fn arbitrary_yaml(text in "[-a-z:{}\\[\\]&*!|>'\"#%@, \n\t$?0-9]{0,120}") {
        never_panics(&text)?;
    }

    #[test]
    fn arbitrary_expressions(text in "[-a-z.(){}\\[\\]'\"|~ 0-9ü+*]{0,60}") {
        never_panics(&GOOD.replace("item", &text))?;
    }

    #[test]
    fn mutations(at in 0..GOOD.len(), cut in 0..40_usize, put in "[-a-z:{}\\[\\]'\"$ \nü.]{0,8}") {
        let start = (0..=at).rev().find(|at| GOOD.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + cut..=GOOD.len()).find(|at| GOOD.is_char_boundary(*at)).unwrap_or(GOOD.len());
        never_panics(&format!("{}{put}{}", &GOOD[..start], &GOOD[end..]))?;
    }
}
