//! AWS Fault Injection Service: templates, and experiments whose actions act upon the upstream account.
//!
//! ```text
//! ops (a call: check, keep, answer) --start--> run (one task an experiment) --> targets (resolve, freeze)
//!                                                        \--> effects (begin, go on, undo) --> upstream
//! ```
//! From the API reference (<https://docs.aws.amazon.com/fis/latest/APIReference/>) and the user guide
//! (<https://docs.aws.amazon.com/fis/latest/userguide/>). State is in the store at every step: a front that was
//! killed continues where it was, or reports what it could not continue.

mod catalogue;
mod effects;
mod model;
mod ops;
mod routes;
mod run;
mod targets;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use self::model::Halt;
use super::{Answer, AwsError, Call, Front, Route, StandIn};

/// Halts of the experiments that run, by experiment id.
type Live = HashMap<String, watch::Sender<Option<Halt>>>;

/// The stand-in for FIS.
#[derive(Clone, Default)]
pub(crate) struct Fis {
    live: Arc<Mutex<Live>>,
    starting: Arc<tokio::sync::Mutex<()>>,
}

impl StandIn for Fis {
    fn service(&self) -> &'static str {
        "fis"
    }

    fn operations(&self) -> &'static [&'static str] {
        routes::OPERATIONS
    }

    fn routes(&self) -> &'static [Route] {
        routes::ROUTES
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        &[
            "FIS: experiments act upon the upstream account; only the actions of ListActions exist, the others are refused",
            "FIS acts with the key that started the experiment; the experiment's role is named in CloudTrail but never assumed",
            "FIS: no packet flows, so disrupt-connectivity changes network ACLs and nothing else",
            "FIS: aws:ebs:pause-volume-io is recorded only",
            "FIS writes no experiment logs and makes no experiment reports",
            "FIS: an alarm that is in ALARM when the experiment starts stops it before its first action",
        ]
    }

    async fn answer(&self, call: &Call, front: &Front) -> Option<Answer> {
        let result = self.result(call, front).await;
        let only_reads = call.operation.starts_with("Get") || call.operation.starts_with("List");
        if result.is_ok() && !only_reads {
            // What was acknowledged must outlive a kill.
            front.store().save().await;
        }
        Some(result.into())
    }

    async fn begin(&self, front: &Front) -> Vec<String> {
        self.resume(front)
    }
}

impl Fis {
    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn result(&self, call: &Call, front: &Front) -> Result<serde_json::Value, AwsError> {
        use self::ops::{accounts, actions, experiments, lever, start, tags, templates};
        match call.operation.as_str() {
            "CreateExperimentTemplate" => templates::create(call, front),
            "GetExperimentTemplate" => templates::get(call, front),
            "ListExperimentTemplates" => templates::list(call, front),
            "UpdateExperimentTemplate" => templates::update(call, front),
            "DeleteExperimentTemplate" => templates::delete(call, front),
            "CreateTargetAccountConfiguration" => accounts::create(call, front),
            "GetTargetAccountConfiguration" => accounts::get(call, front),
            "ListTargetAccountConfigurations" => accounts::list(call, front),
            "UpdateTargetAccountConfiguration" => accounts::update(call, front),
            "DeleteTargetAccountConfiguration" => accounts::delete(call, front),
            "GetExperimentTargetAccountConfiguration" => accounts::get_of_experiment(call, front),
            "ListExperimentTargetAccountConfigurations" => {
                accounts::list_of_experiment(call, front)
            }
            "StartExperiment" => start(call, front, self).await,
            "StopExperiment" => experiments::stop(call, front, self),
            "GetExperiment" => experiments::get(call, front),
            "ListExperiments" => experiments::list(call, front),
            "ListExperimentResolvedTargets" => experiments::resolved(call, front),
            "GetAction" => actions::get(call),
            "ListActions" => actions::list(call),
            "GetTargetResourceType" => actions::get_resource_type(call),
            "ListTargetResourceTypes" => actions::list_resource_types(call),
            "GetSafetyLever" => lever::get(call, front),
            "UpdateSafetyLeverState" => lever::update(call, front, self),
            "TagResource" => tags::tag(call, front),
            "UntagResource" => tags::untag(call, front),
            "ListTagsForResource" => tags::list(call, front),
            other => Err(AwsError::new(404, "UnknownOperationException", other)),
        }
    }
}
