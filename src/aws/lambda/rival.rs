//! What someone else does to a setting of Lambda.

use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::{
    aws::account::{Theirs, Unread, why},
    engine::Place,
};

/// Another reservation than the one before and ours.
pub(super) fn rival<'a>(
    config: &'a SdkConfig,
    place: &'a Place,
    _account: &'a Value,
) -> BoxFuture<'a, Result<Option<Theirs>, Unread>> {
    Box::pin(async move {
        if place.kind != "lambda.reserved-concurrency" {
            return Ok(None);
        }
        let call = Client::new(config).put_function_concurrency().function_name(&place.target);
        call.reserved_concurrent_executions(7).send().await.map_err(why)?;
        Ok(Some(Theirs::Third))
    })
}
