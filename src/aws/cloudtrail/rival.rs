//! What someone else does to a setting of CloudTrail: stops a trail that a run made log.

use aws_config::SdkConfig;
use aws_sdk_cloudtrail::Client;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::{
    aws::account::{Theirs, Unread, why},
    engine::Place,
};

pub(super) fn rival<'a>(
    config: &'a SdkConfig,
    place: &'a Place,
    account: &'a Value,
) -> BoxFuture<'a, Result<Option<Theirs>, Unread>> {
    Box::pin(async move {
        if place.kind != "cloudtrail.logging" {
            return Ok(None);
        }
        let cloudtrail = Client::new(config);
        // Whether a trail logs has two values: theirs is the one that the run did not write.
        if account["trails"][&place.target]["logging"] == true {
            cloudtrail.stop_logging().name(&place.target).send().await.map_err(why)?;
        } else {
            cloudtrail.start_logging().name(&place.target).send().await.map_err(why)?;
        }
        Ok(Some(Theirs::Before))
    })
}
