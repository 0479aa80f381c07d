//! Locks of EBS snapshots, which the upstream has not: made, shown, taken off, and a deletion that they refuse.
//!
//! <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshot-lock.html>

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, AwsError, Call, Front, Scope, StandIn};

const KIND: &str = "ec2.snapshot-lock";
/// Days of a lock, and hours of the time in which one of compliance can still be changed.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html>
const DAYS: std::ops::RangeInclusive<i64> = 1..=36_500;
const HOURS: std::ops::RangeInclusive<i64> = 1..=72;
const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) struct SnapshotLocks;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Governance,
    Compliance,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Lock {
    snapshot: String,
    mode: Mode,
    made: Timestamp,
    until: Timestamp,
    /// Days and hours, as they were asked for.
    days: Option<i64>,
    cool_off: Option<i64>,
}

impl Lock {
    fn cools_until(&self) -> Option<Timestamp> {
        self.cool_off.map(|hours| self.made + SignedDuration::from_hours(hours))
    }

    fn state(&self, now: Timestamp) -> &'static str {
        match (self.mode, self.cools_until()) {
            _ if self.until <= now => "expired",
            (Mode::Governance, _) => "governance",
            (Mode::Compliance, Some(end)) if now < end => "compliance-cooloff",
            (Mode::Compliance, _) => "compliance",
        }
    }

    fn view(&self, now: Timestamp) -> Value {
        let stamp = |moment: Timestamp| moment.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        json!({
            "snapshotId": self.snapshot,
            "lockState": self.state(now),
            "lockDuration": self.days.unwrap_or((self.until - self.made).as_hours() / 24),
            "coolOffPeriod": self.cool_off,
            "coolOffPeriodExpiresOn": self.cools_until().map(stamp),
            "lockCreatedOn": stamp(self.made),
            "lockDurationStartTime": stamp(self.made),
            "lockExpiresOn": stamp(self.until),
        })
    }
}

impl StandIn for SnapshotLocks {
    fn service(&self) -> &'static str {
        "ec2"
    }

    fn operations(&self) -> &'static [&'static str] {
        &["LockSnapshot", "UnlockSnapshot", "DescribeLockedSnapshots", "DeleteSnapshot"]
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        &[]
    }

    async fn answer(&self, call: &Call, front: &Front) -> Option<Answer> {
        let now = call.received;
        let answer = match call.operation.as_str() {
            "LockSnapshot" => lock(call, front, now).await,
            "UnlockSnapshot" => unlock(call, front, now),
            "DescribeLockedSnapshots" => Ok(describe(call, front, now)),
            _ => {
                let held = held(front, &call.scope, call.text("SnapshotId")?)?;
                match held.state(now) {
                    "expired" => return None,
                    state => Err(refused(&held.snapshot, &format!("is locked ({state})"))),
                }
            }
        };
        Some(answer.into())
    }
}

fn held(front: &Front, at: &Scope, snapshot: &str) -> Option<Lock> {
    front.store().get(at, KIND, snapshot)
}

/// AWS's pages name no code for it; this is the one for what is "not allowed".
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
fn refused(snapshot: &str, why: &str) -> AwsError {
    AwsError::new(400, "OperationNotPermitted", format!("The snapshot '{snapshot}' {why}."))
}

fn invalid(why: &str) -> AwsError {
    AwsError::new(400, "InvalidParameterValue", why)
}

fn missing(name: &str) -> AwsError {
    let text = format!("The request must contain the parameter {name}");
    AwsError::new(400, "MissingParameter", text)
}

async fn lock(call: &Call, front: &Front, now: Timestamp) -> Result<Value, AwsError> {
    let snapshot = call.text("SnapshotId").ok_or_else(|| missing("SnapshotId"))?;
    let asked = json!({ "SnapshotId": [snapshot] });
    front.as_caller(call).query("ec2", "DescribeSnapshots", asked).await?;
    let lock = wanted(call, snapshot, now)?;
    if let Some(old) = held(front, &call.scope, snapshot)
        && old.state(now) == "compliance"
        && (lock.mode == Mode::Governance || lock.until < old.until)
    {
        let why = "is locked in compliance mode, which can only be made longer";
        return Err(refused(snapshot, why));
    }
    front.store().put(&call.scope, KIND, snapshot, &lock);
    front.store().save().await;
    Ok(lock.view(now))
}

fn wanted(call: &Call, snapshot: &str, now: Timestamp) -> Result<Lock, AwsError> {
    let mode = match call.text("LockMode") {
        Some("governance") => Mode::Governance,
        Some("compliance") => Mode::Compliance,
        Some(_) => return Err(invalid("LockMode is governance or compliance")),
        None => return Err(missing("LockMode")),
    };
    let cool_off = call.number("CoolOffPeriod");
    if cool_off.is_some_and(|hours| mode == Mode::Governance || !HOURS.contains(&hours)) {
        return Err(invalid("CoolOffPeriod is 1 to 72 hours, in compliance mode only"));
    }
    let days = call.number("LockDuration");
    let until = match (days, call.text("ExpirationDate")) {
        (Some(days), None) if DAYS.contains(&days) => {
            now + SignedDuration::from_hours(days * DAY.as_hours())
        }
        (None, Some(date)) => {
            let until = date.parse::<Timestamp>().ok();
            let until = until.filter(|until| *until >= now + DAY);
            until.ok_or_else(|| invalid("ExpirationDate is at least a day from now"))?
        }
        (Some(_), None) => return Err(invalid("LockDuration is 1 to 36500 days")),
        _ => return Err(invalid("specify either LockDuration or ExpirationDate")),
    };
    Ok(Lock { snapshot: snapshot.into(), mode, made: now, until, days, cool_off })
}

