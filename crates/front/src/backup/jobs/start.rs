//! `StartBackupJob`. An invalid request is refused at once; a problem with the resource fails the job.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::backup::desk::Desk;
use crate::backup::error::invalid;
use crate::backup::input::{lifecycle, required, role, texts};
use crate::backup::model::{BackupJob, BackupState, kind};
use crate::backup::{resource, settings, tags, token, vaults, work};
use crate::wire::time;
use crate::{AwsError, Call, ids};

/// Eight hours, in minutes.
const START_WINDOW: i64 = 480;

pub(in crate::backup) fn start(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let vault = vaults::find(desk, required(call, "BackupVaultName")?)?;
    let arn = required(call, "ResourceArn")?;
    let role = role(required(call, "IamRoleArn")?)?;
    let name = resource::of_arn(arn, desk.at())?.name();
    if !settings::is_opted_in(desk, name) {
        return Err(invalid(format!(
            "Resource type {name} is not opted in, see UpdateRegionSettings"
        )));
    }
    let window = call.number("StartWindowMinutes").unwrap_or(START_WINDOW);
    if window < 60 {
        return Err(invalid("Start window must be at least 60 minutes"));
    }
    if call.number("CompleteWindowMinutes").is_some_and(|minutes| minutes < window + 60) {
        return Err(invalid(
            "Completion window must be at least 60 minutes greater than start window",
        ));
    }
    let own = texts(call.params.get("RecoveryPointTags"), "RecoveryPointTags")?;
    tags::check(&own)?;
    let lifecycle = lifecycle(call.params.get("Lifecycle"))?;
    let options = texts(call.params.get("BackupOptions"), "BackupOptions")?;
    let id = ids::uuid().to_uppercase();
    let id = match token::claim(desk, call, &id)? {
        token::Claim::Known(known) => known,
        token::Claim::New => {
            let job = BackupJob {
                id: id.clone(),
                vault: vault.name,
                resource: arn.to_owned(),
                resource_type: name.to_owned(),
                resource_name: None,
                role: role.to_owned(),
                state: BackupState::Created,
                message: None,
                percent: 0.0,
                size: 0,
                created: Timestamp::now(),
                taken: None,
                completed: None,
                start_window: window,
                lifecycle,
                tags: own,
                options,
                point: None,
            };
            desk.put(kind::JOB, &id, &job);
            work::backup::begin(desk.clone(), id.clone());
            id
        }
    };
    let job: Option<BackupJob> = desk.get(kind::JOB, &id);
    let created = job.map_or_else(Timestamp::now, |job| job.created);
    Ok(json!({ "BackupJobId": id, "CreationDate": time(created), "IsParent": false }))
}
