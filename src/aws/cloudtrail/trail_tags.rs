//! A trail and its tags, by which a run knows its own. Owns that read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, call_error, cloudtrail::TRAILS},
    engine::{CallError, Class, Fact, Permission, on, settled},
};

/// A trail by its name or ARN, `None` when there is none.
#[derive(Clone, Debug, Serialize)]
pub struct TrailTags {
    pub trail: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrailIs {
    pub arn: String,
    pub bucket: String,
    pub tags: BTreeMap<String, String>,
}

impl Fact<Aws> for TrailTags {
    const KIND: &'static str = "cloudtrail.trail-tags";
    const READS: &'static [Permission] =
        &[on("cloudtrail:GetTrail", TRAILS), on("cloudtrail:ListTags", TRAILS)];
    type Value = Option<TrailIs>;

    fn target(&self) -> String {
        self.trail.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<TrailIs>, CallError> {
        let call = aws.cloudtrail().get_trail().name(&self.trail).send().await;
        let call = call.map(|found| found.trail).map_err(|e| call_error("cloudtrail:GetTrail", e));
        let Some(trail) = settled(call, Class::Gone)? else { return Ok(None) };
        let arn = trail.trail_arn.unwrap_or_default();
        let call = aws.cloudtrail().list_tags().resource_id_list(&arn).send().await;
        let listed = call.map_err(|e| call_error("cloudtrail:ListTags", e))?;
        let listed = listed.resource_tag_list.into_iter().flatten();
        let tags = listed.flat_map(|resource| resource.tags_list.unwrap_or_default());
        let tags = tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect();
        Ok(Some(TrailIs { arn, bucket: trail.s3_bucket_name.unwrap_or_default(), tags }))
    }
}
