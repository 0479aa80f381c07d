//! What Lambda has that a run may touch: functions, and how their tags are read.

use super::FUNCTIONS;
use crate::aws::{
    kit::*,
    thing::{Class as Of, Counts, Looked, Looking, TagReader},
};

const LIST_TAGS: Permission = on("lambda:ListTags", FUNCTIONS);

pub(crate) const FUNCTION: &Of = &Of {
    name: "function",
    counts: Counts::Resources,
    global: false,
    tags: TagReader::By { permissions: &[LIST_TAGS], look },
};

/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html>: it takes an ARN.
fn look<'a>(aws: &'a Aws, name: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let (partition, scope) = (aws.partition(), aws.scope());
        let (region, account) = (&scope.region, &scope.account);
        let arn = format!("arn:{partition}:lambda:{region}:{account}:function:{name}");
        let found = aws.lambda().list_tags().resource(arn).send().await.by(LIST_TAGS);
        let tags = found.absent_if_gone()?.map(|found| found.tags.unwrap_or_default());
        Ok(tags.map(|tags| Looked::tagged(tags.into_iter().collect())))
    })
}
