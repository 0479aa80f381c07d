//! Who stopped, deleted or narrowed a trail, from CloudTrail's own event history, which works without
//! any trail. Owns that read.
//!
//! Events appear about five minutes after the call, without a guarantee, and are kept for 90 days:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use serde_json::Value;

use super::permissions::*;
use crate::aws::kit::*;

/// Calls that blind a trail.
const BLINDING: [&str; 4] = ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"];
const MOST: usize = 20;

fact! {
    /// The latest such calls on one trail, the newest first.
    pub struct Tampering {
        /// Name or ARN.
        pub trail: String,
    }
    "cloudtrail.tampering" = Vec<Tampered>, target "{}" of |it| it.name();
    reads [LOOKUP_EVENTS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tampered {
    /// `StopLogging` and the like.
    pub event: String,
    /// RFC 3339.
    pub at: String,
    /// ARN of the caller.
    pub principal: String,
    pub access_key: String,
    pub source: String,
}

impl Tampering {
    fn name(&self) -> &str {
        self.trail.split_once(":trail/").map_or(&self.trail, |(_, name)| name)
    }

    /// `None` for an event on another trail, or one that failed.
    fn of(&self, text: &str) -> Option<Tampered> {
        let event: Value = serde_json::from_str(text).ok()?;
        let given = &event["requestParameters"];
        let given = given["name"].as_str().or(given["trailName"].as_str())?;
        let name = given.split_once(":trail/").map_or(given, |(_, name)| name);
        if name != self.name() || event["errorCode"].is_string() {
            return None;
        }
        let at = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or("").to_owned();
        Some(Tampered {
            event: at("/eventName"),
            at: at("/eventTime"),
            principal: at("/userIdentity/arn"),
            access_key: at("/userIdentity/accessKeyId"),
            source: at("/sourceIPAddress"),
        })
    }
}

impl Fact<Aws> for Tampering {
    async fn read(&self, aws: &Aws) -> Result<Vec<Tampered>, CallError> {
        let mut found = Vec::new();
        for name in BLINDING {
            let attribute = LookupAttribute::builder()
                .attribute_key(LookupAttributeKey::EventName)
                .attribute_value(name)
                .build()
                .map_err(|e| LOOKUP_EVENTS.invalid(e.to_string()))?;
            let call = aws.cloudtrail().lookup_events().lookup_attributes(attribute);
            let mut pages =
                Pages::new(LOOKUP_EVENTS, |token| call.clone().set_next_token(token).send());
            // The newest 50 calls of a kind are enough to find the last one on this trail. They may
            // follow empty pages.
            while let Some(page) = pages.next().await? {
                let events = page.events();
                found
                    .extend(events.iter().filter_map(|e| self.of(e.cloud_trail_event.as_deref()?)));
                if !events.is_empty() {
                    break;
                }
            }
        }
        found.sort_by(|a, b| b.at.cmp(&a.at));
        found.truncate(MOST);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn event(name: &str, trail: &str, at: &str, error: Option<&str>) -> Value {
        let inner = json!({
            "eventName": name, "eventTime": at, "sourceIPAddress": "192.0.2.7", "errorCode": error,
            "requestParameters": { "name": trail },
            "userIdentity": { "arn": "arn:aws:iam::1:user/x", "accessKeyId": "AKIA1" },
        });
        json!({ "EventName": name, "CloudTrailEvent": inner.to_string() })
    }

    #[tokio::test]
    async fn the_newest_call_on_this_trail_comes_first() {
        let arn = "arn:aws:cloudtrail:us-east-1:1:trail/main";
        let events = json!({ "Events": [
            event("StopLogging", "main", "2026-11-24T10:00:00Z", None),
            event("StopLogging", arn, "2026-11-24T11:00:00Z", None),
            event("StopLogging", "other", "2026-11-24T12:00:00Z", None),
            event("StopLogging", "main", "2026-11-24T13:00:00Z", Some("AccessDenied")),
        ]});
        let replay = Replay::default().answer("LookupEvents", 200, &events.to_string()).answer(
            "LookupEvents",
            200,
            r#"{"Events":[]}"#,
        );
        let found = Tampering { trail: arn.into() }.read(&aws(&replay)).await.expect("events");
        let times: Vec<_> = found.iter().map(|one| one.at.as_str()).collect();
        assert_eq!(times, ["2026-11-24T11:00:00Z", "2026-11-24T10:00:00Z"]);
        assert_eq!(found[0].source, "192.0.2.7");
    }
}
