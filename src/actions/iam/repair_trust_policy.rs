//! Take principals out of a role's trust policy, or replace it.
//!
//! A role whose sessions are denied is assumed again at once by anyone whom its trust policy lets in.
//! Give `remove-principals` to take principals out of every `Allow`: ARNs, account ids, services, identity
//! providers, or `*`. An account goes with each of its principals, a session with its role. A statement that trusts
//! nobody any more goes too, a `Deny` stays. An id that stands for a deleted principal goes too, because IAM takes
//! no document that names one; the plan says so. Or give the whole `trust-policy`.
//!
//! Refused in the plan: a result that lets nobody in (IAM takes no empty trust policy), a principal that the role
//! does not trust (with those that it does), one that a wider statement would still trust or may trust under a
//! condition, roles that IAM lets nobody change (service-linked, IAM Identity Center), and the role that the
//! program itself runs as.
//!
//! Existing sessions remain valid until they expire: deny them too (`ec2.revoke-instance-role`).
//!
//! Release writes the former trust policy back. If it names a principal that was deleted meanwhile,
//! IAM does not take it.
//!
//! Verdict: proven when, by the trust policy as it reads back, none of those taken out can assume the role,
//! whatever permissions they have of their own. Of a whole `trust-policy` these are all whom the former one named
//! and the new one does not let in, and it must read back as given. Presumed when that depends on something that
//! cannot be seen, or somebody else has changed the policy since.
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html>

use backburn_policy::{Answer, Caller as Principal};
use serde_json::{Map, Value};

use super::{
    assume::Door,
    lockout::{self, Victim},
    trust,
};
use crate::{
    actions::kit::*,
    aws::{
        iam::{Caller, CallerTrust, Role, TrustPolicy},
        policy_document::same,
    },
    playbook::types::RoleName,
};

/// Inputs of `iam.repair-trust-policy`: one of `remove-principals` and `trust-policy`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RepairTrustPolicy {
    pub role: RoleName,
    /// Principals to take out: ARNs, account ids, services, identity providers, or `*`.
    #[serde(default)]
    pub remove_principals: Vec<String>,
    /// The whole new trust policy, as a mapping.
    #[serde(default)]
    pub trust_policy: Option<Map<String, Value>>,
}

/// Outputs of `iam.repair-trust-policy`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Trust {
    /// Whether the trust policy had to be changed.
    pub changed: bool,
    /// The trust policy as it is now.
    pub trust_policy: Value,
}

impl Action for RepairTrustPolicy {
    const SPEC: Spec = spec! {
        "iam.repair-trust-policy": "Take principals out of a role's trust policy";
        Eradicate, verdict;
        uses [fact Caller, fact CallerTrust, fact Role, setting TrustPolicy];
        effects [RepairsTrust];
    };
    type Output = Trust;

    async fn run(&self, step: &Step<Aws>) -> Result<Trust, StepError> {
        let name = self.role.as_str();
        if self.trust_policy.is_some() != self.remove_principals.is_empty() {
            return Err(StepError::Refused(
                "give one of `remove-principals` and `trust-policy`, and not both".into(),
            ));
        }
        lockout::check(step, Victim::Role(name)).await?;
        let role = step.read(&Role { name: name.into() }).await?;
        if let Some(why) = role.fixed() {
            return Err(StepError::Refused(format!("role `{name}` cannot be changed: {why}")));
        }
        let setting = TrustPolicy { role: name.into() };
        let before = step.read(&setting).await?;
        let (after, out) = match &self.trust_policy {
            Some(document) => {
                let document = Value::Object(document.clone());
                trust::check(&document).map_err(StepError::Refused)?;
                let document = trust::versioned(&document);
                let out = trust::shut_out(&before, &document, &role.arn);
                (document, out)
            }
            None => {
                let repaired = trust::without(&before, &role.arn, &self.remove_principals);
                let repaired = repaired.map_err(|text| {
                    StepError::Refused(format!("trust policy of `{name}`: {text}"))
                })?;
                if !repaired.stale.is_empty() {
                    let stale = repaired.stale.join("`, `");
                    step.note(format!(
                        "trust policy of `{name}`: `{stale}` stands for a principal that was deleted; IAM takes no document that names it, so it goes too"
                    ))
                    .await?;
                }
                (repaired.document, repaired.out)
            }
        };
        let now = step.set(setting.clone(), after.clone()).await?;
        step.verify(&format!("trust policy of role `{name}`"), async {
            let have = step.look(&setting).await?;
            let verdict =
                verdict(&Door { role: &role.arn, trust: &have }, &out, same(&after, &have));
            let out: Vec<_> = out.iter().map(Principal::text).collect();
            Ok((verdict, json!({ "role": name, "trust-policy": have, "shut-out": out })))
        })
        .await?;
        Ok(Trust { changed: !same(&before, &after), trust_policy: now })
    }
}

/// What a trust policy that was read afresh says of those who must not get in.
fn verdict(door: &Door<'_>, out: &[Principal], as_written: bool) -> Verdict {
    let mut open = None;
    for who in out {
        let Some(way) = door.way_in(who) else { continue };
        match door.lets_in(who).answer {
            Answer::Allowed => {
                return Verdict::Failed { reason: format!("`{who}` can still assume it: {way}") };
            }
            _ => open = Some(format!("`{who}` may still assume it: {way}")),
        }
    }
    match (open, as_written) {
        (Some(reason), _) => Verdict::Presumed { reason },
        (None, true) => Verdict::Proven,
        (None, false) if out.is_empty() => {
            Verdict::Failed { reason: "it does not read back as written".into() }
        }
        (None, false) => {
            let reason =
                "it does not read back as written: somebody else has changed it since".into();
            Verdict::Presumed { reason }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACKER: &str = "arn:aws:iam::999988887777:user/x";

    fn of(statements: Value, as_written: bool) -> Verdict {
        let trust = json!({ "Version": "2012-10-17", "Statement": statements });
        let door = Door { role: "arn:aws:iam::123456789012:role/web", trust: &trust };
        verdict(&door, &[Principal::parse(ATTACKER).expect("a principal")], as_written)
    }

    #[test]
    fn the_policy_that_is_there_decides() {
        let trusts = |who: &str| json!({ "Effect": "Allow", "Principal": { "AWS": who }, "Action": "sts:AssumeRole" });
        assert_eq!(of(json!([trusts("123456789012")]), true), Verdict::Proven);
        assert_eq!(of(json!([trusts("123456789012")]), false).word(), "presumed");
        for back in [ATTACKER, "999988887777", "*"] {
            assert_eq!(
                of(json!([trusts("123456789012"), trusts(back)]), false).word(),
                "failed",
                "{back}"
            );
        }
        let mut depends = trusts("999988887777");
        depends["Condition"] = json!({ "StringEquals": { "sts:ExternalId": "x" } });
        assert_eq!(of(json!([depends]), true).word(), "presumed");
    }
}
