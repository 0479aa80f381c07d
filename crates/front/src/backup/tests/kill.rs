//! A front that is killed in the middle of jobs: the next one carries on, and makes nothing twice.

use serde_json::{Value, json};

use super::{Backup, python, python_at};
use crate::Options;
use crate::killable::Killable;
use crate::testing::{Served, account, moto, served_with};

async fn front(home: &std::path::Path) -> Served {
    let mut options = Options::new(moto().endpoint.clone());
    options.home = Some(home.to_owned());
    options.clock = "10x".parse().expect("a factor");
    served_with(options, |front| front.with(Backup)).await
}

/// A store without any record of what the jobs made, as if the kill came between making it and recording it.
fn forgotten(text: &str) -> String {
    let mut store: Value = serde_json::from_str(text).expect("JSON");
    for kinds in store["scopes"].as_object_mut().expect("scopes").values_mut() {
        let mut forget = |kind: &str, member: &str, is_open: &dyn Fn(&Value) -> bool| {
            for job in
                kinds[kind].as_object_mut().expect("jobs").values_mut().filter(|job| is_open(job))
            {
                job[member] = Value::Null;
            }
        };
        forget("backup.job", "point", &|job| job["state"] == "RUNNING");
        forget("backup.restore", "result", &|job| job["status"] == "RUNNING");
        forget("backup.copy", "target_point", &|job| job["state"] == "RUNNING");
        let points = kinds["backup.point"].as_object_mut().expect("points");
        points.retain(|_, point| point["status"] != "CREATING");
    }
    store.to_string()
}

#[tokio::test]
async fn what_was_made_but_not_written_down_is_found() {
    let home = tempfile::tempdir().expect("a directory");
    let first = front(home.path()).await;
    let ids = python(&first, "begin_three()").await;
    first.front.stop().await;
    let file = home.path().join("front.json");
    let text = std::fs::read_to_string(&file).expect("read");
    std::fs::write(&file, forgotten(&text)).expect("written");
    let mut second = front(home.path()).await;
    second.account.clone_from(&first.account);
    assert_eq!(python(&second, &format!("end_three(*{ids})")).await, json!("ok"));
}

#[tokio::test]
async fn jobs_carry_on_after_a_kill() {
    let home = tempfile::tempdir().expect("a directory");
    let first = front(home.path()).await;
    let ids = python(&first, "begin_three()").await;
    // What is on disk at this moment is all that a kill leaves.
    let copy = tempfile::tempdir().expect("a directory");
    std::fs::copy(home.path().join("front.json"), copy.path().join("front.json")).expect("copied");
    first.front.stop().await;
    let mut second = front(copy.path()).await;
    assert_eq!(second.front.lost().len(), 3, "{:?}", second.front.lost());
    second.account.clone_from(&first.account);
    assert_eq!(python(&second, &format!("end_three(*{ids})")).await, json!("ok"));
}

/// SIGKILL, of a process with every stand-in: nothing is tidied up, and nothing is left out of what was written.
#[tokio::test]
async fn jobs_of_a_killed_process_carry_on() {
    let home = tempfile::tempdir().expect("a directory");
    let account = account();
    let first = Killable::start(home.path(), "10x").await;
    let ids = python_at(&first.endpoint, &account, "begin_three()").await;
    first.kill().await;
    let second = Killable::start(home.path(), "10x").await;
    let ended = python_at(&second.endpoint, &account, &format!("end_three(*{ids})")).await;
    assert_eq!(ended, json!("ok"));
    second.kill().await;
}

#[tokio::test]
async fn a_job_whose_resource_the_upstream_lost_fails() {
    let home = tempfile::tempdir().expect("a directory");
    let first = front(home.path()).await;
    let ids = python(&first, "begin_three()").await;
    first.front.stop().await;
    let file = home.path().join("front.json");
    // As if moto had been restarted: none of its resources exists.
    let text = std::fs::read_to_string(&file)
        .expect("read")
        .replace("snap-", "snap-0")
        .replace("vol-", "vol-0");
    std::fs::write(&file, text).expect("written");
    let mut second = front(home.path()).await;
    second.account.clone_from(&first.account);
    let state =
        python(&second, &format!("ended('{}')['State']", ids[0].as_str().expect("an id"))).await;
    assert_eq!(state, json!("FAILED"));
}
