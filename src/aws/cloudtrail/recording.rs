//! What a trail records and where it delivers, beside whether it logs at all: its event selectors, its
//! Regions, its bucket, its key, and how its last delivery went. Owns these reads and what selectors come to.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>

use aws_sdk_cloudtrail::types::{AdvancedEventSelector, EventSelector, ReadWriteType};

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// How a trail's deliveries go.
    pub struct Delivery {
        /// Name or ARN.
        pub trail: String,
    }
    "cloudtrail.delivery" = Delivered, target "{trail}";
    reads [GET_TRAIL_STATUS];
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Delivered {
    pub logging: bool,
    /// S3's error at the last delivery of log files.
    pub error: Option<String>,
    /// S3's error at the last delivery of digest files.
    pub digest_error: Option<String>,
    /// Seconds since 1970: the last delivery of log files.
    pub at: Option<i64>,
    /// Seconds since 1970: when logging was last started.
    pub started: Option<i64>,
}

impl Delivered {
    /// Whether log files have arrived since logging was started: then bucket and key work.
    pub fn arrived(&self) -> bool {
        self.error.is_none() && self.started.zip(self.at).is_some_and(|(from, at)| at >= from)
    }
}

impl Fact<Aws> for Delivery {
    async fn read(&self, aws: &Aws) -> Result<Delivered, CallError> {
        let call = aws.cloudtrail().get_trail_status().name(&self.trail).send().await;
        let status = call.by(GET_TRAIL_STATUS)?;
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Delivered {
            logging: status.is_logging == Some(true),
            error: some(status.latest_delivery_error),
            digest_error: some(status.latest_digest_delivery_error),
            at: status.latest_delivery_time.map(|at| at.secs()),
            started: status.start_logging_time.map(|at| at.secs()),
        })
    }
}

