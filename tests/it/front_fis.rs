//! FIS of the front through aws-sdk-fis: the client that drills use, with effects read back from the upstream.

use aws_sdk_fis::types::{
    ActionsMode, CreateExperimentTemplateActionInput, CreateExperimentTemplateStopConditionInput,
    CreateExperimentTemplateTargetInput, Experiment, ExperimentStatus, SafetyLeverStatusInput,
    StartExperimentExperimentOptionsInput, UpdateSafetyLeverStateInput,
};
use backburn::lab::Lab;
use backburn::lab::front::{Front, Options, full, serve};
use tokio::net::TcpListener;

use crate::support;

struct Drill {
    fis: aws_sdk_fis::Client,
    /// Past the front.
    ec2: aws_sdk_ec2::Client,
    account: String,
    instance: String,
    _front: Front,
}

async fn drill() -> Drill {
    let shared = support::lab();
    let options = Options {
        clock: "60x".parse().expect("a factor"),
        ..Options::new(shared.lab.endpoint.clone())
    };
    let front = full(options).start().await.expect("started");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(serve(front.clone(), listener));
    let seed = shared.seeded().await;
    let before = Lab { endpoint, ..shared.lab.clone() };
    Drill {
        fis: aws_sdk_fis::Client::new(&before.sdk_config(&seed.account)),
        ec2: aws_sdk_ec2::Client::new(&shared.lab.sdk_config(&seed.account)),
        account: seed.account,
        instance: seed.instance,
        _front: front,
    }
}

impl Drill {
    async fn template(&self, after: Option<&str>) -> String {
        let arn = format!("arn:aws:ec2:us-east-1:{}:instance/{}", self.account, self.instance);
        let target = CreateExperimentTemplateTargetInput::builder()
            .resource_type("aws:ec2:instance")
            .resource_arns(arn)
            .selection_mode("ALL");
        let mut action = CreateExperimentTemplateActionInput::builder()
            .action_id("aws:ec2:stop-instances")
            .targets("Instances", "one");
        if let Some(after) = after {
            action = action.parameters("startInstancesAfterDuration", after);
        }
        let none = CreateExperimentTemplateStopConditionInput::builder().source("none");
        let made = self
            .fis
            .create_experiment_template()
            .description("stop one instance")
            .role_arn(format!("arn:aws:iam::{}:role/fis-drill", self.account))
            .stop_conditions(none.build().expect("complete"))
            .targets("one", target.build().expect("complete"))
            .actions("stop", action.build().expect("complete"))
            .send()
            .await
            .expect("made");
        made.experiment_template().and_then(|template| template.id()).expect("an id").to_owned()
    }

    async fn start(&self, template: &str) -> String {
        let started = self.fis.start_experiment().experiment_template_id(template).send().await;
        let started = started.expect("started");
        started.experiment().and_then(|experiment| experiment.id()).expect("an id").to_owned()
    }

    async fn get(&self, id: &str) -> Experiment {
        let got = self.fis.get_experiment().id(id).send().await.expect("there");
        got.experiment().expect("an experiment").clone()
    }

    async fn wait(&self, id: &str, wanted: &ExperimentStatus) -> Experiment {
        let look = async || {
            let experiment = self.get(id).await;
            let is = experiment.state().and_then(|state| state.status()) == Some(wanted);
            is.then_some(experiment)
        };
        support::until(wanted.as_str(), look).await
    }

    async fn state(&self) -> String {
        let found = self.ec2.describe_instances().instance_ids(&self.instance).send().await;
        let found = found.expect("described");
        let instance = &found.reservations()[0].instances()[0];
        instance.state().and_then(|state| state.name()).expect("a state").as_str().to_owned()
    }

    async fn wait_state(&self, wanted: &str) {
        support::until(wanted, async || (self.state().await == wanted).then_some(())).await;
    }
}

#[tokio::test]
async fn an_instance_stops_and_starts_again() {
    let drill = drill().await;
    let id = drill.start(&drill.template(Some("PT2M")).await).await;
    drill.wait_state("stopped").await;
    let done = drill.wait(&id, &ExperimentStatus::Completed).await;
    assert!(done.end_time().is_some());
    assert_eq!(drill.state().await, "running");
    let resolved = drill.fis.list_experiment_resolved_targets().experiment_id(&id).send().await;
    assert_eq!(resolved.expect("listed").resolved_targets().len(), 1);
}

#[tokio::test]
async fn a_stopped_experiment_gives_back_what_it_took() {
    let drill = drill().await;
    let id = drill.start(&drill.template(Some("PT2H")).await).await;
    drill.wait_state("stopped").await;
    drill.fis.stop_experiment().id(&id).send().await.expect("stopping");
    drill.wait(&id, &ExperimentStatus::Stopped).await;
    assert_eq!(drill.state().await, "running");
    let again = drill.fis.stop_experiment().id(&id).send().await.expect_err("over");
    assert!(again.into_service_error().is_validation_exception());
}

#[tokio::test]
async fn a_preview_resolves_and_touches_nothing() {
    let drill = drill().await;
    let template = drill.template(None).await;
    let mode = StartExperimentExperimentOptionsInput::builder().actions_mode(ActionsMode::SkipAll);
    let start = drill.fis.start_experiment().experiment_template_id(template);
    let started = start.experiment_options(mode.build()).send().await.expect("started");
    let id = started.experiment().and_then(|experiment| experiment.id()).expect("an id");
    drill.wait(id, &ExperimentStatus::Completed).await;
    assert_eq!(drill.state().await, "running");
}

#[tokio::test]
async fn an_engaged_lever_cancels_new_experiments() {
    let drill = drill().await;
    let template = drill.template(None).await;
    let state = UpdateSafetyLeverStateInput::builder()
        .status(SafetyLeverStatusInput::Engaged)
        .reason("a real incident");
    let state = state.build().expect("complete");
    drill.fis.update_safety_lever_state().id("default").state(state).send().await.expect("engaged");
    let id = drill.start(&template).await;
    drill.wait(&id, &ExperimentStatus::Cancelled).await;
    assert_eq!(drill.state().await, "running");
}

#[tokio::test]
async fn errors_are_typed() {
    let drill = drill().await;
    let missing = drill.fis.get_experiment().id("EXP0").send().await.expect_err("missing");
    assert!(missing.into_service_error().is_resource_not_found_exception());
    let bad = drill.fis.create_experiment_template().description("x").role_arn("x").send().await;
    assert!(bad.expect_err("refused").into_service_error().is_validation_exception());
}
