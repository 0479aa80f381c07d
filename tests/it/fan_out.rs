//! A step for each of 500 items: each has its own journal entries, one that fails hides no other, and
//! a resumed run tries the failed one only.

use serde_json::Value;

use crate::binary::Desk;

const ITEMS: usize = 500;

fn playbook(desk: &Desk, that: &str) -> String {
    let numbers: Vec<_> = (0..ITEMS).map(|n| n.to_string()).collect();
    let text = format!(
        "playbook: many\ntitle: Many items\nversion: 1.0.0\nseverity: low\n\
         inputs:\n  numbers:\n    type: list of integer\n    default: [{}]\n    description: items\n\
         steps:\n  each:\n    for-each: ${{{{ inputs.numbers }}}}\n    uses: core.assert\n    with:\n      \
         that: ${{{{ {that} }}}}\n      message: this one is wrong\n  \
         wait:\n    for-each: ${{{{ inputs.numbers }}}}\n    uses: core.wait\n    with:\n      duration: 0s\n  \
         after:\n    needs: [each]\n    uses: core.wait\n    with:\n      duration: 0s\n",
        numbers.join(", ")
    );
    let file = desk.path("many.yaml");
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

/// How many records of the kind the items of `step` have.
fn count(desk: &Desk, record: &str, step: &str) -> usize {
    let of = |line: &Value| {
        line["record"] == record && line["step"].as_str().is_some_and(|id| id.starts_with(step))
    };
    desk.records().iter().filter(|line| of(line)).count()
}

#[test]
fn five_hundred_items_succeed() {
    let desk = Desk::new();
    let file = playbook(&desk, "item >= 0");
    desk.ends(0, &["run", &file, "--yes"]);
    for step in ["each[", "wait["] {
        assert_eq!(count(&desk, "step-finished", step), ITEMS);
    }
    assert_eq!(count(&desk, "step-finished", "after"), 1);
}

#[test]
fn one_that_fails_hides_no_other() {
    let desk = Desk::new();
    // True in the plan, which does not know yet when the run starts; else it would be refused.
    let file = playbook(&desk, "item != 250 or 'known after run' in run.started");
    let plan = desk.run(&["plan", &file]);
    let run = desk.run(&["run", &file, "--yes"]);
    assert_eq!(
        run.code,
        Some(5),
        "plan {:?}\n{}\n{}",
        plan.code,
        run.out,
        &run.err[..2000.min(run.err.len())]
    );
    assert!(run.out.contains("this one is wrong"), "{}", run.out);
    assert!(run.out.contains("`each[250]`"), "{}", run.out);
    assert!(run.out.contains("not run `after`"), "{}", run.out);
    assert_eq!(count(&desk, "step-finished", "each["), ITEMS - 1);
    assert_eq!(count(&desk, "step-finished", "wait["), ITEMS);
    assert_eq!(count(&desk, "step-failed", "each[250]"), 1);

    desk.ends(5, &["resume", "last"]);
    assert_eq!(count(&desk, "step-started", "each["), ITEMS + 1);
    assert_eq!(count(&desk, "step-failed", "each[250]"), 2);
    desk.ends(0, &["runs", "verify", "last"]);
}
