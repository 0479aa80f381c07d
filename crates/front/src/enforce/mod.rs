//! Refuses whom AWS would refuse, before an upstream that keeps policies and enforces none.
//!
//! ```text
//! call -> who (credentials) -> needs (actions, resources) -> policies, context -> backburn-policy -> refusal or pass
//! ```
//! Owns what a call is judged by. What policies mean is `backburn-policy`'s. Policies are read from the upstream as its
//! root user and kept until a call changes them. What cannot be known is never refused: it passes and is counted.

mod account;
mod action;
mod arn;
mod context;
mod forms;
mod judge;
mod needs;
mod organization;
mod passes;
mod refusal;
mod resources;
mod s3;
mod sessions;
mod simulate;
mod table;
mod tagging;
mod tally;
mod who;

use std::sync::Arc;

use backburn_policy::Document;
use hyper::http;
use jiff::Timestamp;
use serde_json::{Value, json};

use account::Account;
use organization::Above;
#[cfg(test)]
pub(crate) use passes::PASSES;
use resources::Resources;
pub(crate) use sessions::Issued;
use sessions::Sessions;
pub(crate) use tally::Tally;

use super::metadata::Delivery;
use super::{Answer, AwsError, Call, Front, Identity, cloudtrail, identity};
use crate::kept::{Kept, Read};

/// What a front that enforces has read and remembers.
#[derive(Default)]
pub(crate) struct Enforcement {
    accounts: Kept<Account>,
    above: Kept<Above>,
    aws_managed: Kept<Document>,
    resources: Resources,
    sessions: Sessions,
    tally: Tally,
}

impl Enforcement {
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Forgets all that was read: the upstream was reset.
    pub(crate) fn clear(&self) {
        self.forget_policies();
        self.sessions.clear();
    }

    fn forget_policies(&self) {
        self.accounts.clear();
        self.above.clear();
        self.aws_managed.clear();
        self.resources.clear();
    }

    /// Temporary credentials that were issued through the front.
    pub(crate) fn issued(&self, front: &Front, access_key: &str) -> Option<Arc<Issued>> {
        self.sessions.get(front.store(), access_key)
    }

    /// After a call was answered: what it may have changed is read again by the next.
    pub(crate) fn changed(&self, account: &str, service: &str, operation: &str) {
        if cloudtrail::is_read_only(service, operation) || cloudtrail::is_data(service, operation) {
            return;
        }
        match service {
            "iam" => self.accounts.forget(account),
            "organizations" => self.above.clear(),
            // They change other services' things by themselves.
            "cloudformation" | "states" | "servicecatalog" | "cloudcontrolapi" => {
                self.forget_policies();
            }
            other => self.resources.changed(action::service(other)),
        }
    }

    async fn account(&self, front: &Front, id: &str) -> Read<Account> {
        self.accounts.get(id, account::read(front, id)).await
    }

    async fn above(&self, front: &Front, id: &str) -> Read<Above> {
        self.above.get(id, organization::read(front, id)).await
    }
}

/// What AWS would answer to a call that it refuses; `None` for one that passes.
pub(crate) async fn refuses(front: &Front, call: &Call) -> Option<AwsError> {
    judge::refuses(front, front.enforcement()?, call).await
}

/// The same for a call of which nobody knows what it asks for: by its credentials alone.
pub(crate) async fn refuses_credentials(front: &Front, call: &Call) -> Option<AwsError> {
    judge::refuses_credentials(front, front.enforcement()?, call).await
}

/// Remembers the credentials that STS has answered with. The answer's body again, where each session gets a key of its
/// own that the upstream gave it not.
pub(crate) fn learn(front: &Front, call: &Call, body: &[u8]) -> Option<String> {
    sessions::learn(front, &front.enforcement()?.sessions, call, body)
}

/// What CloudTrail tells of a session beside whose it is: when it was issued, and that EC2 has handed it to an instance.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
pub(crate) fn mark_session(front: &Front, access_key: &str, user: &mut Value) {
    let issued = front.enforcement().and_then(|of| of.issued(front, access_key));
    let Some((issued, session)) = issued.zip(user.get_mut("sessionContext")) else { return };
    session["attributes"]["creationDate"] = issued.at.to_string().into();
    if issued.delivery.is_some() {
        session["ec2RoleDelivery"] = "2.0".into();
    }
}

/// Remembers the credentials that an instance was handed.
pub(crate) fn delivered(front: &Front, identity: Identity, until: Timestamp, to: Delivery) {
    let issued = sessions::delivered(identity, until, to);
    if let (Some(enforcement), Some(issued)) = (front.enforcement(), issued) {
        enforcement.sessions.keep(front.store(), issued);
    }
}

/// Whether a role does not trust EC2, which then hands no instance its credentials.
pub(crate) async fn is_kept_from_ec2(front: &Front, role: &str) -> bool {
    match front.enforcement() {
        Some(enforcement) => judge::is_kept_from_ec2(front, enforcement, role).await,
        None => false,
    }
}

/// Whether the front made this key itself, because the upstream gives the same to all.
pub(crate) fn minted(front: &Front, access_key: &str) -> Option<Arc<Issued>> {
    front.enforcement()?.issued(front, access_key).filter(|issued| issued.is_minted)
}

/// Who the caller is, where the upstream cannot tell.
pub(crate) fn identity_of_minted(front: &Front, call: &Call) -> Option<Answer> {
    if (call.service.as_str(), call.operation.as_str()) != ("sts", "GetCallerIdentity") {
        return None;
    }
    let issued = minted(front, &call.identity.access_key)?;
    let identity = &issued.identity;
    let told = json!({
        "Arn": identity.arn, "UserId": identity.user_id, "Account": identity.account,
    });
    Some(Answer::ok(told))
}

/// What IAM's policy simulator answers, by the policies that are enforced. `None` for any other call.
pub(crate) async fn simulates(front: &Front, call: &Call) -> Option<Answer> {
    simulate::answer(front, front.enforcement()?, call).await.map(Answer::from)
}

/// A request that the upstream understands: one that is signed with a key that only the front knows goes as the account.
pub(crate) fn known_upstream(
    front: &Front,
    mut parts: http::request::Parts,
    key: &str,
) -> http::request::Parts {
    let Some(issued) = minted(front, key) else { return parts };
    let account = &issued.identity.account;
    if let Some(value) = parts.headers.get_mut(http::header::AUTHORIZATION)
        && let Ok(text) = value.to_str()
        && let Ok(changed) = text.replacen(key, account, 1).parse()
    {
        *value = changed;
    }
    if let Ok(uri) = parts
        .uri
        .to_string()
        .replacen(&format!("X-Amz-Credential={key}"), &format!("X-Amz-Credential={account}"), 1)
        .parse()
    {
        parts.uri = uri;
    }
    parts
}

/// Whether a key is judged at all.
pub(crate) fn judges(front: &Front, access_key: &str) -> bool {
    front.enforcement().is_some() && !identity::is_root(access_key)
}
