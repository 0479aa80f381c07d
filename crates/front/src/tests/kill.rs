//! A front that is killed carries on: what it had recorded is there again.

use serde_json::json;

use crate::killable::Killable;
use crate::testing::{account, recorded};

#[tokio::test]
async fn a_killed_front_still_knows_the_calls_before() {
    let home = tempfile::tempdir().expect("a directory");
    let account = account();
    let front = Killable::start(home.path(), "1x").await;
    let user = json!({"UserName": "kill"});
    let client = front.client(&account).await;
    client.query("iam", "CreateUser", user.clone()).await.expect("made");
    recorded(home.path(), "CreateUser", 1).await;
    front.kill().await;
    let front = Killable::start(home.path(), "1x").await;
    let client = front.client(&account).await;
    client.query("iam", "DeleteUser", user).await.expect("removed");
    let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    let found = client.json("cloudtrail", target, json!({})).await.expect("found");
    let names: Vec<_> =
        found["Events"].as_array().into_iter().flatten().map(|e| &e["EventName"]).collect();
    assert_eq!(names, ["DeleteUser", "CreateUser"]);
    front.kill().await;
}
