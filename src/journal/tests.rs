//! The file itself: what is tolerated at its end, what is not anywhere else, secrets, group commit,
//! a full disk, the lock.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    FORMAT, Head, How, Journal, Known, Ledger, Origins, Place, REDACTED, ReadError, Record,
    Redactor, RunDir, RunDirError, Scope, Seal, each, hook::Hook, is_hash, parse, read, read_kept,
    redact,
};

fn scope() -> Scope {
    Scope { account: "1".into(), region: "r".into(), principal: "p".into() }
}

pub(super) fn started() -> Record {
    Record::RunStarted {
        format: FORMAT,
        program: "test".into(),
        run: "R".into(),
        playbook: "p".into(),
        drill: None,
        playbook_sha256: "a".into(),
        plan_sha256: "b".into(),
        inputs_sha256: None,
        scope: scope(),
        endpoint: None,
        lab: None,
        operator: "me".into(),
        who: crate::journal::Who::default(),
        clock: None,
    }
}

pub(super) fn place(target: &str) -> Place {
    Place { kind: "mem.cell".into(), target: target.into(), nth: 0 }
}

pub(super) fn value(value: Value) -> Record {
    Record::Read { step: "s".into(), place: place("x"), scope: scope(), value }
}

fn open(path: &Path, secrets: &[&str]) -> Journal {
    let head = if path.exists() { read(path).unwrap().head } else { Head::default() };
    Journal::append_to(path, head, secrets.iter().map(|s| (*s).into()).collect()).unwrap()
}

pub(super) fn on_disk(path: &Path, secrets: &[&str], records: &[Record]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let journal = open(path, secrets);
    runtime.block_on(async {
        for record in records {
            journal.append(record.clone()).await.unwrap();
        }
    });
    drop(journal);
    fs::read(path).unwrap()
}

/// The same, each line signed.
pub(super) fn signed_on_disk(path: &Path, seal: &Seal, run: &str, records: &[Record]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let head = if path.exists() { read(path).unwrap().head } else { Head::default() };
    let seal = Some((seal.clone(), run.to_owned()));
    let known = Known { head, origins: Origins::default(), ledger: None, seal };
    let journal = Journal::append_knowing(path, known, Vec::new().into(), None).unwrap();
    runtime.block_on(async {
        for record in records {
            journal.append(record.clone()).await.unwrap();
        }
    });
    drop(journal);
    fs::read(path).unwrap()
}

fn three(dir: &TempDir) -> (PathBuf, Vec<u8>) {
    let path = dir.path().join("journal.jsonl");
    let bytes = on_disk(&path, &[], &[started(), value(json!(1)), value(json!(2))]);
    (path, bytes)
}

#[test]
fn a_torn_or_garbage_last_line_is_dropped_and_written_over() {
    let dir = TempDir::new().unwrap();
    let (path, whole) = three(&dir);
    let last = whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    for cut in last + 1..whole.len() {
        let found = parse(&whole[..cut]).unwrap();
        assert_eq!((found.lines.len(), found.torn.is_some()), (2, true));
    }
    for garbage in [&b"\0\0\0\0"[..], b"\0\0\0\n", b"{\"seq\":3,\n", b"\xff\xfe"] {
        fs::write(&path, [&whole[..], garbage].concat()).unwrap();
        let found = read(&path).unwrap();
        assert_eq!((found.lines.len(), found.torn.is_some()), (3, true));
        on_disk(&path, &[], &[value(json!(3))]);
        let found = read(&path).unwrap();
        assert_eq!((found.lines.len(), found.torn.is_some()), (4, false));
    }
}

#[test]
fn a_changed_removed_inserted_or_swapped_record_is_found() {
    let dir = TempDir::new().unwrap();
    let (_, whole) = three(&dir);
    let lines: Vec<_> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let changed =
        String::from_utf8(whole.clone()).unwrap().replacen("\"value\":1", "\"value\":7", 1);
    let spoilt = [
        changed.into_bytes(),
        [lines[0], lines[2]].concat(),
        [lines[1], lines[2]].concat(),
        [lines[0], lines[1], lines[1], lines[2]].concat(),
        [lines[0], lines[2], lines[1]].concat(),
        [lines[0], lines[1], lines[2], lines[0]].concat(),
    ];
    for bytes in spoilt {
        assert!(matches!(parse(&bytes), Err(ReadError::Broken { .. })));
    }
    let garbage = [lines[0], b"garbage\n", lines[2]].concat();
    assert!(matches!(parse(&garbage), Err(ReadError::NotARecord { line: 2, .. })));
}

