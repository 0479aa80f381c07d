//! The Lambda actions against local endpoints: planned, run and released, with the reservation read
//! by another client.

use aws_sdk_lambda::{
    Client,
    primitives::Blob,
    types::{FunctionCode, Runtime},
};
use backburn::lab::{Lab, seed::Seed};
use serde_json::json;

use crate::{
    rig::{Rig, act},
    support,
};

/// An archive without files.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A function of the seeded account.
pub(crate) async fn function(lab: &Lab, seed: &Seed, name: &str) -> Client {
    let lambda = Client::new(&lab.sdk_config(&seed.account));
    let code = FunctionCode::builder().zip_file(Blob::new(EMPTY_ZIP)).build();
    let call = lambda.create_function().function_name(name).runtime(Runtime::Python312);
    let call = call.role(format!("arn:aws:iam::{}:role/{}", seed.account, seed.role));
    call.handler("index.handler").code(code).send().await.expect("a function");
    lambda
}

/// Throttles and releases; the account must be as before.
async fn throttled_and_given_back(lab: &Lab, seed: &Seed, reserved: Option<i32>) {
    let lambda = function(lab, seed, "resize").await;
    if let Some(reserved) = reserved {
        let call = lambda.put_function_concurrency().function_name("resize");
        call.reserved_concurrent_executions(reserved).send().await.expect("a reservation");
    }
    let now = async || {
        let call = lambda.get_function_concurrency().function_name("resize").send().await;
        call.expect("the function").reserved_concurrent_executions
    };
    let step = act("throttle", "lambda.throttle-function", json!({ "function": "resize" }));
    let rig = Rig::at(lab, &seed.account, vec![step]).await;
    rig.done().await;
    assert_eq!(rig.verdict().0, "Proven");
    assert_eq!(now().await, Some(0));
    rig.release().await;
    assert_eq!(now().await, reserved);
}

#[tokio::test]
async fn a_function_is_throttled_and_its_absent_reservation_given_back() {
    let shared = support::lab();
    throttled_and_given_back(&shared.lab, &shared.seeded().await, None).await;
}

#[tokio::test]
async fn a_function_is_throttled_and_its_own_reservation_given_back() {
    let shared = support::lab();
    throttled_and_given_back(&shared.lab, &shared.seeded().await, Some(5)).await;
}
