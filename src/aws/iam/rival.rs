//! What someone else does to a setting of IAM: a value of theirs for each kind that has one.

use aws_config::SdkConfig;
use aws_sdk_iam::{Client, types::StatusType};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::{
    aws::account::{Theirs, Unread, why},
    engine::Place,
};

pub(super) fn rival<'a>(
    config: &'a SdkConfig,
    place: &'a Place,
    _account: &'a Value,
) -> BoxFuture<'a, Result<Option<Theirs>, Unread>> {
    Box::pin(write(config, place))
}

async fn write(config: &SdkConfig, place: &Place) -> Result<Option<Theirs>, Unread> {
    let iam = Client::new(config);
    let (owner, rest) = place.target.split_once('/').unwrap_or((&place.target, ""));
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "Theirs", "Effect": "Deny", "Action": "s3:*", "Resource": "*" }] });
    match place.kind.as_str() {
        "iam.user-policy" => {
            let call = iam.put_user_policy().user_name(owner).policy_name(rest);
            call.policy_document(document.to_string()).send().await.map_err(why)?;
            Ok(Some(Theirs::Third))
        }
        "iam.role-policy" => {
            let call = iam.put_role_policy().role_name(owner).policy_name(rest);
            call.policy_document(document.to_string()).send().await.map_err(why)?;
            Ok(Some(Theirs::Third))
        }
        "iam.access-key-status" => {
            let call = iam.update_access_key().user_name(owner).access_key_id(rest);
            call.status(StatusType::Active).send().await.map_err(why)?;
            Ok(Some(Theirs::Before))
        }
        _ => Ok(None),
    }
}
