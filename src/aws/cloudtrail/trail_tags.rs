//! A trail and its tags, by which a run knows its own. Owns that read.

use std::collections::BTreeMap;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// A trail by its name or ARN, `None` when there is none.
    pub struct TrailTags {
        pub trail: String,
    }
    "cloudtrail.trail-tags" = Option<TrailIs>, target "{trail}";
    reads [GET_TRAIL, LIST_TAGS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrailIs {
    pub arn: String,
    pub bucket: String,
    pub tags: BTreeMap<String, String>,
}

impl Fact<Aws> for TrailTags {
    async fn read(&self, aws: &Aws) -> Result<Option<TrailIs>, CallError> {
        let call = aws.cloudtrail().get_trail().name(&self.trail).send().await;
        let found = call.by(GET_TRAIL).absent_if_gone()?;
        let Some(trail) = found.and_then(|found| found.trail) else { return Ok(None) };
        let arn = trail.trail_arn.unwrap_or_default();
        let call = aws.cloudtrail().list_tags().resource_id_list(&arn);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_TAGS, page).all().await?;
        let listed = pages.into_iter().flat_map(|page| page.resource_tag_list.unwrap_or_default());
        let tags = listed.flat_map(|resource| resource.tags_list.unwrap_or_default());
        let tags = tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect();
        Ok(Some(TrailIs { arn, bucket: trail.s3_bucket_name.unwrap_or_default(), tags }))
    }
}
