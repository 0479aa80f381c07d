//! Which recovery points a restore test takes. Pure.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RestoreTestingRecoveryPointSelection.html>

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::backup::model::{Point, PointStatus, Texts};
use crate::ids;

/// One recovery point for each resource, by the plan's algorithm.
///
/// `vault_arn` and `tags` return what belongs to a recovery point.
pub(super) fn choose(
    plan: &Value,
    selection: &Value,
    points: Vec<Point>,
    vault_arn: &dyn Fn(&Point) -> String,
    tags: &dyn Fn(&Point) -> Texts,
    now: Timestamp,
) -> Vec<Point> {
    let days = plan["SelectionWindowDays"].as_i64().unwrap_or(30);
    let oldest = now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN);
    let mut by_resource: indexmap::IndexMap<String, Vec<Point>> = indexmap::IndexMap::new();
    for point in points {
        let arn = vault_arn(&point);
        let is_wanted = point.status == PointStatus::Completed
            && selection["ProtectedResourceType"] == point.resource_type.as_str()
            && point.created >= oldest
            && names(&plan["IncludeVaults"], &arn)
            && !names(&plan["ExcludeVaults"], &arn)
            && is_selected(selection, &point, &tags(&point));
        if is_wanted {
            by_resource.entry(point.resource.clone()).or_default().push(point);
        }
    }
    let is_random = plan["Algorithm"] == "RANDOM_WITHIN_WINDOW";
    by_resource
        .into_values()
        .filter_map(|mut points| {
            points.sort_by_key(|point| std::cmp::Reverse(point.created));
            let count = points.len() as u128;
            let place = if is_random { (ids::random() % count) as usize } else { 0 };
            points.into_iter().nth(place)
        })
        .collect()
}

/// Whether a list of vault ARNs, or `*`, holds this one.
fn names(list: &Value, arn: &str) -> bool {
    list.as_array().into_iter().flatten().any(|known| known == "*" || known == arn)
}

fn is_selected(selection: &Value, point: &Point, tags: &Texts) -> bool {
    let arns = selection["ProtectedResourceArns"].as_array().map_or(&[][..], Vec::as_slice);
    let has_arn = arns.is_empty() || arns.iter().any(|arn| arn == "*" || *arn == *point.resource);
    let conditions = &selection["ProtectedResourceConditions"];
    let each = |name: &str| conditions[name].as_array().cloned().unwrap_or_default();
    let holds = |condition: &Value| {
        let key = condition["Key"].as_str().unwrap_or_default();
        let key = key.strip_prefix("aws:ResourceTag/").unwrap_or(key);
        tags.get(key)
            .or_else(|| point.source_tags.get(key))
            .is_some_and(|value| condition["Value"] == *value)
    };
    has_arn && each("StringEquals").iter().all(holds) && !each("StringNotEquals").iter().any(holds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn point(resource: &str, second: i64) -> Point {
        let at = Timestamp::from_second(second).expect("a time");
        Point {
            arn: format!("{resource}-{second}"),
            vault: "v".into(),
            source_vault: None,
            resource: resource.into(),
            resource_type: "EBS".into(),
            resource_name: None,
            role: String::new(),
            status: PointStatus::Completed,
            created: at,
            completed: Some(at),
            size: 0,
            lifecycle: None,
            is_encrypted: false,
            key: None,
            last_restore: None,
            metadata: Texts::new(),
            source_tags: Texts::from_iter([("team".into(), resource.into())]),
        }
    }

    fn chosen(plan: &Value, selection: &Value) -> Vec<String> {
        let points = vec![point("a", 100), point("a", 90_000), point("b", 95_000)];
        let now = Timestamp::from_second(100_000).expect("a time");
        let found = choose(plan, selection, points, &|_| "arn:v".into(), &|_| Texts::new(), now);
        found.into_iter().map(|point| point.arn).collect()
    }

    #[test]
    fn the_latest_of_each_resource_is_taken() {
        let plan = json!({"Algorithm": "LATEST_WITHIN_WINDOW", "IncludeVaults": ["*"], "SelectionWindowDays": 1});
        let all = json!({"ProtectedResourceType": "EBS", "ProtectedResourceArns": ["*"]});
        assert_eq!(chosen(&plan, &all), ["a-90000", "b-95000"]);
        let one = json!({"ProtectedResourceType": "EBS", "ProtectedResourceArns": ["b"]});
        assert_eq!(chosen(&plan, &one), ["b-95000"]);
        let other = json!({"ProtectedResourceType": "RDS", "ProtectedResourceArns": ["*"]});
        assert_eq!(chosen(&plan, &other), Vec::<String>::new());
    }

    #[test]
    fn vaults_and_tags_narrow_the_choice() {
        let all = json!({"ProtectedResourceType": "EBS", "ProtectedResourceArns": ["*"]});
        let without = json!({"Algorithm": "LATEST_WITHIN_WINDOW", "IncludeVaults": ["*"], "ExcludeVaults": ["arn:v"]});
        assert_eq!(chosen(&without, &all), Vec::<String>::new());
        let plan = json!({"Algorithm": "RANDOM_WITHIN_WINDOW", "IncludeVaults": ["arn:v"], "SelectionWindowDays": 1});
        let tagged = json!({"ProtectedResourceType": "EBS", "ProtectedResourceConditions":
            {"StringEquals": [{"Key": "aws:ResourceTag/team", "Value": "a"}]}});
        assert_eq!(chosen(&plan, &tagged).len(), 1);
    }
}
