//! Where a detection comes from and how to recognise it, in the same terms for `drill.watch` and
//! `drill.detect`; and the EventBridge pattern that follows. Pure: reads nothing.
//!
//! Patterns: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What should detect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A CloudWatch alarm that changes its state.
    CloudwatchAlarm,
    /// An API call that CloudTrail recorded.
    Cloudtrail,
    /// Any event on the default bus.
    Eventbridge,
    /// A GuardDuty finding.
    Guardduty,
    /// A finding that Security Hub imported, in either of its formats.
    SecurityHub,
}

impl Source {
    pub fn word(self) -> &'static str {
        match self {
            Self::CloudwatchAlarm => "cloudwatch-alarm",
            Self::Cloudtrail => "cloudtrail",
            Self::Eventbridge => "eventbridge",
            Self::Guardduty => "guardduty",
            Self::SecurityHub => "security-hub",
        }
    }

    /// The fields of [`Match`] that mean something to this source.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::CloudwatchAlarm => &["alarm", "state"],
            Self::Cloudtrail => &["event-names"],
            Self::Eventbridge => &[],
            Self::Guardduty | Self::SecurityHub => &["types"],
        }
    }
}

/// What tells the detection apart from others of its source.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Match {
    /// `cloudtrail`: names of the calls, such as `StopLogging`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event_names: Vec<String>,
    /// `cloudwatch-alarm`: name of the alarm.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub alarm: Option<String>,
    /// `cloudwatch-alarm`: the state that counts; `ALARM` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<AlarmState>,
    /// `guardduty` and `security-hub`: types of finding, such as
    /// `Stealth:IAMUser/CloudTrailLoggingDisabled`. Any type when left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
}

/// A state of a CloudWatch alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AlarmState {
    #[default]
    #[serde(rename = "ALARM")]
    Alarm,
    #[serde(rename = "OK")]
    Ok,
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl AlarmState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Alarm => "ALARM",
            Self::Ok => "OK",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl Match {
    /// Refuses what means nothing to `source`: it would be ignored without a word.
    ///
    /// # Errors
    /// The text of a refusal.
    pub fn check(&self, source: Source) -> Result<(), String> {
        let given = [
            ("event-names", !self.event_names.is_empty()),
            ("alarm", self.alarm.is_some()),
            ("state", self.state.is_some()),
            ("types", !self.types.is_empty()),
        ];
        let stray = given.into_iter().find(|(name, is)| *is && !source.fields().contains(name));
        stray.map_or(Ok(()), |(name, _)| {
            Err(format!("`match.{name}` means nothing to the source `{}`", source.word()))
        })
    }
}

/// The EventBridge pattern of a detection: `pattern` as given, or what follows from `source` and
/// what is to match.
///
/// # Errors
/// The text of a refusal: nothing identifies the detection, or the pattern is invalid.
pub fn pattern_for(
    source: Source,
    matching: Option<&Match>,
    pattern: Option<&Map<String, Value>>,
) -> Result<Value, String> {
    if let Some(pattern) = pattern {
        if matching.is_some() {
            return Err("give `match` or `pattern`, not both".into());
        }
        if pattern.is_empty() {
            return Err("an empty `pattern` would match every event of the account".into());
        }
        let pattern = Value::Object(pattern.clone());
        return match stray(&pattern, "") {
            None => Ok(pattern),
            Some(path) => Err(format!(
                "`pattern{path}` is not a list; each field of an event pattern lists the values that match"
            )),
        };
    }
    let default = Match::default();
    let matching = matching.unwrap_or(&default);
    matching.check(source)?;
    let types = |at: &str| {
        let detail = json!({ at: matching.types });
        if matching.types.is_empty() { json!({}) } else { detail }
    };
    Ok(match source {
        Source::Eventbridge => {
            return Err("the source `eventbridge` needs a `pattern`".into());
        }
        Source::Cloudtrail if matching.event_names.is_empty() => {
            return Err("the source `cloudtrail` needs `match.event-names`, or a `pattern`".into());
        }
        Source::Cloudtrail => json!({
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": { "eventName": matching.event_names },
        }),
        Source::CloudwatchAlarm => {
            let Some(alarm) = &matching.alarm else {
                return Err(
                    "the source `cloudwatch-alarm` needs `match.alarm`, or a `pattern`".into()
                );
            };
            json!({
                "source": ["aws.cloudwatch"],
                "detail-type": ["CloudWatch Alarm State Change"],
                "detail": {
                    "alarmName": [alarm],
                    "state": { "value": [matching.state.unwrap_or_default().word()] },
                },
            })
        }
        Source::Guardduty => with_detail("aws.guardduty", "GuardDuty Finding", types("type")),
        Source::SecurityHub if matching.types.is_empty() => {
            json!({ "source": ["aws.securityhub"], "detail-type": [HUB_CSPM, HUB] })
        }
        Source::SecurityHub => {
            let imported = |kind: &str, finding: Value| json!({ "detail-type": [kind], "detail": { "findings": finding } });
            json!({ "source": ["aws.securityhub"], "$or": [
                imported(HUB_CSPM, types("Types")),
                imported(HUB, json!({ "finding_info": types("types") })),
            ] })
        }
    })
}