#[test]
fn a_newer_format_or_record_is_refused_and_not_cut_off() {
    let zeros = "0".repeat(64);
    let next = FORMAT + 1;
    let newer = format!(
        "{{\"seq\":0,\"prev\":\"{zeros}\",\"record\":\"run-started\",\"format\":{next}}}\n"
    );
    assert!(matches!(parse(newer.as_bytes()), Err(ReadError::Newer { found }) if found == next));
    let dir = TempDir::new().unwrap();
    let (_, whole) = three(&dir);
    let whole = [&whole[..], b"{\"seq\":3,\"record\":\"of-the-future\"}\n"].concat();
    assert!(matches!(parse(&whole), Err(ReadError::NotARecord { line: 4, .. })));
}

#[test]
fn every_value_comes_back_as_it_was_written() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.jsonl");
    let intent = |until| Record::Intent {
        step: "s".into(),
        place: place("x"),
        scope: scope(),
        setting: json!({ "name": "x" }),
        how: How::Restored,
        before: Value::Null,
        after: json!({ "b": 1, "a": [null, 1.5, "\u{2028}\"\\"] }),
        until,
    };
    let records = [started(), intent(None), intent(Some(Value::Null)), intent(Some(json!("x")))];
    on_disk(&path, &[], &records);
    let back: Vec<_> = read(&path).unwrap().lines.into_iter().map(|line| line.record).collect();
    assert_eq!(back, records);
    assert_eq!(Ledger::fold(&back).changes().count(), 1);
}

#[test]
fn what_was_closed_is_opened_and_shut_again() {
    let at = |nth| Place { nth, ..place("x") };
    let intent = |nth, until| Record::Intent {
        step: "s".into(),
        place: at(nth),
        scope: scope(),
        setting: json!("x"),
        how: How::Restored,
        before: json!(nth),
        after: json!(nth + 1),
        until,
    };
    let outcome = |nth| Record::Outcome { step: "s".into(), place: at(nth), after: json!(nth + 1) };
    let closed = Record::Closed { step: "s".into(), place: at(0), value: json!(2) };
    let ledger =
        Ledger::fold(&[intent(0, Some(json!(2))), outcome(0), intent(1, None), outcome(1), closed]);
    assert!(ledger.change("s", &at(0)).unwrap().closed);
    assert_eq!(ledger.change("s", &at(1)).unwrap().outcome, None, "it must be closed again");
}

#[test]
fn no_secret_reaches_the_file_and_the_chain_still_holds() {
    let dir = TempDir::new().unwrap();
    for secret in ["hunter2", "read", "step", "r", "0", "prev", "42", "quo\"te", "\u{e4}\n"] {
        let path = dir.path().join(format!("{}.jsonl", super::hash(secret.as_bytes())));
        let text = format!("before {secret} after");
        let records = [
            started(),
            value(json!({ "k": [text, { secret: 1 }], "n": secret.parse::<u64>().ok() })),
            Record::StepFailed {
                step: "s".into(),
                attempt: 1,
                word: "call".into(),
                error: text.clone(),
                class: None,
                last: true,
            },
            Record::Note { step: "s".into(), text: text.clone() },
        ];
        on_disk(&path, &[secret, &format!("{secret} after")], &records);
        let found = read(&path).unwrap();
        assert_eq!(found.lines.len(), 4);
        for line in &found.lines[1..] {
            let kept = serde_json::to_value(&line.record).unwrap();
            for field in ["value", "error", "text"] {
                let kept = kept.get(field).map(Value::to_string).unwrap_or_default();
                let kept = kept.replace(REDACTED, "");
                let text = if secret.len() > 2 { secret } else { &text };
                assert!(!kept.contains(text), "{secret:?} in {kept}");
            }
        }
    }
    let secrets = ["abcdef".to_owned(), "abc".to_owned()];
    assert_eq!(redact(json!("xabcdefx"), &secrets), json!(format!("x{REDACTED}x")));
}

