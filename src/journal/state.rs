//! The state of a run and what it still holds, kept beside its journal so that a query over
//! many runs need not read all of their journals. Owns the file and when it is trusted. It is made from
//! the journal and from nothing else; where it does not fit the journal it is made again.

use std::{
    collections::BTreeMap,
    fs::Metadata,
    io::{self, BufReader, Read as _},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Place, ReadError, Record, Released, RunDir, RunStatus, Scope, Seal, Signature, Witness,
    reader::each_of,
};

/// Version of the file. One of another version is made again.
const FORMAT: u32 = 3;

/// How a run stands, as its journal says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunState {
    /// None where the journal has no record yet.
    pub started: Option<Started>,
    pub status: Option<RunStatus>,
    pub aborted: bool,
    /// As in [`Ledger`](super::Ledger).
    pub released: Option<bool>,
    /// As in [`Ledger`](super::Ledger).
    pub scored: Option<String>,
    /// Changes that the run made, also those that were given back.
    pub changes: usize,
    /// Changes that are still the run's: not given back, and not kept for good by a release.
    pub held: Vec<Held>,
    /// Whose the journal is; none where it has no record.
    pub signature: Option<Signature>,
}

/// Of the first record, what tells runs apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Started {
    pub playbook: String,
    pub drill: Option<String>,
    pub scope: Scope,
    pub endpoint: Option<String>,
}

/// A change that a run holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Held {
    pub place: Place,
    pub region: String,
    /// The setting's value as read back, or as it was meant to be while that is not settled.
    pub ours: Value,
}

impl RunState {
    /// Neither ended, aborted nor released: a process works on it, or will once it is resumed.
    pub fn is_open(&self) -> bool {
        self.status.is_none() && !self.aborted && self.released.is_none()
    }
}

/// Which journal a state was made from. A journal only grows, so one of the same length and time is
/// the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateKey {
    bytes: u64,
    /// Since 1970, in seconds and nanoseconds.
    modified: (u64, u32),
}

