//! What the chain shows: a real journal in which anything was changed, removed, moved, doubled or cut
//! off; and what the manifest shows of the files beside it.

use std::fs;

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::{
    Ledger, MANIFEST, Origins, Record, Recorded, RunDir, Stock, Stocked, each, parse, read,
    take_stock,
    tests::{on_disk, place, started, value},
};

const RUN: &str = "01JD0000000000000000000000";

/// A journal as the writer makes it, by line with its newline.
fn lines(values: &[String]) -> Vec<Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let mut records = vec![started()];
    records.extend(values.iter().map(|text| value(json!({ "k": text }))));
    records.push(Record::Note { step: "s".into(), text: "the end".into() });
    let bytes = on_disk(&dir.path().join("journal.jsonl"), &[], &records);
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Whether somebody with the true head can detect it: the journal cannot be read, or has another head.
fn is_found(spoilt: &[u8], head: &str) -> bool {
    parse(spoilt).map_or(true, |read| read.head.hash != head || read.torn.is_some())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any byte of any line but the last: without a head from elsewhere. Of the last, and of the newline
    /// before it: with one.
    #[test]
    fn a_changed_byte(values in vec("[ -~]{0,12}", 1..6), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let lines = lines(&values);
        let head = parse(&lines.concat()).unwrap().head.hash;
        let mut bytes = lines.concat();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(is_found(&bytes, &head));
        let last = lines.last().map_or(0, Vec::len);
        // A newline in the middle of a last line, or none before it, could make it a torn one.
        if at + last + 1 < bytes.len() {
            prop_assert!(parse(&bytes).is_err(), "byte {at} to {to}");
        }
    }

    #[test]
    fn a_line_that_was_removed_doubled_or_moved(
        values in vec("[a-z]{0,6}", 2..8),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let whole = lines(&values);
        let (from, to) = (from.index(whole.len() - 1), to.index(whole.len()));
        let mut removed = whole.clone();
        let line = removed.remove(from);
        prop_assert!(parse(&removed.concat()).is_err());
        let mut doubled = whole.clone();
        doubled.insert(to, line.clone());
        prop_assert!(parse(&doubled.concat()).is_err());
        if from != to {
            let mut moved = removed;
            moved.insert(to, line);
            prop_assert!(parse(&moved.concat()).is_err());
        }
    }

    /// A truncation is a torn line, which is reported, or missing whole lines, which only the head reveals.
    #[test]
    fn a_cut_anywhere(values in vec("[a-z]{0,6}", 1..6), at in any::<prop::sample::Index>()) {
        let bytes = lines(&values).concat();
        let head = parse(&bytes).unwrap().head.hash;
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert!(is_found(cut, &head));
        prop_assert_eq!(parse(cut).unwrap().torn.is_none(), cut.is_empty() || cut.ends_with(b"\n"));
    }
}

fn stock(dir: &RunDir) -> Vec<Stocked> {
    let mut recorded = Recorded::of(dir);
    let tail = each(&dir.journal(), |line| recorded.add(&line)).unwrap();
    recorded.stock(dir, &tail.head).unwrap()
}

#[test]
fn the_manifest_shows_what_was_changed_removed_or_added() {
    let home = tempfile::tempdir().unwrap();
    let dir = RunDir::create(home.path(), RUN).unwrap();
    for (name, text) in [("playbook.yaml", "a"), ("inputs.json", "{}"), ("plan.json", "{}")] {
        dir.write(name, text.as_bytes()).unwrap();
    }
    let kept = dir.keep_evidence("look", "stdout", b"seen").unwrap();
    let evidence = Record::Evidence {
        step: "look".into(),
        place: place("stdout"),
        file: kept.file.clone(),
        sha256: kept.sha256,
        bytes: 4,
    };
    on_disk(&dir.journal(), &[], &[started(), evidence]);
    let is =
        |name: &str| stock(&dir).into_iter().find(|(file, _)| file == name).map(|(_, stock)| stock);
    assert_eq!(
        (is(&kept.file), is("plan.json"), is(MANIFEST)),
        (Some(Stock::AsRecorded), None, None)
    );
    let mut origins = Origins::default();
    let tail = each(&dir.journal(), |line| origins.add(&line.record)).unwrap();
    let record = take_stock(&dir, &tail.head, &origins).unwrap();
    assert_eq!(is(MANIFEST), Some(Stock::NotRecorded), "cut off before its record");
    assert!(record.must_sync());
    on_disk(&dir.journal(), &[], &[record]);
    let ledger = Ledger::fold(read(&dir.journal()).unwrap().lines.iter().map(|line| &line.record));
    assert_eq!(ledger.steps.len(), 1);
    let all = stock(&dir);
    assert_eq!(all.len(), 5, "{all:?}");
    assert!(all.iter().all(|(_, stock)| *stock == Stock::AsRecorded), "{all:?}");
    let text = dir.read_text(MANIFEST).unwrap();
    assert!(text.contains("evidence of step `look`: mem.cell stdout"), "{text}");

    dir.write("plan.json", b"{ }").unwrap();
    dir.write("evidence/planted", b"x").unwrap();
    dir.write("report.html", b"made from the journal").unwrap();
    fs::remove_file(dir.path().join(&kept.file)).unwrap();
    assert_eq!(is("plan.json"), Some(Stock::Changed));
    assert_eq!(is("evidence/planted"), Some(Stock::NotListed));
    assert_eq!(is("report.html"), None);
    assert_eq!(is(&kept.file), Some(Stock::Missing));
    // A manifest that was made to fit is not the one in the chain.
    dir.write(MANIFEST, text.replace("plan.json", "plan.jsom").as_bytes()).unwrap();
    assert_eq!(is(MANIFEST), Some(Stock::Changed));
}
