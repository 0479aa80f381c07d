//! One rule: which calls it means, which of them it hits, and what then happens.

use serde::{Deserialize, Serialize};

use crate::{Identity, ids};

/// A fault rule, as the control endpoint takes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rule {
    /// Signing name; `*` is any.
    pub service: String,
    /// Name of the operation; `*` is any, and may end a beginning: `Describe*`.
    #[serde(default = "any")]
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// ARN or name of the role whose sessions are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Only this call, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Each call whose number this divides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// This share of the calls, by chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentage: Option<f64>,
    /// No more faults than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    pub effect: Effect,
}

fn any() -> String {
    "*".into()
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// The service's own throttling error.
    Throttle,
    Error {
        code: String,
        status: u16,
        #[serde(default)]
        message: String,
    },
    Latency {
        ms: u64,
    },
    /// The connection breaks off and nothing has happened.
    ResetBefore,
    /// The connection breaks off after the call took effect.
    ResetAfter,
    /// The call waits, without an effect, until its rule is removed; then the connection breaks off.
    HoldBefore,
    /// The call takes effect, its answer waits until the rule is removed; then the connection breaks off.
    HoldAfter,
}

impl Rule {
    /// A rule for every call of an operation.
    pub fn new(service: &str, operation: &str, effect: Effect) -> Self {
        Self {
            service: service.into(),
            operation: operation.into(),
            account: None,
            access_key: None,
            role: None,
            nth: None,
            every: None,
            percentage: None,
            times: None,
            effect,
        }
    }

    /// # Errors
    /// What makes no sense, in a sentence.
    pub fn check(&self) -> Result<(), String> {
        let chosen = [self.nth.is_some(), self.every.is_some(), self.percentage.is_some()];
        if chosen.iter().filter(|chosen| **chosen).count() > 1 {
            return Err("give one of `nth`, `every` and `percentage`".into());
        }
        if self.nth == Some(0) || self.every == Some(0) {
            return Err("`nth` and `every` count from 1".into());
        }
        if self.percentage.is_some_and(|share| !(0.0..=100.0).contains(&share)) {
            return Err("`percentage` is from 0 to 100".into());
        }
        if let Effect::Error { status, .. } = &self.effect
            && !(400..600).contains(status)
        {
            return Err("an error's `status` is from 400 to 599".into());
        }
        Ok(())
    }

    pub(super) fn concerns(&self, service: &str, operation: &str) -> bool {
        let is_operation = match self.operation.strip_suffix('*') {
            Some(start) => operation.starts_with(start),
            None => self.operation == operation,
        };
        (self.service == "*" || self.service == service) && is_operation
    }

    pub(super) fn is_caller(&self, identity: &Identity) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|w| w == is);
        let is_role = self.role.as_ref().is_none_or(|wanted| {
            // A session's ARN carries no path: names decide, and the account of a full ARN.
            let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
            let account = wanted.split(':').nth(4).unwrap_or(&identity.account);
            identity.role_arn().is_some_and(|role| name(&role) == name(wanted))
                && account == identity.account
        });
        fits(&self.account, &identity.account)
            && fits(&self.access_key, &identity.access_key)
            && is_role
    }

    /// Whether the call with this number is hit, after `fired` others were.
    pub(super) fn is_due(&self, number: u64, fired: u64) -> bool {
        if self.times.is_some_and(|times| fired >= times) {
            return false;
        }
        match (self.nth, self.every, self.percentage) {
            (Some(nth), ..) => number == nth,
            (_, Some(every), _) => number.is_multiple_of(every),
            (.., Some(share)) => ((ids::random() % 10_000) as f64) < share * 100.0,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        let rule: Rule = serde_json::from_str(text).expect("a rule");
        rule.check().expect("sound");
        rule
    }

    #[test]
    fn each_way_of_choosing_calls_hits_its_calls() {
        let hits = |text: &str| -> Vec<u64> {
            let rule = rule(text);
            let mut fired = 0;
            let due = |number: &u64| {
                let is_due = rule.is_due(*number, fired);
                fired += u64::from(is_due);
                is_due
            };
            (1..=9).filter(due).collect()
        };
        assert_eq!(hits(r#"{"service":"ec2","effect":"throttle","nth":3}"#), [3]);
        assert_eq!(hits(r#"{"service":"ec2","effect":"throttle","every":4}"#), [4, 8]);
        assert_eq!(hits(r#"{"service":"ec2","effect":"throttle","times":2}"#), [1, 2]);
        assert_eq!(hits(r#"{"service":"ec2","effect":"throttle","percentage":0}"#).len(), 0);
        assert_eq!(hits(r#"{"service":"ec2","effect":"throttle","percentage":100}"#).len(), 9);
    }

    #[test]
    fn a_rule_means_the_sessions_of_its_role() {
        let rule = rule(
            r#"{"service":"ec2","operation":"Describe*","role":"arn:aws:iam::1:role/path/app","effect":{"latency":{"ms":1}}}"#,
        );
        let who = |arn: &str| Identity {
            account: "1".into(),
            arn: arn.into(),
            user_id: String::new(),
            access_key: "k".into(),
        };
        assert!(rule.concerns("ec2", "DescribeVpcs") && !rule.concerns("ec2", "StopInstances"));
        assert!(rule.is_caller(&who("arn:aws:sts::1:assumed-role/app/session")));
        assert!(!rule.is_caller(&who("arn:aws:sts::1:assumed-role/other/session")));
        assert!(!rule.is_caller(&who("arn:aws:iam::1:user/app")));
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        for bad in [
            r#"{"service":"ec2","effect":"throttle","nth":1,"every":2}"#,
            r#"{"service":"ec2","effect":"throttle","nth":0}"#,
            r#"{"service":"ec2","effect":"throttle","percentage":101}"#,
            r#"{"service":"ec2","effect":{"error":{"code":"A","status":200}}}"#,
        ] {
            assert!(serde_json::from_str::<Rule>(bad).expect("a rule").check().is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Rule>(r#"{"service":"ec2","effect":"explode"}"#).is_err());
    }
}
