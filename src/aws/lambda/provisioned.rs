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
        let call = call.function_name(&self.function);
        let page = |marker| call.clone().set_marker(marker).send();
        let pages = match Pages::new(LIST, page).all().await {
            // Local endpoints lack the call, and answer it in ways of their own.
            Err(e) if aws.is_here("lambda") && e.class != Class::Denied => return Ok(None),
            other => other?,
        };
        let all = pages.iter().flat_map(aws_sdk_lambda::operation::list_provisioned_concurrency_configs::ListProvisionedConcurrencyConfigsOutput::provisioned_concurrency_configs);
        Ok(Some(all.filter_map(|one| one.requested_provisioned_concurrent_executions).sum()))
    }
}
