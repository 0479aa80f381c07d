//! Whose an access key is: asked of the upstream once, then remembered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use serde_json::json;

use super::{Front, Identity, Scope};

/// Keys remembered; more than a lab has.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Identities {
    known: Mutex<HashMap<String, Identity>>,
}

impl Identities {
    pub async fn of(&self, front: &Front, access_key: &str, region: &str) -> Identity {
        if let Some(known) = self.get(access_key) {
            return known;
        }
        match asked(front, access_key, region).await {
            Some(identity) => {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                if known.len() >= MOST {
                    known.clear();
                }
                known.insert(access_key.to_owned(), identity.clone());
                identity
            }
            None => guessed(access_key),
        }
    }

    pub fn clear(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn get(&self, access_key: &str) -> Option<Identity> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(access_key).cloned()
    }
}

/// Boxed: a session asks for identities, and this asks through a session.
fn asked<'a>(front: &'a Front, key: &'a str, region: &'a str) -> BoxFuture<'a, Option<Identity>> {
    Box::pin(async move {
        let session = front.session(key, Scope::new("", region));
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

/// For a key that the upstream refuses (deleted, inactive): recorded calls still need an account.
fn guessed(access_key: &str) -> Identity {
    let is_account = access_key.len() == 12 && access_key.bytes().all(|b| b.is_ascii_digit());
    let account = if is_account { access_key } else { "000000000000" };
    Identity {
        account: account.into(),
        arn: format!("arn:aws:iam::{account}:root"),
        user_id: account.into(),
        access_key: access_key.into(),
    }
}
