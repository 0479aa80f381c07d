//! Take principals out of a role's trust policy, or replace it.
//!
//! A role whose sessions are denied is assumed again at once by anyone whom its trust policy lets in.
//! Give `remove-principals` (ARNs, account ids, services, or `*`) to take them out of every `Allow`;
//! a statement that trusts nobody any more goes too, a `Deny` stays. Or give the whole `trust-policy`.
//! Refused in the plan: a result that lets nobody in (IAM takes no empty trust policy), a principal
//! that a wider statement would still trust, roles that IAM lets nobody change (service-linked, IAM
//! Identity Center), and the role that the program itself runs as.
//!
//! Existing sessions remain valid until they expire: deny them too (`ec2.revoke-instance-role`).
//!
//! Release writes the former trust policy back. If it names a principal that was deleted meanwhile,
//! IAM does not take it.
//!
//! Verdict: proven when the trust policy reads back as written.
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html>

use serde_json::{Map, Value};

use super::{
    lockout::{self, Victim},
    trust,
};
use crate::{
    actions::kit::*,
    aws::{
        iam::{Caller, Role, TrustPolicy},
        policy_document::same,
    },
    playbook::types::RoleName,
};

/// Inputs of `iam.repair-trust-policy`: one of `remove-principals` and `trust-policy`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RepairTrustPolicy {
    pub role: RoleName,
    /// Principals to take out: ARNs, account ids, service names, or `*`.
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
        uses [fact Caller, fact Role, setting TrustPolicy];
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
        let after = match &self.trust_policy {
            Some(document) => {
                let document = Value::Object(document.clone());
                trust::check(&document).map_err(StepError::Refused)?;
                trust::versioned(&document)
            }
            None => {
                let repaired = trust::without(&before, &self.remove_principals);
                let repaired = repaired.map_err(|text| {
                    StepError::Refused(format!("trust policy of `{name}`: {text}"))
                })?;
                if !repaired.absent.is_empty() {
                    let absent = repaired.absent.join("`, `");
                    step.note(format!("role `{name}` does not trust `{absent}` by name")).await?;
                }
                repaired.document
            }
        };
        let now = step.set(setting.clone(), after.clone()).await?;
        step.verify(&format!("trust policy of role `{name}`"), async {
            let have = step.look(&setting).await?;
            let verdict = if same(&after, &have) {
                Verdict::Proven
            } else {
                Verdict::Failed { reason: "it does not read back as written".into() }
            };
            Ok((verdict, json!({ "role": name, "trust-policy": have })))
        })
        .await?;
        Ok(Trust { changed: !same(&before, &after), trust_policy: now })
    }
}
