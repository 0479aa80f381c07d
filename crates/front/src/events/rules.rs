//! The enabled rules of default buses, read from the upstream and kept for a moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::pattern::Pattern;
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

type Known = (Instant, Arc<Vec<Arc<Rule>>>);

#[derive(Default)]
pub(super) struct Rules {
    known: Mutex<HashMap<Scope, Known>>,
}

impl Rules {
    pub(super) async fn matching(&self, session: &Session, event: &Value) -> Vec<Arc<Rule>> {
        let rules = match self.fresh(session.scope()) {
            Some(rules) => rules,
            None => {
                // Stamped before it is read: a change meanwhile makes it stale at worst too early.
                let stamp = Instant::now();
                let read = read(session).await.unwrap_or_else(|error| {
                    tracing::debug!(%error, "cannot read the upstream's EventBridge rules");
                    Vec::new()
                });
                let rules = Arc::new(read.into_iter().map(Arc::new).collect::<Vec<_>>());
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(session.scope().clone(), (stamp, rules.clone()));
                rules
            }
        };
        let is_read = event["detail"]["readOnly"] == true
            && event["detail-type"] == "AWS API Call via CloudTrail";
        let heard = rules.iter().filter(|rule| rule.hears_reads || !is_read);
        heard.filter(|rule| rule.pattern.matches(event)).cloned().collect()
    }

    pub(super) fn forget(&self, scope: &Scope) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
    }

    pub(super) fn clear(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn fresh(&self, scope: &Scope) -> Option<Arc<Vec<Arc<Rule>>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (stamp, rules) = known.get(scope)?;
        (stamp.elapsed() < FRESH).then(|| rules.clone())
    }
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
