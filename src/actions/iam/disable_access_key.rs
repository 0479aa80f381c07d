//! Make a user's access key inactive. The key is kept, so that its id stays searchable in CloudTrail.
//!
//! Checked before anything is written: the key's account is the one the run works in, the user has
//! that key, and the user is not the principal that runs the program.
//!
//! An inactive key does not end the sessions that were made from it (`GetSessionToken` up to 36 hours,
//! `GetFederationToken` too): follow with `iam.deny-user-sessions`. A temporary key (`ASIA...`) cannot
//! be made inactive at all; it is refused with what to do instead.
//!
//! AWS puts `AWSCompromisedKeyQuarantineV3` on users whose keys it finds in public. That policy denies
//! a part of what a key can do (`s3:PutObject` stays) and is not a containment.
//!
//! The keys are listed again after the change. One that can be used and was not there at first is named:
//! whoever holds the key may have made it meanwhile. It is in no plan, so it is not touched; plan again
//! for it.
//!
//! Release restores the key's former status.
//!
//! Verdict: proven when the status reads back as `Inactive` and the user has no usable key that was made
//! since the first look; presumed with such a key.
//!
//! Paths read:
//! - the key itself: its status, by `ListAccessKeys`
//! - a key that was made since: all keys of the user again, by `ListAccessKeys`
//!
//! Paths that no API shows:
//! - sessions that were made from the key, by `GetSessionToken` or `GetFederationToken`: see
//!   `iam.deny-user-sessions`
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys-admin-managed.html>

use super::lockout::{self, Victim};
use crate::{
    actions::kit::*,
    aws::iam::{AccessKeyOwner, AccessKeyStatus, Caller, CallerTrust, KeyStatus, User},
    playbook::types::{AccessKeyId, UserName},
};

/// Inputs of `iam.disable-access-key`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DisableAccessKey {
    pub user: UserName,
    /// Long-term key (`AKIA...`).
    pub access_key: AccessKeyId,
}

/// Outputs of `iam.disable-access-key`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Disabled {
    /// `Inactive`.
    pub status: String,
    /// The user's other keys that can still be used.
    pub other_active_keys: Vec<AccessKeyId>,
}

impl Action for DisableAccessKey {
    const SPEC: Spec = spec! {
        "iam.disable-access-key": "Make a user's access key inactive";
        Contain, verdict;
        uses [fact Caller, fact CallerTrust, fact AccessKeyOwner, fact User, setting AccessKeyStatus];
    };
    type Output = Disabled;

    async fn run(&self, step: &Step<Aws>) -> Result<Disabled, StepError> {
        let (user, key) = (self.user.as_str(), self.access_key.as_str());
        if key.starts_with("ASIA") {
            return Err(StepError::Refused(format!(
                "`{key}` is a temporary key, which has no status; end its session with `iam.deny-user-sessions` for a user, or `ec2.revoke-instance-role` for an instance's role"
            )));
        }
        lockout::check(step, Victim::User(user)).await?;
        let account = &step.world().scope().account;
        if let Some(owner) = step.read(&AccessKeyOwner { key: key.into() }).await?
            && owner != *account
        {
            return Err(StepError::Refused(format!(
                "access key `{key}` belongs to account {owner}, this run works in {account}; contain it there, or notify its owner"
            )));
        }
        let facts = step.read(&User { name: user.into() }).await?;
        if !facts.keys.iter().any(|have| have.id == key) {
            let have: Vec<&str> = facts.keys.iter().map(|key| key.id.as_str()).collect();
            let have =
                if have.is_empty() { "none".into() } else { format!("`{}`", have.join("`, `")) };
            return Err(StepError::Refused(format!(
                "user `{user}` has no access key `{key}`; its keys: {have}"
            )));
        }
        let status = AccessKeyStatus { user: user.into(), key: key.into() };
        step.set(status.clone(), KeyStatus::Inactive).await?;
        let again = step.read(&User { name: user.into() }).await?;
        let others: Vec<String> = again.usable().filter(|id| *id != key).map(Into::into).collect();
        if !others.is_empty() {
            step.note(format!("user `{user}` has another usable key: `{}`", others.join("`, `")))
                .await?;
        }
        step.note(format!(
            "sessions made from `{key}` live on; `iam.deny-user-sessions` ends them"
        ))
        .await?;
        step.verify(&format!("access key `{key}` of user `{user}`"), async {
            let now = step.look(&status).await?;
            let keys = step.look(&User { name: user.into() }).await?;
            let known = |id: &str| facts.keys.iter().any(|key| key.id == id);
            let new: Vec<&str> = keys.usable().filter(|id| !known(id)).collect();
            let verdict = match now {
                KeyStatus::Active => Verdict::Failed { reason: "its status is `Active`".into() },
                KeyStatus::Inactive | KeyStatus::Expired if new.is_empty() => Verdict::Proven,
                KeyStatus::Inactive | KeyStatus::Expired => Verdict::Presumed {
                    reason: format!(
                        "user `{user}` has a usable key that was made meanwhile: `{}`; plan again with it",
                        new.join("`, `")
                    ),
                },
            };
            Ok((verdict, json!({ "user": user, "access-key": key, "status": now, "made-since": new })))
        })
        .await?;
        let other_active_keys =
            others.into_iter().filter_map(|id| AccessKeyId::new(id).ok()).collect();
        Ok(Disabled { status: "Inactive".into(), other_active_keys })
    }
}
