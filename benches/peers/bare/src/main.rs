//! The barest program for the same work with the same SDK, a peer of `peers.py`, which builds and runs it: describes
//! the instances of its arguments side by side, one call each. Fails where one is not found. It uses nothing of
//! backburn and measures nothing itself.

use std::error::Error;

use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ec2 = aws_sdk_ec2::Client::new(&aws_config::load_from_env().await);
    let mut calls = JoinSet::new();
    for instance in std::env::args().skip(1) {
        calls.spawn(ec2.describe_instances().instance_ids(instance).send());
    }
    while let Some(answer) = calls.join_next().await {
        let found = answer??;
        if found.reservations().iter().all(|reservation| reservation.instances().is_empty()) {
            return Err("an instance was not found".into());
        }
    }
    Ok(())
}
