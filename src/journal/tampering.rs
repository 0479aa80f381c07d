//! What the chain shows: a real journal in which anything was changed, removed, moved, doubled or cut
//! off; and what the manifest shows of the files beside it.

use std::fs;

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::{
    Ledger, MANIFEST, Origins, Record, Recorded, RunDir, Seal, Signature, Stock, Stocked, Witness,
    each, hash, parse, read, take_stock,
    tests::{on_disk, place, signed_on_disk, started, value},
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

/// A home with a signed journal in it, by line with its newline, and what judges it. The last record is synced, so
/// the note beside the key is at the end.
struct Signed {
    home: tempfile::TempDir,
    seal: Seal,
    lines: Vec<Vec<u8>>,
}

impl Signed {
    fn of(values: &[String]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let seal = Seal::new([7; 32], home.path().join("heads"));
        let mut records = vec![started()];
        records.extend(values.iter().map(|text| value(json!({ "k": text }))));
        records.push(Record::Aborted { by: "me".into(), reason: None, who: super::Who::default() });
        let bytes = signed_on_disk(&home.path().join("journal.jsonl"), &seal, RUN, &records);
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        Self { home, seal, lines }
    }

    /// None where it cannot be read; whether a last line was cut off, and whose it is.
    fn judged(&self, run: &str, bytes: &[u8]) -> Option<(bool, Signature)> {
        let witness = Witness::of(Some(&self.seal), run);
        let read = parse(bytes).ok()?;
        Some((read.torn.is_some(), witness.judge(&read.head, &read.last)))
    }

    fn is_followed(&self, run: &str, bytes: &[u8]) -> bool {
        self.judged(run, bytes).is_some_and(|(_, signature)| signature.is_own())
    }
}

/// What somebody without the key can make of lines: each with the hash of the one before it.
fn chained(lines: &[String]) -> Vec<u8> {
    let mut prev = "0".repeat(64);
    let mut bytes = Vec::new();
    for (seq, line) in lines.iter().enumerate() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["seq"] = seq.into();
        line["prev"] = prev.into();
        let text = line.to_string();
        prev = hash(text.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Without any head from elsewhere: no change of any byte, the last line's included, is followed.
    #[test]
    fn a_changed_byte_of_a_signed_journal(values in vec("[ -~]{0,12}", 1..5), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let signed = Signed::of(&values);
        let mut bytes = signed.lines.concat();
        prop_assert!(signed.is_followed(RUN, &bytes));
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(!signed.is_followed(RUN, &bytes), "byte {at} to {to}");
    }

    /// A cut anywhere is told from a crash: what was synced is noted beside the key.
    #[test]
    fn a_cut_of_a_signed_journal(values in vec("[a-z]{0,6}", 1..5), at in any::<prop::sample::Index>()) {
        let signed = Signed::of(&values);
        let bytes = signed.lines.concat();
        let cut = &bytes[..at.index(bytes.len())];
        let (_, signature) = signed.judged(RUN, cut).unwrap();
        prop_assert!(matches!(signature, Signature::Tampered(_)), "{signature:?}");
    }

    /// Whatever of its lines are left out, doubled or moved, with a chain that holds again.
    #[test]
    fn lines_of_a_signed_journal_in_another_chain(
        values in vec("[a-z]{0,6}", 2..6),
        picked in vec(any::<prop::sample::Index>(), 1..8),
    ) {
        let signed = Signed::of(&values);
        let whole: Vec<String> = signed.lines.iter().map(|line| String::from_utf8(line.clone()).unwrap()).collect();
        let rest = picked.iter().map(|at| whole[1 + at.index(whole.len() - 1)].clone());
        let lines: Vec<String> = std::iter::once(whole[0].clone()).chain(rest).collect();
        prop_assume!(lines != whole);
        prop_assert!(!signed.is_followed(RUN, &chained(&lines)));
    }
}

#[test]
fn a_journal_is_one_users_and_one_runs() {
    let signed = Signed::of(&["a".into()]);
    let bytes = signed.lines.concat();
    assert_eq!(signed.judged(RUN, &bytes), Some((false, Signature::ThisUser)));
    // A folder of one's own under another name: another run as `last`.
    let other = "01JD0000000000000000000001";
    assert!(matches!(signed.judged(other, &bytes), Some((_, Signature::Tampered(_)))));
    let read = parse(&bytes).unwrap();
    let judge = |seal: Option<&Seal>| Witness::of(seal, RUN).judge(&read.head, &read.last);
    let empty = tempfile::tempdir().unwrap();
    let theirs = Seal::new([8; 32], empty.path().join("heads"));
    assert_eq!(judge(Some(&theirs)), Signature::AnotherKey);
    assert_eq!(judge(None), Signature::AnotherKey);
    // On another machine with the same key nothing is noted: it is followed as far as it goes.
    let elsewhere = Seal::new([7; 32], empty.path().join("heads"));
    assert_eq!(judge(Some(&elsewhere)), Signature::ThisUser);
    let unsigned = parse(&lines(&[]).concat()).unwrap();
    let judged = Witness::of(Some(&theirs), RUN).judge(&unsigned.head, &unsigned.last);
    assert_eq!(judged, Signature::Unsigned);
}

/// A `kill -9` leaves a journal that is torn, or ahead of what is noted.
#[test]
fn what_a_crash_leaves_is_still_followed() {
    let signed = Signed::of(&["a".into()]);
    let torn = [signed.lines.concat(), b"{\"seq\":3".to_vec()].concat();
    assert_eq!(signed.judged(RUN, &torn), Some((true, Signature::ThisUser)));
    let path = signed.home.path().join("journal.jsonl");
    let note = Record::Note { step: "s".into(), text: "written, and not synced".into() };
    let ahead = signed_on_disk(&path, &signed.seal, RUN, &[note]);
    assert_eq!(signed.judged(RUN, &ahead), Some((false, Signature::ThisUser)));
}

/// Whoever looks at a run that others wrote and continues it vouches for all of it.
#[test]
fn a_signed_record_covers_what_comes_before_it() {
    let signed = Signed::of(&[]);
    let run = "01JD0000000000000000000002";
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.jsonl");
    on_disk(&path, &[], &[started(), value(json!(1))]);
    let before = fs::read(&path).unwrap();
    assert_eq!(signed.judged(run, &before), Some((false, Signature::Unsigned)));
    let after = signed_on_disk(&path, &signed.seal, run, &[Record::Adopted { by: "me".into() }]);
    assert!(signed.is_followed(run, &after));
    let mut changed = after;
    changed[before.len() / 2] ^= 1;
    assert!(!signed.is_followed(run, &changed));
    assert!(!signed.is_followed(run, &before), "the adoption was cut off");
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