/// Security Hub CSPM sends findings in AWS Security Finding Format, Security Hub in OCSF.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html>,
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-cwe-event-formats.html>
const HUB_CSPM: &str = "Security Hub Findings - Imported";
const HUB: &str = "Findings Imported V2";

fn with_detail(source: &str, kind: &str, detail: Value) -> Value {
    let mut pattern = json!({ "source": [source], "detail-type": [kind] });
    if detail.as_object().is_some_and(|detail| !detail.is_empty()) {
        pattern["detail"] = detail;
    }
    pattern
}

/// Path of the first field that lists nothing.
fn stray(pattern: &Value, path: &str) -> Option<String> {
    match pattern {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().find_map(|(name, value)| stray(value, &format!("{path}.{name}")))
        }
        Value::Array(values) if !values.is_empty() => None,
        _ => Some(path.into()),
    }
}

/// Whether a rule with this pattern must receive calls that only read, which EventBridge leaves
/// out unless asked.
pub fn wants_reads(pattern: &Value) -> bool {
    let names = pattern.pointer("/detail/eventName").and_then(Value::as_array);
    let reads = |name: &str| ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb));
    names.into_iter().flatten().filter_map(Value::as_str).any(reads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: Source, matching: Value) -> Result<Value, String> {
        let matching: Match = serde_json::from_value(matching).expect("a match");
        pattern_for(source, Some(&matching), None)
    }

    #[test]
    fn each_source_has_its_pattern() {
        let calls = of(Source::Cloudtrail, json!({ "event-names": ["StopLogging"] }));
        assert_eq!(
            calls,
            Ok(
                json!({ "detail-type": ["AWS API Call via CloudTrail"], "detail": { "eventName": ["StopLogging"] } })
            )
        );
        let alarm = of(Source::CloudwatchAlarm, json!({ "alarm": "cpu" })).expect("a pattern");
        assert_eq!(
            alarm["detail"],
            json!({ "alarmName": ["cpu"], "state": { "value": ["ALARM"] } })
        );
        let any = pattern_for(Source::Guardduty, None, None);
        assert_eq!(
            any,
            Ok(json!({ "source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"] }))
        );
        let hub = of(Source::SecurityHub, json!({ "types": ["TTPs/x"] })).expect("a pattern");
        let [cspm, ocsf] = &hub["$or"].as_array().expect("both")[..] else { panic!("{hub}") };
        assert_eq!(cspm["detail"], json!({ "findings": { "Types": ["TTPs/x"] } }));
        assert_eq!(ocsf["detail-type"], json!(["Findings Imported V2"]));
        let types = json!({ "findings": { "finding_info": { "types": ["TTPs/x"] } } });
        assert_eq!(ocsf["detail"], types);
    }

    #[test]
    fn what_would_match_too_much_or_nothing_is_refused() {
        assert!(of(Source::Cloudtrail, json!({})).is_err());
        assert!(of(Source::CloudwatchAlarm, json!({ "state": "OK" })).is_err());
        assert!(of(Source::Eventbridge, json!({})).is_err());
        let stray = of(Source::Guardduty, json!({ "alarm": "cpu" })).expect_err("refused");
        assert_eq!(stray, "`match.alarm` means nothing to the source `guardduty`");
        let given = |pattern: Value| pattern_for(Source::Eventbridge, None, pattern.as_object());
        assert!(given(json!({})).is_err());
        let bare = given(json!({ "detail": { "state": "stopped" } })).expect_err("refused");
        assert!(bare.starts_with("`pattern.detail.state` is not a list"), "{bare}");
        assert!(given(json!({ "detail": { "state": ["stopped"] } })).is_ok());
        let both = pattern_for(
            Source::Guardduty,
            Some(&Match::default()),
            json!({ "source": ["x"] }).as_object(),
        );
        assert!(both.is_err());
    }

    #[test]
    fn reads_are_asked_for_by_name() {
        let pattern = |name: &str| json!({ "detail": { "eventName": ["StopLogging", name] } });
        assert!(wants_reads(&pattern("GetCallerIdentity")));
        assert!(wants_reads(&pattern("ListUsers")));
        assert!(!wants_reads(&pattern("DeleteTrail")));
        assert!(!wants_reads(&json!({ "source": ["aws.ec2"] })));
    }
}
