//! A run of a restore testing plan: a restore job for each resource that its selections choose.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::choose::choose;
use super::{find, selections};
use crate::backup::desk::Desk;
use crate::backup::input::texts;
use crate::backup::model::{Point, TestingPlan, Texts, kind};
use crate::backup::resource::Resource;
use crate::backup::restores::{Order, order};
use crate::backup::tags;
use crate::{AwsError, Call};

pub(in crate::backup) fn run(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let plan = find(desk, call)?;
    let (mut jobs, mut skipped) = (Vec::new(), Vec::new());
    for selection in selections::of_plan(desk, &plan.name) {
        let document = &selection.document;
        let chosen = choose(
            &plan.document["RecoveryPointSelection"],
            document,
            desk.list::<Point>(kind::POINT),
            &|point| point.vault_arn(desk.at()),
            &|point| tags::of(desk, &point.arn),
            Timestamp::now(),
        );
        if chosen.is_empty() {
            skipped.push(format!("selection {}: no recovery point in the window", selection.name));
        }
        for point in chosen {
            let order_ = Order {
                role: document["IamRoleArn"].as_str().map(str::to_owned),
                metadata: metadata(desk, &point, document)?,
                copies_tags: false,
                test: Some((
                    plan.arn(desk.at()),
                    document["ValidationWindowHours"].as_i64().unwrap_or(0),
                )),
            };
            match order(desk, &point, order_) {
                Ok(id) => jobs.push(id),
                Err(error) => {
                    skipped.push(format!("recovery point {}: {}", point.arn, error.message));
                }
            }
        }
    }
    desk.update(kind::TESTING_PLAN, &plan.name, |plan: &mut TestingPlan| {
        plan.ran = Some(Timestamp::now());
    });
    Ok(json!({ "RestoreJobIds": jobs, "Skipped": skipped }))
}

/// Inferred metadata with the selection's overrides, whose keys are not case-sensitive.
fn metadata(desk: &Desk, point: &Point, selection: &Value) -> Result<Texts, AwsError> {
    let mut all = Resource::of(&point.resource_type)
        .map(|kind| kind.inferred(desk.at(), point))
        .unwrap_or_default();
    for (key, value) in
        texts(selection.get("RestoreMetadataOverrides"), "RestoreMetadataOverrides")?
    {
        all.retain(|known, _| !known.eq_ignore_ascii_case(&key));
        all.insert(key, value);
    }
    Ok(all)
}
