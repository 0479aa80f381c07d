//! The access key of a user that the run made: absent, or there with its secret in this process's
//! memory. Owns that the secret goes nowhere else: no value, no journal and no message has it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html>

use aws_sdk_iam::config::Builder;

use super::{
    owned_user::{delete_key, find, keys},
    permissions::*,
    things::USER,
};
use crate::aws::{OnlyRefused, kit::*, owned::Made};

setting! {
    /// A key has neither tags nor a client token: it is the run's because its user is.
    pub struct AccessKey {
        pub user: String,
        pub run: String,
    }
    // The id is the access key id; complete when this process can act as the key.
    "iam.access-key" = Option<Made>, target "{user}";
    reads [GET_USER, LIST_ACCESS_KEYS];
    writes [CREATE_ACCESS_KEY, DELETE_ACCESS_KEY];
    releases [DELETE_ACCESS_KEY];
    release Removed Scaffolding;
    touches [USER(user)];
}

impl AccessKey {
    /// Creates the key once. A key whose secret nobody has any more is useless and is removed:
    /// one of an interrupted attempt, or one that was made without an answer.
    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        for key in keys(aws, &self.user).await? {
            if aws.knows_secret(&key) {
                return Ok(());
            }
            delete_key(aws, &self.user, &key).await?;
        }
        // The SDK would repeat a call whose answer was lost, and make two.
        let once = || Builder::new().retry_classifier(OnlyRefused);
        let call = || async {
            let call = aws.iam().create_access_key().user_name(&self.user).customize();
            let call = call.config_override(once()).send().await;
            call.by(CREATE_ACCESS_KEY)
        };
        let fresh = |e: &CallError| matches!(e.class, Class::Gone | Class::Throttled);
        let made = aws.patiently(fresh, call).await?.access_key;
        let made = made.ok_or_else(|| {
            CallError::local(CREATE_ACCESS_KEY.action, Class::Unknown, "returns no access key")
        })?;
        aws.remember_secret(&made.access_key_id, &made.secret_access_key);
        Ok(())
    }
}

impl Fact<Aws> for AccessKey {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        if find(aws, &self.user, &self.run).await?.is_none() {
            return Ok(None);
        }
        let keys = settled(keys(aws, &self.user).await, Class::Gone)?;
        // The attack may have made another: the first one is the drill's own.
        let known = keys.iter().find(|key| aws.knows_secret(key));
        let key = known.or(keys.first());
        Ok(key.and_then(|key| Made::found(key, known.is_some())))
    }
}

impl Setting<Aws> for AccessKey {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = find(aws, &self.user, &self.run).await?.is_some();
        if value.is_some() {
            return self.create(aws).await;
        }
        if there {
            for key in settled(keys(aws, &self.user).await, Class::Gone)? {
                delete_key(aws, &self.user, &key).await?;
            }
        }
        Ok(())
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }

    fn halfway(before: &Option<Made>, after: &Option<Made>, now: &Option<Made>) -> bool {
        Made::halfway(before, after, now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::replay::{Replay, aws};

    const ID: &str = "AKIAI44QH8DHBEXAMPLE";

    fn key() -> AccessKey {
        AccessKey { user: "backburn-x".into(), run: "01RUN".into() }
    }

    fn with_user(run: &str) -> Replay {
        Replay::default().xml(
            "GetUser",
            &format!(
                "<GetUserResponse><GetUserResult><User><Path>/backburn/</Path><UserName>backburn-x</UserName><UserId>AIDA1</UserId>\
                 <Arn>arn:aws:iam::123456789012:user/backburn/backburn-x</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
                 <Tags><member><Key>backburn:run</Key><Value>{run}</Value></member></Tags></User></GetUserResult></GetUserResponse>"
            ),
        )
    }

    fn listed(ids: &[&str]) -> String {
        let members: String = ids
            .iter()
            .map(|id| {
                format!("<member><AccessKeyId>{id}</AccessKeyId><Status>Active</Status></member>")
            })
            .collect();
        format!(
            "<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata>{members}</AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>"
        )
    }

    const CREATED: &str = "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>backburn-x</UserName>\
        <AccessKeyId>AKIAI44QH8DHBEXAMPLE</AccessKeyId><Status>Active</Status><SecretAccessKey>wJalrXUtnFEMI</SecretAccessKey>\
        </AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>";

    #[tokio::test]
    async fn a_key_without_its_secret_is_replaced_and_the_secret_is_in_no_value() {
        let lost = "AKIAIOSFODNN7EXAMPLE";
        let replay = with_user("01RUN")
            .xml("ListAccessKeys", &listed(&[lost]))
            .xml("ListAccessKeys", &listed(&[lost]))
            .xml("ListAccessKeys", &listed(&[ID]))
            .xml("DeleteAccessKey", "<DeleteAccessKeyResponse/>")
            .xml("CreateAccessKey", CREATED);
        let aws = aws(&replay);
        let half = key().read(&aws).await.expect("read");
        let wanted = Made::wanted(json!({}));
        assert!(AccessKey::halfway(&None, &wanted, &half), "{half:?}");
        key().write(&aws, &wanted).await.expect("made");
        let have = key().read(&aws).await.expect("read");
        assert!(AccessKey::agrees(&wanted, &have), "{have:?}");
        assert!(replay.actions().contains(&"DeleteAccessKey".into()));
        let kept = serde_json::to_string(&(key(), &have)).expect("json");
        assert!(kept.contains(ID) && !kept.contains("wJalr"), "{kept}");
    }

    #[tokio::test]
    async fn no_key_of_a_user_that_the_run_did_not_make_is_touched() {
        let replay = with_user("01OTHER").xml("ListAccessKeys", &listed(&[ID]));
        let aws = aws(&replay);
        assert!(key().write(&aws, &None).await.is_err());
        assert!(key().write(&aws, &Made::wanted(json!({}))).await.is_err());
        assert!(replay.actions().iter().all(|call| call == "GetUser"));
    }
}
