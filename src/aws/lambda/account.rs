//! The Lambda part of an account: functions with their reservation and tags. Not their code, which no
//! kind of setting changes.

use aws_sdk_lambda::Client;
use futures::future::BoxFuture;
use serde_json::json;

use crate::aws::account::{Account, Read, Reads, by_id, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[("lambda.reserved-concurrency", &[])],
    evidence: &[],
    open: |lens| Box::new(Reader(Client::new(&lens.upstream))),
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(async {
            let mut functions = self.0.list_functions().into_paginator().items().send();
            let mut all = Vec::new();
            while let Some(function) = functions.next().await {
                let function = function.map_err(why)?;
                let name = function.function_name().unwrap_or_default();
                let reserved = self.0.get_function_concurrency().function_name(name);
                let reserved = reserved.send().await.map_err(why)?.reserved_concurrent_executions;
                let tags = self.0.list_tags().set_resource(function.function_arn.clone());
                let tags = tags.send().await.map_err(why)?.tags.unwrap_or_default();
                let tags: std::collections::BTreeMap<_, _> = tags.into_iter().collect();
                let told = json!({ "role": function.role, "reserved": reserved, "tags": tags });
                all.push((function.function_name, told));
            }
            Ok(json!({ "functions": by_id(all) }))
        })
    }
}
