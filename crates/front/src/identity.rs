//! Whose an access key is: asked of the upstream once, then remembered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use serde_json::json;

use super::wire::Xml;
use super::{Call, Front, Identity, Scope, Session};

/// Keys remembered; more than a lab has.
const MOST: usize = 10_000;
/// The root user's key of an upstream's default account.
const DEFAULT_ROOT: &str = "test";

#[derive(Default)]
pub(super) struct Identities {
    known: Mutex<HashMap<String, Identity>>,
}

impl Identities {
    pub(crate) async fn of(&self, front: &Front, access_key: &str, region: &str) -> Identity {
        if let Some(known) = self.get(access_key) {
            return known;
        }
        match asked(front, access_key, region).await {
            Some(identity) => {
                self.keep(identity.clone());
                identity
            }
            None => guessed(access_key),
        }
    }

    /// What STS's answer contains about a new session. An upstream that checks signatures gives it to nobody else.
    pub(crate) fn learn(&self, front: &Front, call: &Call, body: &[u8]) {
        if front.options().is_enforced
            && call.service == "sts"
            && let Some(identity) = session_of(call, &String::from_utf8_lossy(body))
        {
            self.keep(identity);
        }
    }

    /// Whether the upstream has said whose a key is.
    pub(crate) fn is_known(&self, access_key: &str) -> bool {
        self.get(access_key).is_some()
    }

    pub(crate) fn clear(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn get(&self, access_key: &str) -> Option<Identity> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(access_key).cloned()
    }

    /// Remembers whose a key is.
    pub(crate) fn keep(&self, identity: Identity) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(identity.access_key.clone(), identity);
    }
}

/// Boxed: a session asks for identities, and this asks through a session.
fn asked<'a>(front: &'a Front, key: &'a str, region: &'a str) -> BoxFuture<'a, Option<Identity>> {
    Box::pin(async move {
        if front.options().is_enforced && !is_root(key) {
            return owner(front, key, region).await;
        }
        let session = Session::raw(front, key, Scope::new("", region));
        let xml = session.query("sts", "GetCallerIdentity", json!({})).await.ok()?;
        let text = |name: &str| xml.find(name).map(|element| element.text.clone());
        Some(Identity {
            account: text("Account")?,
            arn: text("Arn")?,
            user_id: text("UserId").unwrap_or_default(),
            access_key: key.to_owned(),
        })
    })
}

/// The root user's own keys: of the default account, and of each account its number.
pub(crate) fn is_root(key: &str) -> bool {
    key == DEFAULT_ROOT || is_account(key)
}

fn is_account(key: &str) -> bool {
    key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit())
}

/// The user of a long-term key, asked as the root user: the front cannot sign for the key itself.
async fn owner(front: &Front, key: &str, region: &str) -> Option<Identity> {
    let root = Session::raw(front, DEFAULT_ROOT, Scope::new("", region));
    let of_key = json!({ "AccessKeyId": key });
    let text = |xml: Xml, name: &str| xml.find(name).map(|element| element.text.clone());
    let told = root.query("sts", "GetAccessKeyInfo", of_key.clone()).await.ok()?;
    let account = text(told, "Account")?;
    let root = Session::raw(front, &account, Scope::new(&account, region));
    let told = root.query("iam", "GetAccessKeyLastUsed", of_key).await.ok()?;
    let name = text(told, "UserName")?;
    let user = root.query("iam", "GetUser", json!({ "UserName": name })).await.ok()?;
    Some(Identity {
        account,
        arn: user.find("Arn").map(|element| element.text.clone())?,
        user_id: user.find("UserId").map(|element| element.text.clone()).unwrap_or_default(),
        access_key: key.to_owned(),
    })
}

/// Whose the credentials are that an operation of STS has answered.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>
fn session_of(call: &Call, body: &str) -> Option<Identity> {
    let xml = Xml::parse(body)?;
    let text = |name: &str| xml.find(name).map(|element| element.text.clone());
    let access_key = text("AccessKeyId")?;
    let (arn, user_id) = match call.operation.as_str() {
        "GetSessionToken" => (call.identity.arn.clone(), call.identity.user_id.clone()),
        "GetFederationToken" => (text("Arn")?, text("FederatedUserId")?),
        _ => (text("Arn")?, text("AssumedRoleId")?),
    };
    Some(Identity { account: arn.split(':').nth(4)?.to_owned(), arn, user_id, access_key })
}

/// For a key that the upstream refuses (deleted, inactive): recorded calls still need an account.
fn guessed(access_key: &str) -> Identity {
    let account = if is_account(access_key) { access_key } else { "000000000000" };
    Identity {
        account: account.into(),
        arn: format!("arn:aws:iam::{account}:root"),
        user_id: account.into(),
        access_key: access_key.into(),
    }
}
