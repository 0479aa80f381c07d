//! Tags of a table, by which a run knows its own. Owns that read.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::list_tags_of_resource::ListTagsOfResourceOutput;

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
        let arn = format!(
            "arn:{}:dynamodb:{}:{}:table/{}",
            aws.partition(),
            scope.region,
            scope.account,
            self.table
        );
        let call = aws.dynamodb().list_tags_of_resource().resource_arn(&arn);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_TAGS_OF_RESOURCE, page).all().await.absent_if_gone()?;
        let tags = |pages: Vec<ListTagsOfResourceOutput>| {
            let tags = pages.into_iter().flat_map(|page| page.tags.unwrap_or_default());
            tags.map(|tag| (tag.key, tag.value)).collect()
        };
        Ok(pages.map(tags))
    }
}
