//! Whether an access key may be used. Owns that one setting; whose key it is, is a fact.

use aws_sdk_iam::types::StatusType;

use super::{permissions::*, things::USER};
use crate::aws::kit::*;

setting! {
    /// Status of one long-term access key of a user, by
    /// [`UpdateAccessKey`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html).
    pub struct AccessKeyStatus {
        pub user: String,
        pub key: String,
    }
    "iam.access-key-status" = KeyStatus, target "{user}/{key}";
    reads [LIST_ACCESS_KEYS];
    writes [UPDATE_ACCESS_KEY];
    release Restored Credentials;
    touches [USER(user)];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    Active,
    Inactive,
    /// AWS's own doing; cannot be written.
    Expired,
}

impl KeyStatus {
    /// `None` for a status that this version does not know.
    pub fn of(status: &StatusType) -> Option<Self> {
        match status {
            StatusType::Active => Some(Self::Active),
            StatusType::Inactive => Some(Self::Inactive),
            StatusType::Expired => Some(Self::Expired),
            _ => None,
        }
    }
}

impl Fact<Aws> for AccessKeyStatus {
    /// `Class::Gone` when the user has no such key.
    async fn read(&self, aws: &Aws) -> Result<KeyStatus, CallError> {
        let call = aws.iam().list_access_keys().user_name(&self.user);
        let page = |marker| call.clone().set_marker(marker).send();
        let pages = Pages::new(LIST_ACCESS_KEYS, page).all().await?;
        for key in pages.iter().flat_map(
            aws_sdk_iam::operation::list_access_keys::ListAccessKeysOutput::access_key_metadata,
        ) {
            if key.access_key_id() == Some(self.key.as_str()) {
                let status = key.status().and_then(KeyStatus::of);
                return status.ok_or_else(|| {
                    let text = format!(
                        "access key `{}` has status {:?}, which this version does not know",
                        self.key,
                        key.status()
                    );
                    CallError::local(LIST_ACCESS_KEYS.action, Class::Unknown, text)
                });
            }
        }
        let text = format!("user `{}` has no access key `{}`", self.user, self.key);
        Err(CallError::local(LIST_ACCESS_KEYS.action, Class::Gone, text))
    }
}

impl Setting<Aws> for AccessKeyStatus {
    async fn write(&self, aws: &Aws, value: &KeyStatus) -> Result<(), CallError> {
        let status = match value {
            KeyStatus::Active => StatusType::Active,
            KeyStatus::Inactive => StatusType::Inactive,
            KeyStatus::Expired => {
                let text = "a key expires by itself; set it to `Inactive`";
                return Err(UPDATE_ACCESS_KEY.invalid(text));
            }
        };
        let call = aws.iam().update_access_key().user_name(&self.user);
        call.access_key_id(&self.key).status(status).send().await.by(UPDATE_ACCESS_KEY)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    const KEYS: &str = "<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>false</IsTruncated>\
        <AccessKeyMetadata><member><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Inactive</Status></member>\
        </AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>";

    fn key(id: &str) -> AccessKeyStatus {
        AccessKeyStatus { user: "bob".into(), key: id.into() }
    }

    #[tokio::test]
    async fn a_key_of_someone_else_is_gone_rather_than_inactive() {
        let replay = Replay::default().xml("ListAccessKeys", KEYS);
        let aws = aws(&replay);
        let status = key("AKIAIOSFODNN7EXAMPLE").read(&aws).await;
        assert_eq!(status, Ok(KeyStatus::Inactive));
        let other = key("AKIAAAAAAAAAAAAAAAAA").read(&aws).await.expect_err("not theirs");
        assert_eq!(other.class, Class::Gone);
    }

    #[tokio::test]
    async fn expiry_is_not_written() {
        let replay = Replay::default();
        let error = key("AKIAIOSFODNN7EXAMPLE").write(&aws(&replay), &KeyStatus::Expired).await;
        assert_eq!(error.expect_err("refused").class, Class::Invalid);
        assert!(replay.actions().is_empty());
    }
}