#[test]
fn records_that_wait_together_share_a_sync() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.jsonl");
    let hook = Hook::of(&path);
    let journal = open(&path, &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = |n: usize| Record::Outcome {
        step: "s".into(),
        place: place(&n.to_string()),
        after: Value::Null,
    };
    runtime.block_on(async {
        journal.append(started()).await.unwrap();
        let appends = (0..1000).map(|n| journal.append(outcome(n)));
        futures::future::try_join_all(appends).await.unwrap();
    });
    drop(journal);
    assert!(hook.syncs() < 300, "{} syncs for 1000 records", hook.syncs());
    assert_eq!(read(&path).unwrap().lines.len(), 1001);
    Hook::forget(&path);
}

#[test]
fn after_a_failed_write_nothing_is_appended() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.jsonl");
    Hook::of(&path).full_after(2);
    let journal = open(&path, &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        journal.append(started()).await.unwrap();
        // Nothing depends on a read: the next record that something depends on reports the failure.
        for _ in 0..2 {
            journal.append(value(json!(1))).await.unwrap();
        }
        for record in [started(), value(json!(2)), started()] {
            let error = journal.append(record).await.unwrap_err();
            assert!(error.to_string().contains("resume or release"), "{error}");
        }
    });
    drop(journal);
    Hook::forget(&path);
    let found = read(&path).unwrap();
    assert_eq!((found.lines.len(), found.torn.map(|torn| torn.len())), (2, Some(7)));
    on_disk(&path, &[], &[value(json!(2))]);
    assert_eq!(read(&path).unwrap().lines.len(), 3);
}

#[test]
fn a_second_process_is_kept_off_and_a_run_is_found_by_its_prefix() {
    let home = TempDir::new().unwrap();
    let ids = ["01JD0000000000000000000000", "01JE0000000000000000000000"];
    for id in ids {
        RunDir::create(home.path(), id).unwrap();
    }
    let dir = RunDir::find(home.path(), "01jd").unwrap();
    let lock = dir.lock().unwrap();
    assert!(matches!(dir.lock(), Err(RunDirError::Locked { .. })));
    drop(lock);
    dir.lock().unwrap();
    assert_eq!(RunDir::find(home.path(), "last").unwrap().id(), ids[1]);
    assert!(matches!(RunDir::find(home.path(), "01"), Err(RunDirError::Ambiguous { .. })));
    assert!(matches!(RunDir::find(home.path(), "02"), Err(RunDirError::Unknown { .. })));
    assert!(RunDir::create(home.path(), ids[0]).is_err());
    let kept = dir.keep_evidence("a[0]", "../../etc/passwd", b"x").unwrap();
    assert!(dir.path().join(&kept.file).starts_with(dir.path().join("evidence/a[0]")));
    assert_eq!(fs::read(dir.path().join(&kept.file)).unwrap(), b"x");
}

/// Whoever may write to a run's directory must not make whoever looks at it wait, or read what lies elsewhere.
#[cfg(unix)]
#[test]
fn a_pipe_or_a_link_in_a_file_s_place_is_an_error_at_once() {
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let home = TempDir::new().unwrap();
        let dir = RunDir::create(home.path(), "01JD0000000000000000000000").unwrap();
        let pipe = |name: &str| {
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            let kind = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, dir.path().join(name), kind, mode, 0).unwrap();
        };
        for name in [RunDir::LOCK, RunDir::JOURNAL, RunDir::STATE, RunDir::PLAN, RunDir::INPUTS] {
            pipe(name);
        }
        pipe("evidence/pipe");
        pipe("../turn.lock");
        assert!(dir.lock().is_err());
        assert!(RunDir::turn(home.path()).is_err());
        assert!(read(&dir.journal()).is_err() && read_kept(&dir.journal()).is_err());
        assert!(each(&dir.journal(), drop).is_err());
        assert!(dir.state(None).is_err());
        assert!(dir.read_text(RunDir::INPUTS).is_err());
        assert!(dir.read_json::<Value>(RunDir::PLAN).is_err());
        assert!(dir.open("evidence/pipe").is_err());
        let known =
            Known { head: Head::default(), origins: Origins::default(), ledger: None, seal: None };
        let by = Vec::new().into();
        assert!(Journal::append_knowing(&dir.journal(), known, by, None).is_err());
        // What is written whole takes the pipe's place.
        dir.write_json(RunDir::PLAN, &json!({})).unwrap();
        assert_eq!(dir.read_json::<Value>(RunDir::PLAN).unwrap(), json!({}));

        let secret = home.path().join("secret");
        fs::write(&secret, "x").unwrap();
        std::os::unix::fs::symlink(&secret, dir.path().join("evidence/link")).unwrap();
        std::os::unix::fs::symlink(home.path(), dir.path().join("evidence/folder")).unwrap();
        for outside in ["../../secret", "/etc/passwd", "evidence/link", "evidence/folder/secret"] {
            assert!(dir.open(outside).is_err(), "{outside}");
        }
        ended.send(()).unwrap();
    });
    end.recv_timeout(std::time::Duration::from_mins(1)).expect("it fails or hangs");
}

