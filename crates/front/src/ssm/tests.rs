//! Run Command before a real moto, through boto3.

use serde_json::json;

use super::Ssm;
use crate::testing::{moto, served_with};
use crate::{Clock, Options};

#[tokio::test]
async fn boto3_runs_commands_on_managed_nodes() {
    let mut options = Options::new(moto().endpoint.clone());
    options.clock = Clock::times(10.0).expect("a factor");
    let lab = served_with(options, |front| front.with(Ssm)).await;
    let result = lab.boto3(include_str!("../../tests/ssm.py")).await;
    assert_eq!(result, json!("done"));
}
