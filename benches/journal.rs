//! How long it takes to append records in turn and side by side, beside the bare syncs, and to read a journal of 100,000 and fold it.

use std::{io::Write, path::Path};

use backburn::{
    engine::Scope,
    journal::{FORMAT, Head, Journal, KEY, Known, Ledger, Origins, Place, Record, Seal, read},
};
use divan::Bencher;
use serde_json::json;

fn main() {
    divan::main();
}

fn scope() -> Scope {
    Scope {
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        principal: "arn:aws:iam::111122223333:user/bench".into(),
    }
}

fn record(n: usize) -> Record {
    if n == 0 {
        return Record::RunStarted {
            format: FORMAT,
            program: "bench".into(),
            run: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(),
            playbook: "bench".into(),
            drill: None,
            playbook_sha256: "0".repeat(64),
            plan_sha256: "0".repeat(64),
            inputs_sha256: None,
            scope: scope(),
            endpoint: None,
            lab: None,
            operator: "bench".into(),
            who: backburn::journal::Who::default(),
            clock: None,
        };
    }
    let place = Place { kind: "bench.cell".into(), target: format!("cell-{n}"), nth: 0 };
    Record::Outcome { step: format!("step-{}", n % 1000), place, after: json!({ "n": n }) }
}

/// As a run has it: each line signed, its end noted.
fn signed(path: &Path) -> Journal {
    let heads = path.with_file_name("heads");
    let seal = Some((Seal::new([7; KEY], heads), "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()));
    let known = Known { head: Head::default(), origins: Origins::default(), ledger: None, seal };
    Journal::append_knowing(path, known, Vec::new().into(), None).expect("a journal")
}

fn write(path: &Path, records: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let journal = signed(path);
    runtime.block_on(async {
        let appends = (0..records).map(|n| journal.append(record(n)));
        futures::future::try_join_all(appends).await.expect("a disk with room");
    });
}

#[divan::bench(args = [1_000])]
fn append_side_by_side(bencher: Bencher<'_, '_>, records: usize) {
    bencher
        .with_inputs(|| tempfile::tempdir().expect("a directory"))
        .bench_values(|dir| write(&dir.path().join("journal.jsonl"), records));
}

/// One after the other, each waiting for its sync.
#[divan::bench(args = [100])]
fn append_in_turn(bencher: Bencher<'_, '_>, records: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let journal = |dir: &tempfile::TempDir| signed(&dir.path().join("journal.jsonl"));
    bencher
        .with_inputs(|| tempfile::tempdir().map(|dir| (journal(&dir), dir)).expect("a directory"))
        .bench_values(|(journal, dir)| {
            runtime.block_on(async {
                for n in 0..records {
                    journal.append(record(n)).await.expect("a disk with room");
                }
            });
            (journal, dir)
        });
}

/// The floor of it: as many bytes, as many syncs, and nothing else.
#[divan::bench(args = [100])]
fn raw_writes_and_syncs(bencher: Bencher<'_, '_>, records: usize) {
    let line = [b'x'; 400];
    bencher.with_inputs(|| tempfile::tempfile().expect("a file")).bench_values(|mut file| {
        for _ in 0..records {
            file.write_all(&line).and_then(|()| file.sync_data()).expect("a disk with room");
        }
        file
    });
}

#[divan::bench(args = [100_000], sample_count = 10)]
fn read_and_fold(bencher: Bencher<'_, '_>, records: usize) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("journal.jsonl");
    write(&path, records);
    bencher.bench(|| {
        let read = read(&path).expect("an intact journal");
        Ledger::fold(read.lines.iter().map(|line| &line.record)).steps.len()
    });
}
