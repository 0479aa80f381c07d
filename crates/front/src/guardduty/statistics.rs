//! `GetFindingsStatistics`: how many findings, by severity, type, account, day or resource. Counts; keeps nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::bad::{invalid, missing};
use super::findings;
use crate::{AwsError, Call, Front};

pub(super) fn get(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let found = findings::matching(call, front)?;
    let kinds = call.params.get("findingStatisticTypes").and_then(Value::as_array);
    let group = call.text("groupBy");
    if kinds.is_some() && group.is_some() {
        return Err(invalid("groupBy"));
    }
    let statistics = match (kinds, group) {
        (Some(kinds), _) if kinds.iter().all(|kind| kind == "COUNT_BY_SEVERITY") => {
            by_severity(&found)
        }
        (Some(_), _) => return Err(invalid("findingStatisticTypes")),
        (None, Some(group)) => {
            let most = call.number("maxResults").unwrap_or(25);
            if !(1..=100).contains(&most) {
                return Err(invalid("maxResults"));
            }
            let is_ascending = call.text("orderBy") == Some("ASC");
            grouped(&found, group, is_ascending, usize::try_from(most).unwrap_or(25))?
        }
        (None, None) => return Err(missing("findingStatisticTypes")),
    };
    Ok(json!({"findingStatistics": statistics}))
}

fn by_severity(found: &[Value]) -> Value {
    let mut counts = BTreeMap::<String, u64>::new();
    for finding in found {
        *counts
            .entry(format!("{:.1}", finding["severity"].as_f64().unwrap_or(0.0)))
            .or_default() += 1;
    }
    json!({"countBySeverity": counts})
}

fn grouped(
    found: &[Value],
    group: &str,
    is_ascending: bool,
    most: usize,
) -> Result<Value, AwsError> {
    let list = match group {
        "ACCOUNT" => "groupedByAccount",
        "DATE" => "groupedByDate",
        "FINDING_TYPE" => "groupedByFindingType",
        "RESOURCE" => "groupedByResource",
        "SEVERITY" => "groupedBySeverity",
        _ => return Err(invalid("groupBy")),
    };
    let mut groups = Vec::<(Map<String, Value>, u64, String)>::new();
    for finding in found {
        let key = key(finding, group);
        let updated = finding["updatedAt"].as_str().unwrap_or_default();
        match groups.iter_mut().find(|(other, ..)| *other == key) {
            Some((_, count, last)) => {
                *count += 1;
                if updated > last.as_str() {
                    *last = updated.to_owned();
                }
            }
            None => groups.push((key, 1, updated.to_owned())),
        }
    }
    groups.sort_by_key(|(_, count, _)| *count);
    if !is_ascending {
        groups.reverse();
    }
    let shape = |(mut members, count, last): (Map<String, Value>, u64, String)| {
        members.insert("lastGeneratedAt".into(), epoch(&last));
        members.insert("totalFindings".into(), json!(count));
        Value::Object(members)
    };
    let shapes: Value = groups.into_iter().take(most).map(shape).collect();
    Ok(Map::from_iter([(list.to_owned(), shapes)]).into())
}

fn key(finding: &Value, group: &str) -> Map<String, Value> {
    let account = ("accountId".to_owned(), finding["accountId"].clone());
    let severity = ("severity".to_owned(), finding["severity"].clone());
    Map::from_iter(match group {
        "ACCOUNT" => vec![account],
        "DATE" => {
            let day =
                finding["updatedAt"].as_str().unwrap_or_default().get(..10).unwrap_or_default();
            vec![("date".into(), epoch(&format!("{day}T00:00:00Z"))), severity]
        }
        "FINDING_TYPE" => vec![("findingType".into(), finding["type"].clone())],
        "SEVERITY" => vec![severity],
        _ => vec![
            account,
            ("resourceId".into(), json!(resource(finding))),
            ("resourceType".into(), finding["resource"]["resourceType"].clone()),
        ],
    })
}

fn resource(finding: &Value) -> &str {
    let paths =
        ["/instanceDetails/instanceId", "/s3BucketDetails/0/name", "/accessKeyDetails/accessKeyId"];
    paths.iter().find_map(|path| finding["resource"].pointer(path)?.as_str()).unwrap_or_default()
}

fn epoch(text: &str) -> Value {
    text.parse().map_or(Value::Null, crate::wire::time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Value> {
        let one = |kind: &str, severity: f64, bucket: &str| {
            json!({"type": kind, "severity": severity, "accountId": "1", "updatedAt": "2026-11-24T11:00:00.000Z",
                   "resource": {"resourceType": "S3Bucket", "s3BucketDetails": [{"name": bucket}]}})
        };
        vec![one("a", 8.0, "x"), one("a", 8.0, "y"), one("b", 2.0, "y")]
    }

    #[test]
    fn counts_by_severity() {
        assert_eq!(by_severity(&sample()), json!({"countBySeverity": {"2.0": 1, "8.0": 2}}));
    }

    #[test]
    fn groups_are_ordered_by_size() {
        let groups =
            |by: &str, ascending: bool| grouped(&sample(), by, ascending, 10).expect("groups");
        let types = groups("FINDING_TYPE", false);
        assert_eq!(types["groupedByFindingType"][0]["findingType"], "a");
        assert_eq!(types["groupedByFindingType"][0]["totalFindings"], 2);
        assert_eq!(groups("RESOURCE", true)["groupedByResource"][0]["resourceId"], "x");
        assert_eq!(groups("DATE", true)["groupedByDate"].as_array().map(Vec::len), Some(2));
        assert!(grouped(&[], "COLOUR", true, 1).is_err());
    }
}
