//! The CloudTrail part of an account: trails with their delivery, whether they log, event selectors, tags.
//! The calls that CloudTrail's event history keeps are not part of it.

use aws_sdk_cloudtrail::{
    Client,
    types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, Trail},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::aws::account::{Account, Read, Reads, Unread, by_id, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[("cloudtrail.logging", &[("trails", "logging")]), ("cloudtrail.trail", &[])],
    evidence: &[],
    open: |lens| Box::new(Reader(Client::new(&lens.upstream))),
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(async {
            let found = self.0.describe_trails().include_shadow_trails(false).send().await;
            let mut all = Vec::new();
            for one in found.map_err(why)?.trail_list.into_iter().flatten() {
                all.push((one.name.clone(), trail(&self.0, &one).await?));
            }
            Ok(json!({ "trails": by_id(all) }))
        })
    }

    /// A trail that was found stopped is not stopped again.
    fn kept(&self, path: &[&str], was: &Value, is: &Value) -> Option<&'static str> {
        matches!(path, ["trails", _, "logging"]).then_some(())?;
        (*was == false && *is == true).then_some("logging of a trail that did not log before")
    }

    fn renew<'a>(
        &'a self,
        before: &'a Value,
        now: &'a mut Value,
    ) -> BoxFuture<'a, Result<(), Unread>> {
        Box::pin(async {
            for (name, one) in before["trails"].as_object().into_iter().flatten() {
                let now = now.get_mut("trails").and_then(|trails| trails.get_mut(name));
                let Some(now) = now.and_then(|trail| trail.get_mut("logging")) else { continue };
                if self.kept(&["trails", name, "logging"], &one["logging"], now).is_some() {
                    self.0.stop_logging().name(name).send().await.map_err(why)?;
                    *now = false.into();
                }
            }
            Ok(())
        })
    }
}

async fn trail(cloudtrail: &Client, trail: &Trail) -> Read {
    let arn = trail.trail_arn().unwrap_or_default();
    let status = cloudtrail.get_trail_status().name(arn).send().await.map_err(why)?;
    let selectors = cloudtrail.get_event_selectors().trail_name(arn).send().await.map_err(why)?;
    let tags = cloudtrail.list_tags().resource_id_list(arn).send().await.map_err(why)?;
    let tags =
        tags.resource_tag_list().iter().flat_map(aws_sdk_cloudtrail::types::ResourceTag::tags_list);
    let tags: Value = tags.map(|tag| (tag.key().to_owned(), json!(tag.value()))).collect();
    Ok(json!({
        "bucket": trail.s3_bucket_name(), "prefix": trail.s3_key_prefix(),
        "topic": trail.sns_topic_arn(), "key": trail.kms_key_id(),
        "log-group": trail.cloud_watch_logs_log_group_arn(),
        "log-role": trail.cloud_watch_logs_role_arn(),
        "global": trail.include_global_service_events(),
        "all-regions": trail.is_multi_region_trail(),
        "organization": trail.is_organization_trail(),
        "validates": trail.log_file_validation_enabled(),
        "logging": status.is_logging(),
        "selectors": selectors.event_selectors().iter().map(selector).collect::<Vec<_>>(),
        "advanced-selectors":
            selectors.advanced_event_selectors().iter().map(advanced).collect::<Vec<_>>(),
        "tags": tags,
    }))
}

fn selector(one: &EventSelector) -> Value {
    let data = one.data_resources().iter().map(|data| json!([data.r#type(), data.values()]));
    json!({
        "events": one.read_write_type().map(aws_sdk_cloudtrail::types::ReadWriteType::as_str),
        "management": one.include_management_events(),
        "excluded": one.exclude_management_event_sources(), "data": data.collect::<Vec<_>>(),
    })
}

fn advanced(one: &AdvancedEventSelector) -> Value {
    let field = |one: &AdvancedFieldSelector| {
        json!({
            "field": one.field(), "is": one.equals(), "is-not": one.not_equals(),
            "begins": one.starts_with(), "begins-not": one.not_starts_with(),
            "ends": one.ends_with(), "ends-not": one.not_ends_with(),
        })
    };
    json!([one.name(), one.field_selectors().iter().map(field).collect::<Vec<_>>()])
}
