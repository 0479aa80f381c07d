//! The Systems Manager part of an account: the commands that were sent, with their instances and how they
//! ended. What a command did on an instance is in no account.

use aws_sdk_ssm::Client;
use futures::future::BoxFuture;
use serde_json::json;

use crate::aws::account::{Account, Read, Reads, by_id, why};

pub(super) const ACCOUNT: Account = Account {
    covers: &[("ssm.send-command", &[("commands", "")])],
    evidence: &["commands"],
    // Only the front knows of commands.
    open: |lens| Box::new(Reader(Client::new(&lens.front))),
};

struct Reader(Client);

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(async {
            let mut pages = self.0.list_commands().into_paginator().items().send();
            let mut all = Vec::new();
            while let Some(one) = pages.next().await {
                let one = one.map_err(why)?;
                let parameters = one.parameters.unwrap_or_default();
                let parameters: Vec<_> =
                    parameters.iter().map(|(key, of)| json!([key, of])).collect();
                let told = json!({
                    "document": one.document_name, "instances": one.instance_ids,
                    "parameters": parameters, "status": one.status.map(|status| status.to_string()),
                });
                all.push((one.command_id, told));
            }
            Ok(json!({ "commands": by_id(all) }))
        })
    }
}
