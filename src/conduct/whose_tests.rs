//! What is exchanged between the look at a run and what is done with it.

use std::{fs, path::Path};

use super::*;
use crate::{
    journal::{FORMAT, Scope, Who},
    program::planfile::sources_sha256,
};

const RUN: &str = "01JD0000000000000000000000";

fn seal(home: &Path) -> Seal {
    Seal::new([7; 32], home.join("heads"))
}

fn started(playbook_sha256: String) -> Record {
    Record::RunStarted {
        format: FORMAT,
        program: "test".into(),
        run: RUN.into(),
        playbook: "p".into(),
        drill: None,
        playbook_sha256,
        plan_sha256: "b".into(),
        inputs_sha256: None,
        scope: Scope { account: "1".into(), principal: "me".into(), region: "r".into() },
        endpoint: None,
        lab: None,
        operator: "me".into(),
        who: Who::default(),
        clock: None,
    }
}

async fn run(home: &Path) -> RunDir {
    let dir = RunDir::create(home, RUN).expect("made");
    let journal = Journal::append_to(&dir.journal(), Head::default(), Vec::new()).expect("opened");
    journal.append(started("a".into())).await.expect("written");
    dir
}

#[tokio::test]
async fn a_run_is_adopted_as_it_was_looked_at() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = run(home.path()).await;
    let seal = seal(home.path());
    let looked = look_as(Some(&seal), &dir).expect("looked at");
    assert_eq!(looked.signature, Signature::Unsigned);
    adopt_as(&seal, &looked).await.expect("adopted");
    assert!(look_as(Some(&seal), &dir).expect("looked at").signature.is_own());
}

/// The other run is this user's own or somebody's, and has the very journal that was looked at.
#[cfg(unix)]
#[tokio::test]
async fn what_was_put_in_a_runs_place_is_not_adopted_nor_touched() {
    for link in [true, false] {
        let home = tempfile::tempdir().expect("a folder");
        let dir = run(home.path()).await;
        let seal = seal(home.path());
        let looked = look_as(Some(&seal), &dir).expect("looked at");
        let (aside, other) = (home.path().join("aside"), home.path().join("other"));
        fs::rename(dir.path(), &aside).expect("moved");
        fs::create_dir(&other).expect("made");
        fs::copy(aside.join(RunDir::JOURNAL), other.join(RunDir::JOURNAL)).expect("copied");
        match link {
            true => std::os::unix::fs::symlink(&other, dir.path()).expect("linked"),
            false => fs::rename(&other, dir.path()).expect("moved"),
        }
        let before = fs::read(dir.journal()).expect("a journal");
        let refused = adopt_as(&seal, &looked).await.expect_err("another folder");
        assert_eq!(refused.exit, Exit::Drift);
        assert!(refused.message.contains("not the folder that was looked at"), "{refused}");
        assert_eq!(fs::read(dir.journal()).expect("a journal"), before, "link: {link}");
        let entries = fs::read_dir(dir.path()).expect("a folder").count();
        assert_eq!(entries, 1, "not even a lock was made");
    }
}

/// The folder is the same, and the journal in it another.
#[cfg(unix)]
#[tokio::test]
async fn another_journal_in_a_runs_folder_is_not_adopted() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = run(home.path()).await;
    let seal = seal(home.path());
    let looked = look_as(Some(&seal), &dir).expect("looked at");
    let text = fs::read(dir.journal()).expect("a journal");
    fs::rename(dir.journal(), home.path().join("aside")).expect("moved");
    fs::write(dir.journal(), &text).expect("written");
    adopt_as(&seal, &looked).await.expect_err("another file");
    assert_eq!(fs::read(dir.journal()).expect("a journal"), text);
}

#[test]
fn a_document_that_was_changed_is_refused() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = RunDir::create(home.path(), RUN).expect("made");
    let files = [("other.yaml".to_owned(), "one".to_owned())];
    let inputs = |text: &str| {
        let json = serde_json::json!({ "name": "p.yaml", "files": { "other.yaml": text } });
        dir.write_json(RunDir::INPUTS, &json).expect("written");
    };
    dir.write(RunDir::PLAYBOOK, b"playbook: a\n").expect("written");
    inputs("one");
    let first = started(sources_sha256("playbook: a\n", &files.into_iter().collect()));
    let kept = document(&dir, Some(&first)).expect("as it was");
    assert_eq!((kept.name.as_str(), kept.text.as_str()), ("p.yaml", "playbook: a\n"));
    assert!(document(&dir, None).is_err(), "a journal that names none");
    // A file that the simulation names belongs to it.
    inputs("two");
    let refused = document(&dir, Some(&first)).expect_err("another file");
    assert_eq!(refused.exit, Exit::Refused);
    inputs("one");
    dir.write(RunDir::PLAYBOOK, b"playbook: b\n").expect("written");
    let refused = document(&dir, Some(&first)).expect_err("another playbook");
    assert!(refused.message.contains("was changed after it started"), "{refused}");
    assert!(refused.help.is_some_and(|help| help.contains("put the file back")));
}
