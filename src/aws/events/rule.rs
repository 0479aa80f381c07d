//! A rule on the default event bus that a step builds as scaffolding: absent, or present with its
//! pattern and its targets. Found by name and recognised as ours by its tags.
//!
//! PutRule takes no targets and DeleteRule none that still has some, so both ways take two calls;
//! `halfway` knows what is left when one is cut off between them.
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>

use std::collections::BTreeMap;

use aws_sdk_eventbridge::types;
use serde_json::Value;

use super::permissions::*;
use crate::aws::{kit::*, owned::Owner};

setting! {
    #[derive(PartialEq, Eq)]
    pub struct EventRule {
        /// At most 64 characters of `a-z A-Z 0-9 . - _`.
        pub name: String,
        #[serde(flatten)]
        pub owner: Owner,
    }
    // `None`: there is no such rule.
    "events.rule" = Option<RuleIs>, target "{name}";
    reads [DESCRIBE_RULE, LIST_TAGS_FOR_RESOURCE, LIST_TARGETS_BY_RULE];
    writes [PUT_RULE, TAG_RESOURCE, PUT_TARGETS, REMOVE_TARGETS, DELETE_RULE];
    releases [REMOVE_TARGETS, DELETE_RULE];
    release Removed Scaffolding;
    makes;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleIs {
    /// Event pattern:
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>.
    pub pattern: Value,
    /// `ENABLED`, or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` to hear of calls that only
    /// read, too:
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html>.
    pub state: String,
    /// ARN of each target, by its id.
    pub targets: BTreeMap<String, String>,
}

impl EventRule {
    /// ARN of the rule in `aws`'s account and Region.
    pub fn arn(&self, aws: &Aws) -> String {
        let scope = aws.scope();
        format!(
            "arn:{}:events:{}:{}:rule/{}",
            aws.partition(),
            scope.region,
            scope.account,
            self.name
        )
    }

    /// The rule, once it is known to be this step's.
    async fn find(&self, aws: &Aws) -> Result<Option<RuleIs>, CallError> {
        let call = aws.eventbridge().describe_rule().name(&self.name).send().await;
        let Some(found) = call.by(DESCRIBE_RULE).absent_if_gone()? else { return Ok(None) };
        let arn = found.arn.unwrap_or_else(|| self.arn(aws));
        let call = aws.eventbridge().list_tags_for_resource().resource_arn(arn).send().await;
        // It may be deleted between the two calls.
        let tags = call.by(LIST_TAGS_FOR_RESOURCE).absent_if_gone()?;
        let Some(tags) = tags.map(|found| found.tags.unwrap_or_default()) else { return Ok(None) };
        if !self.owner.made(tags.iter().map(|tag| (tag.key(), tag.value()))) {
            let text = format!(
                "EventBridge rule `{}` exists but does not have the tags of this run and step; delete it or choose another name, then try again",
                self.name
            );
            return Err(LIST_TAGS_FOR_RESOURCE.invalid(text));
        }
        let pattern = found.event_pattern.unwrap_or_default();
        Ok(Some(RuleIs {
            pattern: serde_json::from_str(&pattern).unwrap_or(Value::String(pattern)),
            state: found.state.map_or_else(String::new, |state| state.as_str().into()),
            targets: self.targets(aws).await?,
        }))
    }

    async fn targets(&self, aws: &Aws) -> Result<BTreeMap<String, String>, CallError> {
        let call = aws.eventbridge().list_targets_by_rule().rule(&self.name);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_TARGETS_BY_RULE, page).all().await.absent_if_gone()?;
        let targets = pages.into_iter().flatten().flat_map(|page| page.targets.unwrap_or_default());
        Ok(targets.map(|target| (target.id, target.arn)).collect())
    }

    async fn put(&self, aws: &Aws, want: &RuleIs) -> Result<(), CallError> {
        let tag = |(key, value): (&'static str, String)| {
            let tag = types::Tag::builder().key(key).value(value).build();
            tag.map_err(|e| PUT_RULE.invalid(e.to_string()))
        };
        let tags = self.owner.tags().into_iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        let call = aws
            .eventbridge()
            .put_rule()
            .name(&self.name)
            .description("backburn listens for a drill's detection; taken away on release")
            .event_pattern(want.pattern.to_string())
            .state(want.state.as_str().into())
            .set_tags(Some(tags))
            .send()
            .await;
        call.map(drop).by(PUT_RULE)
    }

    async fn put_targets(&self, aws: &Aws, want: &RuleIs) -> Result<(), CallError> {
        // EventBridge refuses an empty list.
        if want.targets.is_empty() {
            return Ok(());
        }
        let target = |(id, arn): (&String, &String)| {
            let target = types::Target::builder().id(id).arn(arn).build();
            target.map_err(|e| PUT_TARGETS.invalid(e.to_string()))
        };
        let targets = want.targets.iter().map(target).collect::<Result<Vec<_>, _>>()?;
        let call = aws.eventbridge().put_targets().rule(&self.name).set_targets(Some(targets));
        let done = call.send().await.by(PUT_TARGETS)?;
        let failed = done.failed_entries.into_iter().flatten().next();
        failed.map_or(Ok(()), |failed| {
            Err(entry(PUT_TARGETS.action, failed.error_code, failed.error_message))
        })
    }

    async fn remove(&self, aws: &Aws, ids: Vec<String>) -> Result<(), CallError> {
        if ids.is_empty() {
            return Ok(());
        }
        let call = aws.eventbridge().remove_targets().rule(&self.name).set_ids(Some(ids));
        let done = call.send().await.by(REMOVE_TARGETS).absent_if_gone()?;
        let Some(done) = done else { return Ok(()) };
        let failed = done.failed_entries.into_iter().flatten().next();
        failed.map_or(Ok(()), |failed| {
            Err(entry(REMOVE_TARGETS.action, failed.error_code, failed.error_message))
        })
    }

    async fn delete(&self, aws: &Aws) -> Result<(), CallError> {
        let Some(rule) = self.find(aws).await? else { return Ok(()) };
        self.remove(aws, rule.targets.into_keys().collect()).await?;
        let call = aws.eventbridge().delete_rule().name(&self.name).send().await;
        call.by(DELETE_RULE).done_if_gone()
    }
}

