//! What an experiment would hit: an experiment of the same targets whose actions FIS skips, and the list of what
//! its targets resolved to. It has no effect.
//!
//! <https://docs.aws.amazon.com/fis/latest/userguide/generate-target-preview.html>,
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_ListExperimentResolvedTargets.html>

use std::collections::BTreeMap;

use aws_sdk_fis::types;

use super::{Mark, experiments, get, permissions::*, stop_experiment};
use crate::aws::{kit::*, new_role::with_new_role};

fact! {
    /// What an experiment hits, once FIS has resolved its targets.
    #[derive(PartialEq, Eq)]
    pub struct ResolvedTargets { pub experiment: String }
    "fis.resolved-targets" = Resolved, target "{experiment}";
    reads [LIST_EXPERIMENT_RESOLVED_TARGETS];
}

impl Fact<Aws> for ResolvedTargets {
    async fn read(&self, aws: &Aws) -> Result<Resolved, CallError> {
        let call = aws.fis().list_experiment_resolved_targets().experiment_id(&self.experiment);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_EXPERIMENT_RESOLVED_TARGETS, page).all().await?;
        let all = pages.into_iter().flat_map(|page| page.resolved_targets.unwrap_or_default());
        Ok(Resolved::of(all))
    }
}

operation! {
    #[derive(PartialEq, Eq)]
    pub struct Preview {
        pub mark: Mark,
        /// Id of a template.
        pub template: String,
    }
    "fis.preview" = Resolved, target "{}" of |it| it.mark.target();
    uses [
        START_EXPERIMENT, START_EXPERIMENT.at(EXPERIMENT_TEMPLATES), TAG_RESOURCE, LIST_EXPERIMENTS,
        GET_EXPERIMENT, LIST_EXPERIMENT_RESOLVED_TARGETS, CREATE_SERVICE_LINKED_ROLE,
    ];
    discards [STOP_EXPERIMENT];
    leaves "nothing", planned Resolved::default();
    makes;
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resolved {
    /// By the name of the target: the ARNs that it may select.
    pub targets: BTreeMap<String, Vec<String>>,
    /// By the name of the target: what FIS said of resources that it named without an ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unnamed: BTreeMap<String, Vec<String>>,
}

impl Resolved {
    fn of(all: impl Iterator<Item = types::ResolvedTarget>) -> Self {
        let mut resolved = Self::default();
        for one in all {
            let name = one.target_name.unwrap_or_default();
            let information = one.target_information.unwrap_or_default();
            // AWS documents no keys of the map.
            let arn = information.values().find(|value| {
                let parts: Vec<_> = value.splitn(6, ':').collect();
                matches!(parts[..], ["arn", _, service, ..] if !service.is_empty())
            });
            match arn {
                Some(arn) => resolved.targets.entry(name).or_default().push(arn.clone()),
                None => {
                    let sorted: BTreeMap<_, _> = information.into_iter().collect();
                    resolved
                        .unnamed
                        .entry(name)
                        .or_default()
                        .push(serde_json::json!(sorted).to_string());
                }
            }
        }
        resolved.targets.values_mut().for_each(|arns| arns.sort());
        resolved
    }
}

impl Operation<Aws> for Preview {
    async fn find(&self, aws: &Aws, _: &Token) -> Result<Option<String>, CallError> {
        let all = experiments(aws).await?;
        let ours = all.into_iter().find(|one| self.mark.is_on(one.tags.as_ref()));
        Ok(ours.and_then(|one| one.id))
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let skipping = types::StartExperimentExperimentOptionsInput::builder()
            .actions_mode(types::ActionsMode::SkipAll)
            .build();
        let call = || async {
            let call = aws
                .fis()
                .start_experiment()
                .client_token(&token.id)
                .experiment_template_id(&self.template)
                .experiment_options(skipping.clone())
                .set_tags(Some(self.mark.all()));
            call.send().await.by(START_EXPERIMENT)
        };
        let started = with_new_role(call).await?.experiment;
        let options = started.as_ref().and_then(|started| started.experiment_options());
        let skips = options.and_then(|options| options.actions_mode());
        let id = started.as_ref().and_then(|started| started.id.clone()).unwrap_or_default();
        if skips != Some(&types::ActionsMode::SkipAll) {
            // What does not know the option would hit all that was only to be listed.
            stop_experiment(aws, &id).await.done_if_gone()?;
            return Err(START_EXPERIMENT.invalid(format!(
                "the endpoint does not confirm that experiment `{id}`, a preview, skips its actions; it was stopped"
            )));
        }
        Ok(id)
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<Resolved>, CallError> {
        let now = get(aws, job).await?;
        if !now.is_over() {
            let note = format!("preview `{job}` is {}", now.status);
            return Ok(Progress::Running { percent: None, note });
        }
        if now.status != "completed" {
            let why = format!("preview `{job}` is {}: {}", now.status, now.reason);
            return Ok(Progress::Failed(why));
        }
        let resolved = ResolvedTargets { experiment: job.into() }.read(aws).await?;
        Ok(Progress::Done(resolved))
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        stop_experiment(aws, job).await.done_if_gone().map(|()| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn preview() -> Preview {
        let mark = Mark { run: "RUN".into(), step: "s preview".into(), tags: BTreeMap::new() };
        Preview { mark, template: "EXT1".into() }
    }

    #[tokio::test]
    async fn its_actions_are_skipped() {
        let started = r#"{"experiment":{"id":"EXP1","state":{"status":"pending"},"experimentOptions":{"actionsMode":"skip-all"}}}"#;
        let replay = Replay::default().answer("POST /experiments", 200, started);
        let token = Token { run: "RUN".into(), step: "s".into(), id: "0123".into() };
        let job = preview().start(&aws(&replay), &token).await;
        assert_eq!(job.as_deref(), Ok("EXP1"));
        let body: serde_json::Value = serde_json::from_str(&replay.seen()[0].body).expect("JSON");
        assert_eq!(body["experimentOptions"]["actionsMode"], "skip-all");
        assert_eq!(body["tags"]["backburn:step"], "s preview");
    }

    #[tokio::test]
    async fn one_that_would_not_skip_them_is_stopped() {
        for options in ["{}", r#"{"actionsMode":"run-all"}"#] {
            let started = format!(
                r#"{{"experiment":{{"id":"EXP1","state":{{"status":"pending"}},"experimentOptions":{options}}}}}"#
            );
            let replay = Replay::default().answer("POST /experiments", 200, &started).answer(
                "DELETE /experiments/EXP1",
                200,
                "{}",
            );
            let token = Token { run: "RUN".into(), step: "s".into(), id: "0123".into() };
            let error = preview().start(&aws(&replay), &token).await.expect_err("a refusal");
            assert!(error.message.contains("does not confirm"), "{error}");
            assert_eq!(replay.actions(), ["POST /experiments", "DELETE /experiments/EXP1"]);
        }
    }

    /// Pages to the end; what has no ARN is not lost.
    #[tokio::test]
    async fn what_it_resolved_to_is_listed() {
        let over = r#"{"experiment":{"id":"EXP1","state":{"status":"completed","reason":"Experiment completed."}}}"#;
        let first = r#"{"resolvedTargets":[],"nextToken":"t"}"#;
        let second = r#"{"resolvedTargets":[
            {"resourceType":"aws:ec2:instance","targetName":"hosts","targetInformation":{"instanceArn":"arn:aws:ec2:us-east-1:123456789012:instance/i-2","accountId":"123456789012"}},
            {"resourceType":"aws:ec2:instance","targetName":"hosts","targetInformation":{"instanceArn":"arn:aws:ec2:us-east-1:123456789012:instance/i-1"}},
            {"resourceType":"aws:eks:pod","targetName":"pods","targetInformation":{"podName":"web-1"}}]}"#;
        let replay = Replay::default()
            .answer("GET /experiments/EXP1", 200, over)
            .answer("GET /experiments/EXP1/resolvedTargets", 200, first)
            .answer("GET /experiments/EXP1/resolvedTargets", 200, second);
        let poll = preview().poll(&aws(&replay), "EXP1").await.expect("an answer");
        let Progress::Done(resolved) = poll else { panic!("{poll:?}") };
        let host = |id: &str| format!("arn:aws:ec2:us-east-1:123456789012:instance/{id}");
        assert_eq!(resolved.targets["hosts"], [host("i-1"), host("i-2")]);
        assert_eq!(resolved.unnamed["pods"], [r#"{"podName":"web-1"}"#]);
    }

    #[tokio::test]
    async fn a_target_that_resolves_to_nothing_is_the_reason() {
        let failed = r#"{"experiment":{"id":"EXP1","state":{"status":"failed","reason":"Target resolution returned empty set"}}}"#;
        let replay = Replay::default().answer("GET /experiments/EXP1", 200, failed);
        let poll = preview().poll(&aws(&replay), "EXP1").await.expect("an answer");
        assert!(matches!(&poll, Progress::Failed(why) if why.contains("empty set")), "{poll:?}");
    }
}
