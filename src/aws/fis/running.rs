//! The experiments of the account and Region that are not over, with the run that started each.
//!
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_ListExperiments.html>

use aws_sdk_fis::types;

use super::{is_over, permissions::*};
use crate::aws::{kit::*, owned::RUN_TAG};

fact! {
    #[derive(PartialEq, Eq)]
    pub struct RunningExperiments {
        region: String,
    }
    // Sorted by id.
    "fis.running-experiments" = Vec<ActiveExperiment>, target "{region}";
    reads [LIST_EXPERIMENTS];
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActiveExperiment {
    pub experiment: String,
    pub template: String,
    /// `pending`, `initiating`, `running` or `stopping`.
    pub status: String,
    /// The run of this program that started it; none for somebody else's.
    pub run: Option<String>,
}

impl RunningExperiments {
    pub fn of(aws: &Aws) -> Self {
        Self { region: aws.scope().region.clone() }
    }
}

/// All experiments; none where the endpoint has no FIS.
pub(crate) async fn experiments(aws: &Aws) -> Result<Vec<types::ExperimentSummary>, CallError> {
    let page = |token| aws.fis().list_experiments().set_next_token(token).send();
    match Pages::new(LIST_EXPERIMENTS, page).all().await {
        Err(e) if e.class == Class::Missing => Ok(Vec::new()),
        pages => Ok(pages?.into_iter().flat_map(|p| p.experiments.unwrap_or_default()).collect()),
    }
}

impl Fact<Aws> for RunningExperiments {
    async fn read(&self, aws: &Aws) -> Result<Vec<ActiveExperiment>, CallError> {
        let active = |found: types::ExperimentSummary| {
            let status = found.state.and_then(|state| state.status);
            ActiveExperiment {
                experiment: found.id.unwrap_or_default(),
                template: found.experiment_template_id.unwrap_or_default(),
                status: status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
                run: found.tags.and_then(|mut tags| tags.remove(RUN_TAG)),
            }
        };
        let all = experiments(aws).await?.into_iter().map(active);
        let mut found: Vec<_> = all.filter(|one| !is_over(&one.status)).collect();
        found.sort();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn only_those_that_go_on_from_all_pages() {
        let page = |id: &str, status: &str, next: &str| {
            format!(
                r#"{{"experiments":[{{"id":"{id}","experimentTemplateId":"EXT1","state":{{"status":"{status}"}},
                "tags":{{"backburn:run":"01RUN"}}}}]{next}}}"#
            )
        };
        let replay = Replay::default()
            .answer("GET /experiments", 200, &page("EXP2", "running", r#","nextToken":"more""#))
            .answer("GET /experiments", 200, &page("EXP1", "completed", ""));
        let aws = aws(&replay);
        let found = RunningExperiments::of(&aws).read(&aws).await.expect("a list");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].experiment.as_str(), found[0].run.as_deref()),
            ("EXP2", Some("01RUN"))
        );
    }
}
