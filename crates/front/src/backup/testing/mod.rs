//! Restore testing: plans, selections, inferred metadata, and a run of a plan.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html>. Schedules are stored and never run.
//! AWS has no call that runs a plan now; the lab has one of its own: `POST /restore-testing/plans/NAME/runs`, signed as
//! any other call of the service, answered with `{"RestoreJobIds": [..], "Skipped": [..]}`.

mod choose;
mod inferred;
mod plans;
mod run;
mod selections;

pub(super) use inferred::get as inferred;
pub(super) use plans::{create, delete, get, list, update};
pub(super) use run::run;
pub(super) use selections::{
    create as create_selection, delete as delete_selection, get as get_selection,
    list as list_selections, update as update_selection,
};

use super::desk::Desk;
use super::error::not_found;
use super::input::required;
use super::model::{TestingPlan, kind};
use crate::{AwsError, Call};

fn find(desk: &Desk, call: &Call) -> Result<TestingPlan, AwsError> {
    let name = required(call, "RestoreTestingPlanName")?;
    desk.get(kind::TESTING_PLAN, name).ok_or_else(|| not_found("Restore testing plan", name))
}
