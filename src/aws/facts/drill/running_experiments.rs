//! FIS experiments of the account and Region that are not over.
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_ListExperiments.html>

use aws_sdk_fis::types::ExperimentStatus;
use serde::Serialize;

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Class, Fact, Permission, on},
};

#[derive(Clone, Debug, Serialize)]
pub struct RunningExperiments;

impl Fact<Aws> for RunningExperiments {
    const KIND: &'static str = "fis.running-experiments";
    const READS: &'static [Permission] = &[on("fis:ListExperiments", "*")];
    /// Their ids, sorted.
    type Value = Vec<String>;

    fn target(&self) -> String {
        "all".into()
    }

    async fn read(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let mut pages = aws.fis().list_experiments().into_paginator().items().send();
        let mut running = Vec::new();
        while let Some(found) = pages.next().await {
            let found = match found.map_err(|e| call_error("fis:ListExperiments", e)) {
                Ok(found) => found,
                Err(e) if e.class == Class::Missing => break,
                Err(e) => return Err(e),
            };
            let status = found.state.and_then(|state| state.status);
            if status.is_some_and(|status| !is_over(&status)) {
                running.extend(found.id);
            }
        }
        running.sort();
        Ok(running)
    }
}

fn is_over(status: &ExperimentStatus) -> bool {
    use ExperimentStatus::{Cancelled, Completed, Failed, Stopped};
    matches!(status, Cancelled | Completed | Failed | Stopped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn only_those_that_are_not_over_are_told() {
        let body = r#"{"experiments":[
            {"id":"EXP2","state":{"status":"running"}},
            {"id":"EXP1","state":{"status":"stopping"}},
            {"id":"EXP3","state":{"status":"completed"}}]}"#;
        let replay = Replay::default().answer("GET /experiments", 200, body);
        let running = RunningExperiments.read(&aws(&replay)).await;
        assert_eq!(running, Ok(vec!["EXP1".into(), "EXP2".into()]));
    }
}
