//! How many copies of a function may run at once. Zero keeps every new invocation off; those that run
//! continue to their end.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>

use super::{FUNCTIONS, things::FUNCTION};
use crate::aws::kit::*;

const GET: Permission = on("lambda:GetFunctionConcurrency", FUNCTIONS);
const PUT: Permission = on("lambda:PutFunctionConcurrency", FUNCTIONS);
const DELETE: Permission = on("lambda:DeleteFunctionConcurrency", FUNCTIONS);

setting! {
    pub struct ReservedConcurrency { pub function: String }
    // `None`: no reservation; the function shares what the account has.
    "lambda.reserved-concurrency" = Option<i32>, target "{function}";
    reads [GET];
    writes [PUT, DELETE];
    release Restored Capacity;
    touches [FUNCTION(function)];
}

impl Fact<Aws> for ReservedConcurrency {
    async fn read(&self, aws: &Aws) -> Result<Option<i32>, CallError> {
        let call = aws.lambda().get_function_concurrency().function_name(&self.function);
        Ok(call.send().await.by(GET)?.reserved_concurrent_executions)
    }
}

impl Setting<Aws> for ReservedConcurrency {
    async fn write(&self, aws: &Aws, value: &Option<i32>) -> Result<(), CallError> {
        let Some(most) = value else {
            let call = aws.lambda().delete_function_concurrency().function_name(&self.function);
            return call.send().await.map(drop).by(DELETE);
        };
        let call = aws.lambda().put_function_concurrency().function_name(&self.function);
        call.reserved_concurrent_executions(*most).send().await.map(drop).by(PUT)
    }
}
