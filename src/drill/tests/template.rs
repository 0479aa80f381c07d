//! A template file in each form that AWS's command line has, as the experiment that a drill starts.

use serde_json::{Value, json};

use crate::{
    drill::check,
    playbook::expr::{Template, TemplateKind},
};

use super::lowering::catalogue;

fn template(more: &[(&str, Value)]) -> Value {
    let mut template = json!({
        "description": "Stop what drills may stop",
        "targets": { "hosts": {
            "resourceType": "aws:ec2:instance", "resourceTags": { "drill": "yes" },
            "selectionMode": "PERCENT(50)",
            "filters": [{ "path": "State.Name", "values": ["running"] }],
        } },
        "actions": { "stop": {
            "actionId": "aws:ec2:stop-instances", "parameters": {}, "targets": { "Instances": "hosts" },
        } },
        "stopConditions": [{ "source": "none" }],
        "roleArn": "arn:aws:iam::111122223333:role/fis",
    });
    for (name, value) in more {
        template[*name] = value.clone();
    }
    template
}

/// The inputs of the experiment's step, or the codes of what is wrong.
fn inputs(template: &Value, own: &str) -> Result<Template, Vec<&'static str>> {
    let simulation = format!(
        "simulation: s\ntitle: t\nhypothesis: h\nguard: {{ accounts: ['111122223333'], regions: [eu-west-1], max-cost: 1, required-tag: 'drill=yes' }}\nexperiment: {{ role: r, template: t.json{own} }}\n"
    );
    let text = template.to_string();
    let found = check("s", &simulation, &catalogue(), &|_| Ok(text.clone()));
    let codes: Vec<_> = found.checked.diagnostics.iter().map(|one| one.code).collect();
    let program = found.checked.program.ok_or(codes)?;
    Ok((*program.get("inject").expect("the experiment").with).clone())
}

fn at(template: &Template, path: &[&str]) -> String {
    let found = path.iter().try_fold(template, |at, key| at.get(key));
    match found.map(|found| &found.kind) {
        Some(TemplateKind::String(text)) => text.clone(),
        other => panic!("{path:?}: {other:?}"),
    }
}

#[test]
fn what_get_experiment_template_prints_is_unwrapped() {
    let more = [
        ("id", json!("EXT123")),
        ("arn", json!("arn:aws:fis:us-east-1:111122223333:experiment-template/EXT123")),
        ("creationTime", json!(1640185474.376)),
        ("lastUpdateTime", json!(1640185474.376)),
        ("tags", json!({})),
    ];
    for printed in [template(&more), json!({ "experimentTemplate": template(&more) })] {
        let inputs = inputs(&printed, "").expect("a template");
        assert_eq!(at(&inputs, &["actions", "stop", "action-id"]), "aws:ec2:stop-instances");
        assert_eq!(at(&inputs, &["targets", "hosts", "selection-mode"]), "PERCENT(50)");
        assert!(inputs.get("empty-target-resolution-mode").is_none());
    }
}

#[test]
fn the_mode_for_empty_targets_is_honoured_and_the_simulations_own_comes_first() {
    let options =
        json!({ "accountTargeting": "single-account", "emptyTargetResolutionMode": "skip" });
    let template = template(&[("experimentOptions", options)]);
    let mode = |own: &str| {
        at(&inputs(&template, own).expect("a template"), &["empty-target-resolution-mode"])
    };
    assert_eq!(mode(""), "skip");
    assert_eq!(mode(", empty-target-resolution-mode: fail"), "fail");
}

#[test]
fn what_would_be_left_out_in_silence_is_refused() {
    let refused = |name: &str, value: Value| {
        inputs(&template(&[(name, value)]), "").expect_err("a template that is refused")
    };
    let bad = ["simulation::bad-template"];
    assert_eq!(refused("experimentOptions", json!({ "accountTargeting": "multi-account" })), bad);
    assert_eq!(refused("experimentOptions", json!({ "emptyTargetResolutionMode": "maybe" })), bad);
    assert_eq!(refused("logConfiguration", json!({ "logSchemaVersion": 2 })), bad);
    assert_eq!(refused("actions", json!([])), bad);
}

#[test]
fn what_hits_nobody_knows_what_is_refused_where_a_tag_is_demanded() {
    let with = |action: Value| {
        let actions = json!({ "stop": template(&[])["actions"]["stop"], "more": action });
        inputs(&template(&[("actions", actions)]), "")
    };
    let automation = json!({ "actionId": "aws:ssm:start-automation-execution", "targets": {} });
    assert_eq!(with(automation).expect_err("refused"), ["simulation::no-target"]);
    assert!(with(json!({ "actionId": "aws:fis:wait" })).is_ok());
}

/// Each action has a moment of its own, by which a detection counts, and all of them are waited for.
#[test]
fn each_action_of_a_template_takes_effect_by_itself() {
    let stop = template(&[])["actions"]["stop"].clone();
    let mut then = stop.clone();
    then["startAfter"] = json!(["stop"]);
    let pause = json!({ "actionId": "aws:fis:wait", "parameters": { "duration": "PT1M" } });
    let actions = json!({ "pause": pause, "stop": stop, "Then.More": then });
    let text = template(&[("actions", actions)]).to_string();
    let simulation = "simulation: s\ntitle: t\nhypothesis: h\nguard: { accounts: ['111122223333'], regions: [eu-west-1], max-cost: 1 }\nexperiment:\n  role: r\n  template: t.json\n  proof: { down: { uses: make.target } }\nexpect:\n  first: { source: eventbridge, pattern: { source: [a] }, resource: x, within: 1m }\n  more: { source: eventbridge, pattern: { source: [a] }, resource: x, within: 1m, fault: Then.More }\n";
    let found = check("s", simulation, &catalogue(), &|_| Ok(text.clone()));
    let codes: Vec<_> = found.checked.diagnostics.iter().map(|one| one.code).collect();
    let program = found.checked.program.unwrap_or_else(|| panic!("{codes:?}"));
    let outline = found.outline.expect("an outline");
    let effects: Vec<_> =
        outline.effects.iter().map(|one| (one.fault.as_str(), one.step.as_str())).collect();
    assert_eq!(effects, [("stop", "effect-1"), ("Then.More", "effect-2")], "a pause is no fault");
    assert_eq!(outline.experiment_proof, Some(vec!["down".into()]));
    let waits = |id: &str| {
        let found = program.dependencies(id);
        found.iter().map(|(node, _)| node.id.clone()).collect::<Vec<_>>()
    };
    assert!(waits("detect-first").contains(&"effect-1".into()));
    assert!(waits("detect-more").contains(&"effect-2".into()));
    assert_eq!(waits("faulted"), ["effect-1", "effect-2", "down"].map(String::from));
}
