//! Who makes a call: whether the credentials are good, and which policies are the principal's own.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::BTreeSet;
use std::sync::Arc;

use backburn_policy::{Caller, Document, Kind, Policy};
use serde_json::json;

use super::Enforcement;
use super::account::{Account, Entity, Own, document, unreadable};
use super::refusal::Bad;
use super::sessions::{Issued, Of};
use crate::{Call, Front, identity};

/// What the credentials of a call are.
pub(super) enum Who {
    /// The root user of an account, or the lab's own key: nothing is judged.
    Root,
    Refused(Bad),
    /// Nobody can say whose they are; the text says why.
    Unknown(String),
    Known(Box<Principal>),
}

/// A principal with all that is its own.
pub(super) struct Principal {
    pub caller: Caller,
    pub account: Arc<Account>,
    pub own: Arc<Own>,
    pub session: Option<Policy>,
    /// The session policy may be one that nobody remembers.
    pub unseen: BTreeSet<Kind>,
    /// The ARN of the user or the role.
    pub arn: Option<String>,
    pub tags: Vec<(String, String)>,
    pub issued: Option<Arc<Issued>>,
    /// Long-term credentials of a user.
    pub is_long_term: bool,
}

pub(super) async fn of(front: &Front, enforcement: &Enforcement, call: &Call) -> Who {
    let key = &call.identity.access_key;
    if identity::is_root(key) {
        return Who::Root;
    }
    if let Some(issued) = enforcement.sessions.get(front.store(), key) {
        return match issued.of {
            Of::Root => Who::Root,
            _ if !has_token(call) => Who::Refused(Bad::Key),
            _ if issued.until <= jiff::Timestamp::now() => Who::Refused(Bad::Expired),
            _ => of_session(front, enforcement, issued).await,
        };
    }
    // The upstream was asked whose the key is, and said nothing.
    if !front.identities().is_known(key) {
        return Who::Unknown("the owner of the access key".into());
    }
    let account = match enforcement.account(front, call.account()).await {
        Ok(account) => account,
        Err(why) => return Who::Unknown(why),
    };
    match Caller::parse(&call.identity.arn) {
        Ok(caller) if call.identity.arn.contains(":user/") => {
            let Some(name) = call.identity.arn.rsplit('/').next() else {
                return Who::Refused(Bad::Key);
            };
            match account.keys(front, name).await {
                Err(why) => return Who::Unknown(why),
                Ok(keys) if keys.get(key) != Some(&true) => return Who::Refused(Bad::Key),
                Ok(_) => {}
            }
            let entity = account.users.get(name);
            let own = own(front, enforcement, &account, entity).await;
            Who::Known(Box::new(Principal {
                caller,
                own,
                session: None,
                unseen: BTreeSet::new(),
                arn: Some(call.identity.arn.clone()),
                tags: tags(entity),
                issued: None,
                is_long_term: true,
                account,
            }))
        }
        // Issued before the front was asked to enforce.
        Ok(caller) if call.identity.arn.contains(":assumed-role/") && has_token(call) => {
            let entity = caller.role().and_then(|role| account.roles.get(role));
            let own = own(front, enforcement, &account, entity).await;
            Who::Known(Box::new(Principal {
                caller,
                own,
                session: None,
                unseen: BTreeSet::from([Kind::Session]),
                arn: entity.map(|role| role.arn.clone()),
                tags: Vec::new(),
                issued: None,
                is_long_term: false,
                account,
            }))
        }
        // What upstreams say of keys that nobody has: a user of theirs, or the root user.
        _ => Who::Refused(Bad::Key),
    }
}

/// "The service that receives the request can then validate the session token": without one a session's key is nobody's.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html>
fn has_token(call: &Call) -> bool {
    let name = "x-amz-security-token";
    call.headers.contains_key(name)
        || call.raw_query.to_ascii_lowercase().contains(&format!("{name}="))
}

async fn of_session(front: &Front, enforcement: &Enforcement, issued: Arc<Issued>) -> Who {
    let account = match enforcement.account(front, &issued.identity.account).await {
        Ok(account) => account,
        Err(why) => return Who::Unknown(why),
    };
    let Ok(caller) = Caller::parse(&issued.identity.arn) else {
        return Who::Unknown("a principal of a form that AWS has".into());
    };
    let (entity, is_federated) = match &issued.of {
        Of::Role(name) => (account.roles.get(name), false),
        Of::User(name) => (account.users.get(name), false),
        Of::Federated(name) => (account.users.get(name), true),
        Of::Root => return Who::Root,
    };
    let session = session_policy(front, enforcement, &account, &issued).await;
    // "If you do not pass a session policy, the resulting federated user session has no permissions."
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    let nothing = || Policy::new("none", Document::from_value(&json!({ "Statement": [] })));
    let session = session.or_else(|| is_federated.then(nothing));
    // A session tag takes the place of the role's: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    let mut all = if is_federated { Vec::new() } else { tags(entity) };
    all.retain(|(key, _)| !issued.tags.keys().any(|own| own.eq_ignore_ascii_case(key)));
    all.extend(issued.tags.clone());
    Who::Known(Box::new(Principal {
        caller,
        own: own(front, enforcement, &account, entity).await,
        session,
        unseen: BTreeSet::new(),
        arn: match is_federated {
            true => Some(issued.identity.arn.clone()),
            false => entity.map(|entity| entity.arn.clone()),
        },
        tags: all,
        issued: Some(issued),
        is_long_term: false,
        account,
    }))
}

/// One that was deleted has no policies any more.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html>
async fn own(
    front: &Front,
    enforcement: &Enforcement,
    account: &Account,
    entity: Option<&Entity>,
) -> Arc<Own> {
    match entity {
        Some(entity) => account.own(front, &enforcement.aws_managed, entity).await,
        None => Arc::default(),
    }
}

fn tags(entity: Option<&Entity>) -> Vec<(String, String)> {
    let tags = entity.into_iter().flat_map(|entity| &entity.tags);
    tags.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// All session policies as one: what one of them allows, the session may.
async fn session_policy(
    front: &Front,
    enforcement: &Enforcement,
    account: &Account,
    issued: &Issued,
) -> Option<Policy> {
    if issued.policy.is_none() && issued.policy_arns.is_empty() {
        return None;
    }
    let mut documents: Vec<Document> = issued.policy.iter().map(|text| document(text)).collect();
    for arn in &issued.policy_arns {
        let managed = account.managed(front, &enforcement.aws_managed, arn).await;
        documents.push(managed.unwrap_or_else(unreadable));
    }
    Some(Policy::new("session policy", Document::joined(&documents)))
}
