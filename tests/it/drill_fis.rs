//! The FIS actions against the lab: an experiment is started, seen, cut off, resumed and stopped.

use backburn::{
    aws::fis::{RunningExperiments, SafetyLever, engage_safety_lever, stop_experiment},
    engine::{Fact, plan::PlanState},
    journal::Record,
    lab::{self, LabOptions, Silent, seed::Seed},
};
use serde_json::{Value, json};

use crate::{
    rig::{Act, Rig, act},
    support,
};

fn instance_arn(seed: &Seed) -> String {
    format!("arn:aws:ec2:{}:{}:instance/{}", seed.region, seed.account, seed.instance)
}

/// Stops the seed's instance for two minutes.
fn fault(seed: &Seed, more: &Value) -> Act {
    let mut inputs = json!({
        "role": format!("arn:aws:iam::{}:role/fis-drill", seed.account),
        "actions": { "stop": {
            "action-id": "aws:ec2:stop-instances",
            "parameters": { "startInstancesAfterDuration": "PT2M" },
            "targets": { "Instances": "one" },
        } },
        "targets": { "one": {
            "resource-type": "aws:ec2:instance",
            "resource-arns": [instance_arn(seed)],
        } },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        inputs[key] = value.clone();
    }
    act("fault", "fis.run-experiment", inputs)
}

fn end() -> Act {
    act(
        "end",
        "fis.await-experiment",
        json!({ "experiment": "${{ steps.fault.experiment }}", "at-most": "10m" }),
    )
}

async fn experiments(rig: &Rig) -> Vec<aws_sdk_fis::types::ExperimentSummary> {
    let listed = rig.aws.fis().list_experiments().send().await.expect("listed");
    listed.experiments.unwrap_or_default()
}

async fn state(rig: &Rig, instance: &str) -> String {
    let found = rig.aws.ec2().describe_instances().instance_ids(instance).send().await;
    let found = found.expect("described").reservations()[0].instances()[0].clone();
    found.state.and_then(|state| state.name).expect("a state").as_str().to_owned()
}

#[tokio::test]
async fn a_release_in_mid_run_stops_the_experiment_and_leaves_nothing() {
    let seed = support::lab().seeded().await;
    let rig = Rig::new(&seed.account, vec![fault(&seed, &json!({})), end()]).await;
    let plan = rig.plan().await;
    let kinds: Vec<_> = plan[0].changes.iter().map(|change| change.place.kind.as_str()).collect();
    assert_eq!(kinds, ["fis.experiment-template", "fis.experiment"], "{plan:#?}");
    assert!(
        rig.aws
            .fis()
            .list_experiment_templates()
            .send()
            .await
            .expect("listed")
            .experiment_templates()
            .is_empty()
    );

    rig.crash(|record| {
        matches!(record, Record::OperationStarted { place, .. } if place.kind == "fis.await-experiment")
    })
    .await;
    assert_eq!(state(&rig, &seed.instance).await, "stopped");
    let running = RunningExperiments::of(&rig.aws).read(&rig.aws).await.expect("a list");
    assert_eq!(running.len(), 1, "{running:?}");
    assert_eq!(running[0].run.as_deref(), Some(&*rig.id()));

    rig.released().await;
    assert_eq!(state(&rig, &seed.instance).await, "running");
    let status = experiments(&rig).await[0].state.clone().and_then(|state| state.status);
    assert_eq!(status, Some(aws_sdk_fis::types::ExperimentStatus::Stopped));
    let templates = rig.aws.fis().list_experiment_templates().send().await.expect("listed");
    assert!(templates.experiment_templates().is_empty());
    // An experiment that is over cannot be stopped, and need not be.
    assert_eq!(stop_experiment(&rig.aws, &running[0].experiment).await, Ok(false));
}

#[tokio::test]
async fn a_start_that_was_cut_off_is_not_made_twice() {
    for outcome in [false, true] {
        let seed = support::lab().seeded().await;
        let rig = Rig::new(&seed.account, vec![fault(&seed, &json!({}))]).await;
        rig.crash(move |record| match record {
            Record::Intent { place, .. } => !outcome && place.kind == "fis.experiment",
            Record::Outcome { place, .. } => outcome && place.kind == "fis.experiment",
            _ => false,
        })
        .await;
        let outputs = rig.done().await;
        let all = experiments(&rig).await;
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!(outputs["fault"]["experiment"].as_str(), all[0].id());
        let effective = outputs["fault"]["effective"].as_str().expect("a time");
        effective.parse::<jiff::Timestamp>().expect("RFC 3339");
        rig.released().await;
    }
}

#[tokio::test]
async fn an_experiment_runs_to_its_end_and_needs_no_stop() {
    let options = LabOptions { clock: "60x".parse().expect("a factor"), ..support::fronted() };
    let lab = lab::up(&options, &Silent).await.expect("a lab");
    let account = "100000000777";
    let seed = lab::seed::seed(&lab.sdk_config(account), &Silent).await.expect("seeded");
    let rig = Rig::at(&lab, account, vec![fault(&seed, &json!({})), end()]).await;
    let outputs = rig.done().await;
    assert_eq!(outputs["end"]["status"], json!("completed"), "{outputs:#}");
    assert_eq!(outputs["end"]["actions"]["stop"]["status"], json!("completed"));
    assert!(outputs["end"]["ended"].as_str() > outputs["fault"]["effective"].as_str());
    rig.released().await;
}

#[tokio::test]
async fn what_lacks_the_required_tag_is_refused_before_anything_is_made() {
    let seed = support::lab().seeded().await;
    let refused = async |more: Value| {
        let rig = Rig::new(&seed.account, vec![fault(&seed, &more)]).await;
        let plan = rig.plan().await.swap_remove(0);
        match plan.state {
            PlanState::Refused(why) => Some(why),
            _ => None,
        }
    };
    let why = refused(json!({ "required-tag": "drill=true" })).await.expect("a refusal");
    assert!(why.contains("is not tagged `drill=true`"), "{why}");
    assert_eq!(refused(json!({ "required-tag": "service=web" })).await, None);
    let by_tag = |tags: Value| {
        json!({
            "required-tag": "drill=true",
            "targets": { "one": { "resource-type": "aws:ec2:instance", "resource-tags": tags } },
        })
    };
    let why = refused(by_tag(json!({ "service": "web" }))).await.expect("a refusal");
    assert!(why.contains("add the tag to its `resource-tags`"), "{why}");
    assert_eq!(refused(by_tag(json!({ "service": "web", "drill": "true" }))).await, None);
}

/// What FIS selects by a tag is listed before anything is hit: one that is protected keeps the rest from it, too.
#[tokio::test]
async fn what_fis_would_select_is_looked_at_first() {
    let seed = support::lab().seeded().await;
    let selected = json!({
        "targets": { "one": {
            "resource-type": "aws:ec2:instance", "resource-tags": { "game": "day" },
            "selection-mode": "COUNT(1)",
        } },
    });
    let rig = Rig::new(&seed.account, vec![fault(&seed, &selected)]).await;
    let two = [seed.instance.clone(), seed.neighbours[0].clone()];
    let tag =
        |key: &str, value: &str| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build();
    let tags = rig.aws.ec2().create_tags().set_resources(Some(two.to_vec()));
    tags.tags(tag("game", "day")).send().await.expect("tagged");
    let protected = rig.aws.ec2().create_tags().resources(&two[1]);
    protected.tags(tag("backburn:protected", "true")).send().await.expect("tagged");
    let plan = rig.plan().await;
    assert!(plan[0].notes.iter().any(|note| note.contains("first lists all")), "{plan:#?}");
    let error = rig.fails().await;
    assert!(error.contains(&two[1]) && error.contains("protected"), "{error}");
    let only = experiments(&rig).await;
    assert_eq!(only.len(), 1, "the preview: {only:#?}");
    for instance in &two {
        assert_eq!(state(&rig, instance).await, "running");
    }
    rig.release().await;

    let tags = rig.aws.ec2().delete_tags().resources(&two[1]);
    tags.tags(tag("backburn:protected", "true")).send().await.expect("untagged");
    let again = rig.beside(vec![fault(&seed, &selected)]).await;
    let outputs = again.done().await;
    let mut hits = two.clone().map(|id| instance_arn(&Seed { instance: id, ..seed.clone() }));
    hits.sort();
    assert_eq!(outputs["fault"]["hits"]["one"], json!(hits));
    let states = [state(&again, &two[0]).await, state(&again, &two[1]).await];
    assert_eq!(states.iter().filter(|state| *state == "stopped").count(), 1, "{states:?}");
    again.released().await;
}

#[tokio::test]
async fn an_experiment_that_cannot_begin_fails_with_the_reason_of_fis() {
    let seed = support::lab().seeded().await;
    let nobody = json!({
        "targets": { "one": { "resource-type": "aws:ec2:instance", "resource-tags": { "no": "such" } } },
    });
    let rig = Rig::new(&seed.account, vec![fault(&seed, &nobody)]).await;
    let error = rig.fails().await;
    assert!(error.contains("empty") || error.contains("Empty"), "{error}");
    rig.released().await;

    engage_safety_lever(&rig.aws, "a real incident").await.expect("engaged");
    let lever =
        SafetyLever::of(&rig.aws).read(&rig.aws).await.expect("a lever").expect("an answer");
    assert!(!lever.is_free(), "{lever:?}");
    let rig = Rig::new(&seed.account, vec![fault(&seed, &json!({}))]).await;
    let error = rig.fails().await;
    assert!(error.contains("cancelled") && error.contains("safety lever"), "{error}");
    rig.released().await;
}