fn unlock(call: &Call, front: &Front, now: Timestamp) -> Result<Value, AwsError> {
    let snapshot = call.text("SnapshotId").ok_or_else(|| missing("SnapshotId"))?;
    match held(front, &call.scope, snapshot).map(|lock| lock.state(now)) {
        None => Err(refused(snapshot, "is not locked")),
        Some("compliance") => Err(refused(snapshot, "is locked in compliance mode")),
        Some(_) => {
            front.store().remove(&call.scope, KIND, snapshot);
            Ok(json!({ "snapshotId": snapshot }))
        }
    }
}

fn describe(call: &Call, front: &Front, now: Timestamp) -> Value {
    let names = call.params.get("SnapshotId").and_then(Value::as_array);
    let is_wanted = |lock: &Lock| {
        names.is_none_or(|names| names.iter().any(|name| *name == json!(lock.snapshot)))
    };
    let all: Vec<Lock> = front.store().list(&call.scope, KIND);
    let filters = call.params.get("Filter").and_then(Value::as_array);
    let fits = |view: &Value| {
        filters.into_iter().flatten().filter(|filter| filter["Name"] == "lock-state").all(
            |filter| {
                let values = filter["Value"].as_array();
                values.is_some_and(|values| values.contains(&view["lockState"]))
            },
        )
    };
    let views = all.iter().filter(|lock| is_wanted(lock)).map(|lock| {
        let mut view = lock.view(now);
        view["ownerId"] = call.account().into();
        view
    });
    json!({ "snapshotSet": views.filter(fits).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::served;

    #[test]
    fn a_lock_goes_through_its_states() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let lock = Lock {
            snapshot: "snap-1".into(),
            mode: Mode::Compliance,
            made: at(0),
            until: at(48),
            days: Some(2),
            cool_off: Some(3),
        };
        let states = [2, 3, 47, 48].map(|hours| lock.state(at(hours)));
        assert_eq!(states, ["compliance-cooloff", "compliance", "compliance", "expired"]);
        let soft = Lock { mode: Mode::Governance, cool_off: None, ..lock };
        assert_eq!(soft.state(at(47)), "governance");
    }

    #[tokio::test]
    async fn a_locked_snapshot_is_not_deleted() {
        let lab = served(|front| front.with(SnapshotLocks)).await;
        let script = "
ec2 = client('ec2')
volume = ec2.create_volume(Size=1, AvailabilityZone='us-east-1a')['VolumeId']
def tried(call, **parameters):
    try:
        call(**parameters)
        return 'answered'
    except ClientError as error:
        return error.response['Error']['Code']
def snapshot(**lock):
    made = ec2.create_snapshot(VolumeId=volume)['SnapshotId']
    return made, (ec2.lock_snapshot(SnapshotId=made, **lock) if lock else None)
free, _ = snapshot()
soft, told = snapshot(LockMode='governance', LockDuration=2)
hard, _ = snapshot(LockMode='compliance', LockDuration=2)
cool, cooling = snapshot(LockMode='compliance', LockDuration=2, CoolOffPeriod=3)
result = dict(told=[told['LockState'], told['LockDuration'], (told['LockExpiresOn'] - told['LockCreatedOn']).days], cooling=cooling['LockState'])
result['deleted'] = [tried(ec2.delete_snapshot, SnapshotId=one) for one in (free, soft, hard, cool)]
result['all'] = [one['LockState'] for one in ec2.describe_locked_snapshots()['Snapshots']]
result['some'] = len(ec2.describe_locked_snapshots(Filters=[{'Name': 'lock-state', 'Values': ['compliance']}])['Snapshots'])
def change(one, mode, days):
    return tried(ec2.lock_snapshot, SnapshotId=one, LockMode=mode, LockDuration=days)
result['changed'] = [change(soft, 'governance', 1), change(hard, 'compliance', 1), change(hard, 'governance', 9), change(hard, 'compliance', 9), change(cool, 'governance', 1)]
result['unlocked'] = [tried(ec2.unlock_snapshot, SnapshotId=one) for one in (soft, hard, cool, free)]
result['after'] = [tried(ec2.delete_snapshot, SnapshotId=one) for one in (soft, hard, cool)]
result['bad'] = [change('snap-0123456789abcdef0', 'governance', 1), tried(ec2.lock_snapshot, SnapshotId=hard, LockMode='governance', ExpirationDate='2020-01-01T00:00:00Z'), tried(ec2.lock_snapshot, SnapshotId=hard, LockMode='governance')]
";
        let found = lab.boto3(script).await;
        let (yes, no) = ("answered", "OperationNotPermitted");
        assert_eq!(found["told"], json!(["governance", 2, 2]));
        assert_eq!(found["cooling"], "compliance-cooloff");
        assert_eq!(found["deleted"], json!([yes, no, no, no]));
        let states = ["governance", "compliance", "compliance-cooloff"];
        assert_eq!((&found["all"], &found["some"]), (&json!(states), &json!(1)));
        assert_eq!(found["changed"], json!([yes, no, no, yes, yes]));
        assert_eq!(found["unlocked"], json!([yes, no, yes, no]));
        assert_eq!(found["after"], json!([yes, no, yes]));
        let bad = ["InvalidSnapshot.NotFound", "InvalidParameterValue", "InvalidParameterValue"];
        assert_eq!(found["bad"], json!(bad));
    }
}