fact! {
    /// What a trail records and where to. `Class::Gone` when there is no such trail.
    pub struct Recording {
        /// Name or ARN.
        pub trail: String,
    }
    "cloudtrail.recording" = Recorded, target "{trail}";
    reads [GET_TRAIL, GET_EVENT_SELECTORS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Recorded {
    pub arn: String,
    /// Every Region, or its own alone.
    pub multi_region: bool,
    pub organization: bool,
    pub bucket: String,
    /// What log files' keys begin with.
    pub prefix: String,
    /// Of the KMS key that encrypts log files.
    pub key: Option<String>,
    /// What of the management events it does not record, in words; the worst first.
    pub left_out: Vec<LeftOut>,
}

/// Management events that a trail does not record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// Those that change something.
    Writes,
    Reads,
    /// Some, by a condition of a selector.
    Some(String),
}

impl Fact<Aws> for Recording {
    async fn read(&self, aws: &Aws) -> Result<Recorded, CallError> {
        let call = aws.cloudtrail().get_trail().name(&self.trail).send().await;
        let trail = call.by(GET_TRAIL)?.trail;
        let trail = trail.ok_or_else(|| GET_TRAIL.gone("trail", &self.trail))?;
        let call = aws.cloudtrail().get_event_selectors().trail_name(&self.trail).send().await;
        let selectors = call.by(GET_EVENT_SELECTORS)?;
        Ok(Recorded {
            arn: trail.trail_arn.unwrap_or_default(),
            multi_region: trail.is_multi_region_trail == Some(true),
            organization: trail.is_organization_trail == Some(true),
            bucket: trail.s3_bucket_name.unwrap_or_default(),
            prefix: trail.s3_key_prefix.unwrap_or_default(),
            key: trail.kms_key_id.filter(|key| !key.is_empty()),
            left_out: left_out(selectors.event_selectors(), selectors.advanced_event_selectors()),
        })
    }
}

/// A trail that has neither kind of selector records all management events.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html>
fn left_out(basic: &[EventSelector], advanced: &[AdvancedEventSelector]) -> Vec<LeftOut> {
    if basic.is_empty() && advanced.is_empty() {
        return Vec::new();
    }
    let (mut reads, mut writes, mut some) = (false, false, Vec::new());
    let managing = basic.iter().filter(|one| one.include_management_events() != Some(false));
    for one in managing {
        let kind = one.read_write_type().unwrap_or(&ReadWriteType::All);
        reads |= matches!(kind, ReadWriteType::All | ReadWriteType::ReadOnly);
        writes |= matches!(kind, ReadWriteType::All | ReadWriteType::WriteOnly);
        let without = one.exclude_management_event_sources();
        some.extend(without.iter().map(|source| format!("events of {source}")));
    }
    for one in advanced {
        let fields = one.field_selectors();
        let managing = fields.iter().any(|field| {
            field.field() == "eventCategory" && field.equals().iter().any(|one| one == "Management")
        });
        if !managing {
            continue;
        }
        let (mut read, mut write) = (true, true);
        for field in fields.iter().filter(|field| field.field() != "eventCategory") {
            match (field.field(), field.equals()) {
                ("readOnly", [only]) => (read, write) = (only == "true", only == "false"),
                (name, _) => some.push(format!("events that its condition on `{name}` leaves out")),
            }
        }
        (reads, writes) = (reads | read, writes | write);
    }
    let kinds = [(!writes, LeftOut::Writes), (!reads, LeftOut::Reads)];
    let kinds = kinds.into_iter().filter(|(out, _)| *out).map(|(_, what)| what);
    kinds.chain(some.into_iter().map(LeftOut::Some)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    const TRAIL: &str = r#"{"Trail":{"Name":"main","S3BucketName":"logs","TrailARN":"arn:aws:cloudtrail:us-east-1:123456789012:trail/main","IsMultiRegionTrail":true}}"#;

    async fn of(selectors: &str) -> Vec<LeftOut> {
        let replay = Replay::default().answer("GetTrail", 200, TRAIL).answer(
            "GetEventSelectors",
            200,
            selectors,
        );
        Recording { trail: "main".into() }.read(&aws(&replay)).await.expect("a trail").left_out
    }

    #[tokio::test]
    async fn selectors_come_to_what_they_leave_out() {
        let basic = |text: &str| format!(r#"{{"EventSelectors":[{text}]}}"#);
        let all = r#"{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[]}"#;
        assert_eq!(of("{}").await, []);
        assert_eq!(of(&basic(all)).await, []);
        let none = r#"{"ReadWriteType":"All","IncludeManagementEvents":false}"#;
        assert_eq!(of(&basic(none)).await, [LeftOut::Writes, LeftOut::Reads]);
        let reads = r#"{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true}"#;
        assert_eq!(of(&basic(reads)).await, [LeftOut::Writes]);
        let writes = r#"{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}"#;
        assert_eq!(of(&basic(&format!("{reads},{writes}"))).await, []);
        let without = r#"{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":["kms.amazonaws.com"]}"#;
        assert_eq!(
            of(&basic(without)).await,
            [LeftOut::Some("events of kms.amazonaws.com".into())]
        );
    }

    #[tokio::test]
    async fn advanced_selectors_too() {
        let advanced = |fields: &str| {
            format!(r#"{{"AdvancedEventSelectors":[{{"Name":"x","FieldSelectors":[{fields}]}}]}}"#)
        };
        let management = r#"{"Field":"eventCategory","Equals":["Management"]}"#;
        assert_eq!(of(&advanced(management)).await, []);
        let data = r#"{"Field":"eventCategory","Equals":["Data"]}"#;
        assert_eq!(of(&advanced(data)).await, [LeftOut::Writes, LeftOut::Reads]);
        let read = format!(r#"{management},{{"Field":"readOnly","Equals":["true"]}}"#);
        assert_eq!(of(&advanced(&read)).await, [LeftOut::Writes]);
        let some =
            format!(r#"{management},{{"Field":"eventSource","NotEquals":["iam.amazonaws.com"]}}"#);
        let found = of(&advanced(&some)).await;
        assert!(
            matches!(&found[..], [LeftOut::Some(what)] if what.contains("eventSource")),
            "{found:?}"
        );
    }
}
