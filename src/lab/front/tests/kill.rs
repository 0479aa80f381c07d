//! A front that is killed carries on: what it had recorded is there again.

use serde_json::json;

use crate::lab::front::killable::Killable;
use crate::lab::front::{Builder, Options, Scope, Session};

async fn client(endpoint: &str, account: &str) -> Session {
    let front = Builder::new(Options::new(endpoint)).start().await.expect("started");
    front.as_service(&Scope::new(account, "us-east-1"))
}

#[tokio::test]
async fn a_killed_front_still_knows_the_calls_before() {
    let home = tempfile::tempdir().expect("a directory");
    // The other tests of this process do not count so high.
    let account = "299999999999";
    let front = Killable::start(home.path(), "1x").await;
    let user = json!({"UserName": "kill"});
    client(&front.endpoint, account)
        .await
        .query("iam", "CreateUser", user.clone())
        .await
        .expect("made");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    front.kill().await;
    let front = Killable::start(home.path(), "1x").await;
    let client = client(&front.endpoint, account).await;
    client.query("iam", "DeleteUser", user).await.expect("removed");
    let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    let found = client.json("cloudtrail", target, json!({})).await.expect("found");
    let names: Vec<_> =
        found["Events"].as_array().into_iter().flatten().map(|e| &e["EventName"]).collect();
    assert_eq!(names, ["DeleteUser", "CreateUser"]);
    front.kill().await;
}