/// A call that succeeded, with a part that did not.
fn entry(call: &str, code: Option<String>, message: Option<String>) -> CallError {
    let message = message.unwrap_or_else(|| "one of the targets was refused".into());
    CallError { code, ..CallError::local(call, Class::Unknown, message) }
}

impl Fact<Aws> for EventRule {
    async fn read(&self, aws: &Aws) -> Result<Option<RuleIs>, CallError> {
        self.find(aws).await
    }
}

impl Setting<Aws> for EventRule {
    async fn write(&self, aws: &Aws, value: &Option<RuleIs>) -> Result<(), CallError> {
        let Some(want) = value else { return self.delete(aws).await };
        let have = self.find(aws).await?.map(|rule| rule.targets).unwrap_or_default();
        self.put(aws, want).await?;
        let extra = have.into_keys().filter(|id| !want.targets.contains_key(id));
        self.remove(aws, extra.collect()).await?;
        self.put_targets(aws, want).await
    }

    /// Put but without all its targets yet, or without some of them any more.
    fn halfway(before: &Option<RuleIs>, after: &Option<RuleIs>, now: &Option<RuleIs>) -> bool {
        let (Some(whole), Some(now)) = (after.as_ref().or(before.as_ref()), now) else {
            return false;
        };
        (before.is_none() || after.is_none())
            && now.pattern == whole.pattern
            && now.state == whole.state
            && now.targets.iter().all(|(id, arn)| whole.targets.get(id) == Some(arn))
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
