//! Tags of a table, by which a run knows its own. Owns that read.

use std::collections::BTreeMap;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// Tags by key, `None` when there is no such table.
    pub struct TableTags {
        pub table: String,
    }
    "dynamodb.table-tags" = Option<BTreeMap<String, String>>, target "{table}";
    reads [LIST_TAGS_OF_RESOURCE];
}

impl Fact<Aws> for TableTags {
    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        let scope = aws.scope();
        let partition = scope.principal.split(':').nth(1).unwrap_or("aws");
        let arn = format!(
            "arn:{partition}:dynamodb:{}:{}:table/{}",
            scope.region, scope.account, self.table
        );
        // A table has at most 50 tags, which are two pages at the most.
        let (mut tags, mut next) = (BTreeMap::new(), None);
        loop {
            let call = aws.dynamodb().list_tags_of_resource().resource_arn(&arn);
            let page = call.set_next_token(next).send().await.by(LIST_TAGS_OF_RESOURCE);
            let Some(page) = page.absent_if_gone()? else { return Ok(None) };
            tags.extend(page.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)));
            next = page.next_token;
            if next.is_none() {
                return Ok(Some(tags));
            }
        }
    }
}
