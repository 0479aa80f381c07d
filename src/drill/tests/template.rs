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
