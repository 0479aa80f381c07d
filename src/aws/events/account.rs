//! The EventBridge part of an account: the rules of the default bus with their targets and tags.

use aws_sdk_eventbridge::{Client, types::Rule};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::aws::account::{Account, Read, Reads, by_id, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[("events.rule", &[])],
    evidence: &[],
    open: |lens| Box::new(Reader(Client::new(&lens.upstream))),
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(async {
            let (mut all, mut next) = (Vec::new(), None);
            loop {
                let page = self.0.list_rules().set_next_token(next).send().await.map_err(why)?;
                for one in page.rules() {
                    all.push((one.name.clone(), rule(&self.0, one).await?));
                }
                next = page.next_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    return Ok(json!({ "rules": by_id(all) }));
                }
            }
        })
    }
}

async fn rule(events: &Client, rule: &Rule) -> Read {
    let call = events.list_targets_by_rule().set_rule(rule.name.clone());
    let targets = call.send().await.map_err(why)?.targets.unwrap_or_default();
    let targets: Value = targets
        .into_iter()
        .map(|one| (one.id, json!([one.arn, one.role_arn, one.input, one.input_path])))
        .collect();
    let call = events.list_tags_for_resource().set_resource_arn(rule.arn.clone());
    let tags = call.send().await.map_err(why)?.tags.unwrap_or_default();
    let tags: Value = tags.into_iter().map(|tag| (tag.key, json!(tag.value))).collect();
    let pattern = rule
        .event_pattern()
        .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)));
    Ok(json!({
        "pattern": pattern, "schedule": rule.schedule_expression(),
        "state": rule.state().map(aws_sdk_eventbridge::types::RuleState::as_str), "description": rule.description(),
        "targets": targets, "tags": tags,
    }))
}