impl StateKey {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        let since = metadata.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
        Ok(Self { bytes: metadata.len(), modified: (since.as_secs(), since.subsec_nanos()) })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept<S> {
    format: u32,
    journal: StateKey,
    records: u64,
    state: S,
}

impl RunDir {
    /// What [`RunDir::state`] goes by: as long as it stays the same, so does the state. None where the
    /// run has no journal.
    ///
    /// # Errors
    /// The file system does not tell.
    pub fn state_key(&self) -> io::Result<Option<StateKey>> {
        match std::fs::metadata(self.journal()) {
            Ok(metadata) => StateKey::of(&metadata).map(Some),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// How the run stands, from the kept file where that fits the journal and is signed by `seal`, else from the
    /// journal, whose chain is checked then. Without a seal nothing is kept. None where the run has no journal:
    /// nothing was done.
    ///
    /// # Errors
    /// The journal cannot be read, or its chain does not hold: what the run holds is unknown.
    pub fn state(&self, seal: Option<&Seal>) -> Result<Option<(StateKey, RunState)>, ReadError> {
        let Some(key) = self.state_key()? else { return Ok(None) };
        let witness = Witness::of(seal, self.id());
        // An older journal could have been put back together with its state.
        if let Some(kept) = seal.and_then(|seal| self.kept_state(seal))
            && (kept.format, kept.journal) == (FORMAT, key)
            && witness.has_all(kept.records)
        {
            return Ok(Some((key, kept.state)));
        }
        let file = self.open(Self::JOURNAL)?;
        // The run may continue meanwhile: only as much is read as the key covers.
        let key = StateKey::of(&file.metadata()?)?;
        let mut fold = Fold::default();
        let tail = each_of(BufReader::new(file.take(key.bytes)), |line| fold.apply(line.record))?;
        let mut state = fold.state();
        if tail.head.next > 0 {
            state.signature = Some(witness.judge(&tail.head, &tail.last));
        }
        // It saves time and nothing hangs on it: a home that takes no files is read each time.
        if let Some(seal) = seal
            && let Err(error) = self.keep_state(seal, key, tail.head.next, &state)
        {
            tracing::debug!(run = self.id(), %error, "the state of the run is not kept");
        }
        Ok(Some((key, state)))
    }

    /// A line of JSON, and its MAC: whoever may write to the home must not decide what a run holds.
    fn keep_state(
        &self,
        seal: &Seal,
        journal: StateKey,
        records: u64,
        state: &RunState,
    ) -> io::Result<()> {
        let mut text = serde_json::to_vec(&Kept { format: FORMAT, journal, records, state })?;
        let mac = seal.sign(&self.domain(), &text);
        text.push(b'\n');
        text.extend_from_slice(mac.as_bytes());
        self.write_unsynced(Self::STATE, &text)
    }

    fn kept_state(&self, seal: &Seal) -> Option<Kept<RunState>> {
        let text = self.read_text(Self::STATE).ok()?;
        let (text, mac) = text.rsplit_once('\n')?;
        let is_own = seal.has_signed(&self.domain(), text.as_bytes(), mac);
        is_own.then(|| serde_json::from_str(text).ok())?
    }

    fn domain(&self) -> String {
        format!("state {}", self.id())
    }
}

/// The part of [`Ledger`](super::Ledger) that a state needs. It keeps changes and no reads or outputs,
/// so its memory goes by what a run changed and not by how long its journal is.
#[derive(Default)]
struct Fold {
    state: RunState,
    changes: BTreeMap<(String, Place), Change>,
}

struct Change {
    region: String,
    after: Value,
    outcome: Option<Value>,
    released: Option<Released>,
}

impl Fold {
    fn apply(&mut self, record: Record) {
        match record {
            Record::RunStarted { playbook, drill, scope, endpoint, .. } => {
                self.state.started = Some(Started { playbook, drill, scope, endpoint });
            }
            Record::Resumed { .. } => self.state.status = None,
            Record::RunFinished { status } => self.state.status = Some(status),
            Record::Aborted { .. } => self.state.aborted = true,
            Record::ReleaseStarted { .. } => self.state.released = Some(false),
            Record::ReleaseFinished { complete } => self.state.released = Some(complete),
            Record::Scored { sha256, .. } => self.state.scored = Some(sha256),
            Record::Intent { step, place, scope, after, .. } => {
                let region = scope.region;
                let change = Change { region, after, outcome: None, released: None };
                self.changes.insert((step, place), change);
            }
            Record::Outcome { step, place, after } => {
                if let Some(change) = self.changes.get_mut(&(step, place)) {
                    change.outcome = Some(after);
                }
            }
            Record::ReleaseOutcome { step, place, outcome } => {
                if let Some(change) = self.changes.get_mut(&(step, place)) {
                    change.released = Some(outcome);
                }
            }
            // What was made of the setting since no longer holds.
            Record::Closed { step, place: closed, .. } => {
                for ((of, place), change) in &mut self.changes {
                    let is_same = (&place.kind, &place.target) == (&closed.kind, &closed.target);
                    if *of == step && is_same && place.nth > closed.nth {
                        change.outcome = None;
                    }
                }
            }
            // Something else is kept at the place now.
            Record::Read { step, place, .. }
            | Record::Wait { step, place, .. }
            | Record::Answer { step, place, .. }
            | Record::Evidence { step, place, .. }
            | Record::OperationIntent { step, place, .. } => {
                self.changes.remove(&(step, place));
            }
            _ => {}
        }
    }

    fn state(self) -> RunState {
        let changes = self.changes.len();
        let held = self.changes.into_iter().filter(|(_, change)| change.is_held());
        let held = held.map(|((_, place), change)| Held {
            place,
            region: change.region,
            ours: change.outcome.unwrap_or(change.after),
        });
        RunState { changes, held: held.collect(), ..self.state }
    }
}

impl Change {
    /// Once given back, or left permanently by a release, it is nobody's any more.
    fn is_held(&self) -> bool {
        !matches!(
            self.released,
            Some(
                Released::GivenBack
                    | Released::AlreadyBefore
                    | Released::Retained { .. }
                    | Released::Gone { .. }
            )
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{collection::vec, prelude::*};
    use serde_json::json;

    use super::*;
    use crate::journal::{
        How, Ledger,
        tests::{on_disk, started},
    };

    fn dir() -> (tempfile::TempDir, RunDir) {
        let home = tempfile::tempdir().unwrap();
        let dir = RunDir::create(home.path(), "01JD0000000000000000000000").unwrap();
        (home, dir)
    }

    fn seal() -> Seal {
        Seal::new([7; 32], "/nowhere".into())
    }

    fn cell(target: &str, nth: u32) -> Place {
        Place { kind: "mem.cell".into(), target: target.into(), nth }
    }

    fn intent(step: &str, place: Place, after: i64) -> Record {
        let scope = Scope { account: "1".into(), region: "r".into(), principal: "p".into() };
        let (how, before, after) = (How::Restored, json!(0), json!(after));
        Record::Intent {
            step: step.into(),
            place,
            scope,
            setting: json!({}),
            how,
            before,
            after,
            until: None,
        }
    }

    /// What the whole ledger says is held.
    fn held(ledger: &Ledger) -> Vec<(Place, Value)> {
        let is_held = |released: &Option<Released>| {
            !matches!(
                released,
                Some(
                    Released::GivenBack
                        | Released::AlreadyBefore
                        | Released::Retained { .. }
                        | Released::Gone { .. }
                )
            )
        };
        let changes = ledger.changes().filter(|(_, _, change)| is_held(&change.released));
        let mut held: Vec<_> = changes
            .map(|(step, place, change)| (step, place.clone(), change.ours().clone()))
            .collect();
        held.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        held.into_iter().map(|(_, place, ours)| (place, ours)).collect()
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let at = || ("[ab]", "[xy]", 0..2_u32);
        prop_oneof![
            3 => (at(), 1..9_i64).prop_map(|((step, on, nth), after)| intent(&step, cell(&on, nth), after)),
            3 => (at(), 1..9_i64).prop_map(|((step, on, nth), after)| {
                Record::Outcome { step, place: cell(&on, nth), after: json!(after) }
            }),
            1 => at().prop_map(|(step, on, nth)| {
                Record::Closed { step, place: cell(&on, nth), value: json!(7) }
            }),
            2 => (at(), 0..5_u8).prop_map(|((step, on, nth), which)| {
                let outcome = match which {
                    0 => Released::GivenBack,
                    1 => Released::AlreadyBefore,
                    2 => Released::kept("it"),
                    3 => Released::Gone { what: "it".into() },
                    _ => Released::Failed { error: "no".into() },
                };
                Record::ReleaseOutcome { step, place: cell(&on, nth), outcome }
            }),
            1 => Just(Record::Resumed { operator: "me".into(), who: crate::journal::Who::default() }),
            1 => Just(Record::RunFinished { status: RunStatus::Failed }),
            1 => Just(Record::Aborted { by: "me".into(), reason: None, who: crate::journal::Who::default() }),
            1 => Just(Record::ReleaseStarted { by: "me".into(), steps: None, force: vec![], discard: false }),
            1 => any::<bool>().prop_map(|complete| Record::ReleaseFinished { complete }),
            1 => "[ab]".prop_map(|sha256| Record::Scored { sha256, outcome: "pass".into() }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn it_says_what_the_ledger_says(records in vec(any_record(), 0..40)) {
            let mut fold = Fold::default();
            records.iter().cloned().for_each(|record| fold.apply(record));
            let state = fold.state();
            let ledger = Ledger::fold(&records);
            prop_assert_eq!(state.status, ledger.status);
            prop_assert_eq!(state.aborted, ledger.aborted);
            prop_assert_eq!(state.released, ledger.released);
            prop_assert_eq!(&state.scored, &ledger.scored);
            prop_assert_eq!(state.changes, ledger.changes().count());
            let ours: Vec<_> = state.held.iter().map(|one| (one.place.clone(), one.ours.clone())).collect();
            prop_assert_eq!(ours, held(&ledger));
        }
    }

    #[test]
    fn it_is_made_once_and_again_when_the_journal_has_grown() {
        let (_home, dir) = dir();
        assert!(dir.state(Some(&seal())).unwrap().is_none(), "there is no journal yet");
        on_disk(&dir.journal(), &[], &[started(), intent("s", cell("x", 0), 1)]);
        let (key, first) = dir.state(Some(&seal())).unwrap().unwrap();
        assert_eq!((first.changes, first.held.len(), first.is_open()), (1, 1, true));
        assert_eq!(dir.state_key().unwrap(), Some(key));
        // The second time it comes from the file: the journal is not even opened.
        let other = RunState { changes: 41, ..first };
        dir.keep_state(&seal(), key, 2, &other).unwrap();
        assert_eq!(dir.state(Some(&seal())).unwrap().unwrap().1.changes, 41);
        let theirs = Seal::new([8; 32], "/nowhere".into());
        dir.keep_state(&theirs, key, 2, &other).unwrap();
        assert_eq!(dir.state(Some(&seal())).unwrap().unwrap().1.changes, 1, "another key");
        dir.keep_state(&seal(), key, 2, &other).unwrap();
        assert_eq!(
            dir.state(None).unwrap().unwrap().1.changes,
            1,
            "without a key nothing is known"
        );
        on_disk(&dir.journal(), &[], &[intent("s", cell("y", 0), 1)]);
        assert_ne!(dir.state_key().unwrap(), Some(key));
        assert_eq!(dir.state(Some(&seal())).unwrap().unwrap().1.changes, 2);
    }

    #[test]
    fn a_file_that_does_not_fit_or_parse_counts_for_nothing() {
        let (_home, dir) = dir();
        on_disk(&dir.journal(), &[], &[started(), intent("s", cell("x", 0), 1)]);
        let right = dir.state(Some(&seal())).unwrap().unwrap().1;
        let kept = fs::read_to_string(dir.path().join(RunDir::STATE)).unwrap();
        let spoilt = [
            String::new(),
            kept[..kept.len() - 1].into(),
            kept.replace("\"format\":3", "\"format\":2"),
            kept.replace("\"changes\":1", "\"changes\":2"),
            kept.replace("\"bytes\":", "\"bytes\":1"),
            kept.replace("\"modified\":[", "\"modified\":[1"),
            kept.replace("\"held\":", "\"kept\":"),
        ];
        for text in spoilt {
            assert_ne!(text, kept);
            dir.write(RunDir::STATE, text.as_bytes()).unwrap();
            assert_eq!(dir.state(Some(&seal())).unwrap().unwrap().1, right, "{text}");
        }
    }

    #[test]
    fn a_journal_that_does_not_hold_is_an_error_and_no_empty_state() {
        let (_home, dir) = dir();
        on_disk(&dir.journal(), &[], &[started(), intent("s", cell("x", 0), 1)]);
        let text = fs::read_to_string(dir.journal()).unwrap();
        fs::write(dir.journal(), text.replacen("\"playbook\":\"p\"", "\"playbook\":\"qq\"", 1))
            .unwrap();
        assert!(matches!(dir.state(Some(&seal())), Err(ReadError::Broken { .. })));
        assert!(!dir.path().join(RunDir::STATE).exists());
    }
}
