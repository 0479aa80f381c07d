//! The enabled rules of default buses, read from the upstream and kept for a moment.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::pattern::Pattern;
use crate::kept::Kept;
use crate::{AwsError, Scope, Session};

/// Rules changed behind the front's back are seen after this. Changes through the front are seen at once.
const FRESH: Duration = Duration::from_secs(5);

pub(super) struct Rule {
    pub arn: String,
    /// Also hears of calls that only read.
    hears_reads: bool,
    pub pattern: Pattern,
    pub targets: Vec<Target>,
}

pub(super) struct Target {
    pub arn: String,
    /// The target as EventBridge lists it: input, transformer, queue parameters.
    pub settings: Value,
}

pub(super) struct Rules {
    known: Kept<Vec<Arc<Rule>>>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { known: Kept::aged(FRESH) }
    }
}

impl Rules {
    /// # Errors
    /// The upstream does not answer.
    pub(super) async fn matching(
        &self,
        session: &Session,
        event: &Value,
    ) -> Result<Vec<Arc<Rule>>, String> {
        let name = name(session.scope());
        let read = async {
            let rules = match read(session).await {
                Ok(rules) => rules,
                Err(error) if (502..=504).contains(&error.status) => return Err(error.to_string()),
                Err(error) => {
                    tracing::debug!(%error, "the upstream has no rules of EventBridge");
                    Vec::new()
                }
            };
            Ok(rules.into_iter().map(Arc::new).collect())
        };
        let rules = self.known.get(&name, read).await?;
        let is_read = event["detail"]["readOnly"] == true
            && event["detail-type"] == "AWS API Call via CloudTrail";
        let heard = rules.iter().filter(|rule| rule.hears_reads || !is_read);
        Ok(heard.filter(|rule| rule.pattern.matches(event)).cloned().collect())
    }

    pub(super) fn forget(&self, scope: &Scope) {
        self.known.forget(&name(scope));
    }

    pub(super) fn clear(&self) {
        self.known.clear();
    }
}

fn name(scope: &Scope) -> String {
    format!("{} {}", scope.account, scope.region)
}

async fn read(session: &Session) -> Result<Vec<Rule>, AwsError> {
    let mut rules = Vec::new();
    for found in pages(session, "ListRules", json!({}), "Rules").await? {
        let text = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
        let pattern = serde_json::from_str(text("EventPattern")).ok();
        let Some(pattern) = pattern.and_then(|pattern| Pattern::new(&pattern)) else { continue };
        let state = text("State");
        if state == "DISABLED" {
            continue;
        }
        let hears_reads = state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
        let of = json!({ "Rule": text("Name") });
        let targets = pages(session, "ListTargetsByRule", of, "Targets").await?;
        let target = |settings: Value| Target {
            arn: settings["Arn"].as_str().unwrap_or_default().to_owned(),
            settings,
        };
        let targets = targets.into_iter().map(target).collect();
        rules.push(Rule { arn: text("Arn").to_owned(), hears_reads, pattern, targets });
    }
    Ok(rules)
}

async fn pages(
    session: &Session,
    operation: &str,
    mut params: Value,
    member: &str,
) -> Result<Vec<Value>, AwsError> {
    let mut all = Vec::new();
    // More pages than an account's quota of rules fills.
    for _ in 0..100 {
        let mut page =
            session.json("events", &format!("AWSEvents.{operation}"), params.clone()).await?;
        if let Some(Value::Array(items)) = page.get_mut(member).map(Value::take) {
            all.extend(items);
        }
        match page.get("NextToken").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => params["NextToken"] = token.into(),
            _ => break,
        }
    }
    Ok(all)
}