#[test]
fn a_hash_is_named_by_32_digits_or_more() {
    let hash = "0123456789abcdef".repeat(4);
    for given in [&hash[..32], &hash[..33], &hash, &hash.to_uppercase()] {
        assert!(is_hash(&hash, given), "{given}");
    }
    let longer = format!("{hash}0");
    for given in ["", &hash[..31], &hash[1..], "g", &longer] {
        assert!(!is_hash(&hash, given), "{given}");
    }
}

#[test]
fn records_from_before_drills_still_read() {
    let none = |record: Record| {
        let json = serde_json::to_value(record).unwrap();
        assert!(json.get("drill").is_none() && json.get("discard").is_none(), "{json}");
        serde_json::from_value::<Record>(json).unwrap()
    };
    let ledger = Ledger::fold(&[none(started())]);
    assert_eq!(ledger.drill(), None);
    let released =
        Record::ReleaseStarted { by: "me".into(), steps: None, force: vec![], discard: false };
    assert_eq!(none(released.clone()), released);
    let mut json = serde_json::to_value(started()).unwrap();
    json["drill"] = "key-leak".into();
    assert_eq!(Ledger::fold(&[serde_json::from_value(json).unwrap()]).drill(), Some("key-leak"));
}

/// What the writer knows about a journal that it continues, and the file's own record.
fn known_and_read(path: &Path, earlier: &[Record], records: &[Record]) -> (Option<Ledger>, Ledger) {
    let head = if path.exists() { read(path).unwrap().head } else { Head::default() };
    let known = Known {
        head,
        origins: Origins::default(),
        ledger: Some(Ledger::fold(earlier)),
        seal: None,
    };
    let secrets = vec!["hush".into()];
    let journal = Journal::append_knowing(path, known, secrets.into(), None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ledger = runtime.block_on(async {
        for record in records {
            // The last of them fails where the disk is full.
            let _ = journal.append(record.clone()).await;
        }
        if let Some((head, _)) = journal.stock().await {
            assert_eq!(head, read(path).unwrap().head);
        }
        journal.ledger().await
    });
    drop(journal);
    // A marker in memory is not what people read.
    let shown = |mut ledger: Ledger| {
        ledger.show(&Redactor::default());
        ledger
    };
    (ledger.map(shown), Ledger::read(path).unwrap())
}

#[test]
fn the_writer_knows_what_the_file_says() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.jsonl");
    let first = [started(), value(json!("hush"))];
    let (known, file) = known_and_read(&path, &[], &first);
    assert_eq!(known.as_ref(), Some(&file));
    assert!(!format!("{known:?}").contains("hush"), "no more than the file has");
    let earlier: Vec<_> = read(&path).unwrap().lines.into_iter().map(|line| line.record).collect();
    let note = Record::Note { step: "other".into(), text: "not waited for".into() };
    let (known, file) = known_and_read(&path, &earlier, &[note]);
    assert_eq!(known, Some(file));
    // After a write that failed only the file tells.
    Hook::of(&path).full_after(1);
    let earlier: Vec<_> = read(&path).unwrap().lines.into_iter().map(|line| line.record).collect();
    let (known, file) =
        known_and_read(&path, &earlier, &[value(json!(1)), value(json!(2)), note_that_waits()]);
    assert_eq!((known, file.steps["s"].places.len()), (None, 1));
}

fn note_that_waits() -> Record {
    Record::StepFinished { step: "s".into(), outputs: json!({}) }
}
