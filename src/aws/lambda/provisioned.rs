//! How many copies of a function are kept warm, over all its versions and aliases. Owns that read.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html>

use super::FUNCTIONS;
use crate::aws::kit::*;

const LIST: Permission = on("lambda:ListProvisionedConcurrencyConfigs", FUNCTIONS);

fact! {
    pub struct Provisioned { pub function: String }
    // `None`: the endpoint does not say.
    "lambda.provisioned-concurrency" = Option<i32>, target "{function}";
    reads [LIST];
}

impl Fact<Aws> for Provisioned {
    async fn read(&self, aws: &Aws) -> Result<Option<i32>, CallError> {
        let call = aws.lambda().list_provisioned_concurrency_configs();
        let mut all = call.function_name(&self.function).into_paginator().items().send();
        let mut sum = 0;
        while let Some(one) = all.next().await {
            match one.by(LIST) {
                Ok(one) => {
                    sum += one.requested_provisioned_concurrent_executions.unwrap_or_default()
                }
                // Local endpoints lack the call, and answer it in ways of their own.
                Err(e) if aws.is_local() && e.class != Class::Denied => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Ok(Some(sum))
    }
}
