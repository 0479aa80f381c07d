//! The state of a user before it is contained. Owns that read.

use super::{KeyStatus, LoginProfile, permissions::*};
use crate::aws::kit::*;

fact! {
    /// A user with its keys and whether it may use the console. `Class::Gone` when there is none.
    pub struct User {
        pub name: String,
    }
    "iam.user" = UserIs, target "{name}";
    reads [GET_USER, GET_LOGIN_PROFILE, LIST_ACCESS_KEYS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserIs {
    pub arn: String,
    /// `AIDA...`
    pub id: String,
    pub console: bool,
    pub keys: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub id: String,
    /// `None` when it is one that this version does not know.
    pub status: Option<KeyStatus>,
}

impl UserIs {
    /// Ids of the keys that can still be used.
    pub fn usable(&self) -> impl Iterator<Item = &str> {
        let usable = |key: &&Key| key.status != Some(KeyStatus::Inactive);
        self.keys.iter().filter(usable).map(|key| key.id.as_str())
    }
}

impl Fact<Aws> for User {
    async fn read(&self, aws: &Aws) -> Result<UserIs, CallError> {
        let found = aws.iam().get_user().user_name(&self.name).send().await;
        let user = found.by(GET_USER)?.user;
        let user = user
            .ok_or_else(|| CallError::local(GET_USER.action, Class::Unknown, "returns no user"))?;
        let call = aws.iam().list_access_keys().user_name(&self.name);
        let page = |marker| call.clone().set_marker(marker).send();
        let pages = Pages::new(LIST_ACCESS_KEYS, page).all().await?;
        let mut keys = Vec::new();
        for key in pages.into_iter().flat_map(|page| page.access_key_metadata) {
            let status = key.status().and_then(KeyStatus::of);
            keys.extend(key.access_key_id.map(|id| Key { id, status }));
        }
        let console = LoginProfile { user: self.name.clone() }.read(aws).await?;
        Ok(UserIs { arn: user.arn, id: user.user_id, console, keys })
    }
}
