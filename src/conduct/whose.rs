//! Whose a run is, and whether it is followed: one that this user's key signed is, any other only after somebody
//! has looked at it. Owns that decision and what an adoption writes; who is asked is `cli`'s.

use crate::{
    journal::{
        self, DIGITS, Head, Journal, Known, Ledger, Origins, ReadError, Record, RunDir, Seal,
        Signature, Which, Witness,
    },
    program::{kept::KeptDocument, planfile::PlanFile},
};

use super::{Context, Exit, Failure, Frozen, operator};

/// The code of the failure that somebody can answer by looking at the run.
pub(crate) const NOT_SIGNED: &str = "run::not-signed";

/// A run as its files say, whoever wrote them.
pub(crate) struct Looked {
    pub dir: RunDir,
    pub signature: Signature,
    pub head: Head,
    pub ledger: Ledger,
    /// The plan that it is held to, if its file fits the journal.
    pub plan: Option<PlanFile>,
    /// The folder and the journal that were looked at, whatever has their names by now.
    pub folder: Which,
    journal: Which,
}

/// Made before the run's journal is read.
///
/// # Errors
/// This user's key is not one's own.
pub(super) fn witness(context: &Context, dir: &RunDir) -> Result<Witness, Failure> {
    Ok(Witness::of(context.seal()?, dir.id()))
}

/// Reads a run without following it.
///
/// # Errors
/// The journal cannot be read, or its chain does not hold.
pub(crate) fn look(context: &Context, dir: &RunDir) -> Result<Looked, Failure> {
    look_as(context.seal()?, dir)
}

fn look_as(seal: Option<&Seal>, dir: &RunDir) -> Result<Looked, Failure> {
    let at = Failure::at(dir.path());
    let witness = Witness::of(seal, dir.id());
    let folder = Which::at(dir.path()).map_err(&at)?;
    let file = dir.open(RunDir::JOURNAL).map_err(ReadError::from)?;
    let journal = Which::opened(&file).map_err(&at)?;
    let mut ledger = Ledger::default();
    let tail = journal::each_in(&file, |line| ledger.apply(&line.record));
    let tail = tail.map_err(|error| error.at(&dir.journal()))?;
    let signature = witness.judge(&tail.head, &tail.last);
    let plan = plan(dir, &ledger);
    let dir = dir.clone();
    Ok(Looked { dir, signature, head: tail.head, ledger, plan, folder, journal })
}

/// A run that is followed; for a command that begins otherwise than by [`Start`](super::start::Start). What was judged
/// is what is returned: somebody may write to the file between two reads of it.
///
/// # Errors
/// It is not this user's, and nobody has said yes to it.
pub(super) fn check(context: &Context, dir: &RunDir) -> Result<Ledger, Failure> {
    let Looked { ledger, signature, head, .. } = look(context, dir)?;
    // A run of this program may have been killed before its first record.
    if head.next > 0 {
        followed(context, dir, &signature, &head)?;
    }
    Ok(ledger)
}

/// # Errors
/// The run is not this user's, and nobody has said yes to it as it is.
pub(super) fn followed(
    context: &Context,
    dir: &RunDir,
    signature: &Signature,
    head: &Head,
) -> Result<(), Failure> {
    let Some(words) = signature.words() else { return Ok(()) };
    if context.trusts(&head.hash) {
        return Ok(());
    }
    let id = dir.id();
    let message = format!("run {id} is not followed, it is {words}; nothing was changed");
    let mut failure = Failure::new(Exit::Refused, message).help(format!(
        "look at what it did (`backburn runs show {id}`); `--trust={}` follows it as it is",
        &head.hash[..DIGITS]
    ));
    failure.code = Some(NOT_SIGNED.into());
    Err(failure)
}

/// The plan that a run is held to. None where its file is not the one that the journal names, or has other endpoints: it
/// must not decide where a run's calls go, nor in which order its steps are told.
pub(super) fn plan(dir: &RunDir, ledger: &Ledger) -> Option<PlanFile> {
    let plan: PlanFile = dir.read_json(RunDir::PLAN).ok()?;
    let is_the_one = match &ledger.started {
        Some(Record::RunStarted { plan_sha256, endpoint, .. }) => {
            plan.sha256 == *plan_sha256 && called(&plan) == *endpoint
        }
        _ => true,
    };
    (is_the_one && plan.is_intact()).then_some(plan)
}

/// Where a run calls services, as its journal has it.
pub(super) fn called(plan: &PlanFile) -> Option<String> {
    let each = plan.endpoints.iter().map(|(service, url)| format!("{service} at {url}"));
    let mixed = || (!plan.endpoints.is_empty()).then(|| each.collect::<Vec<_>>().join(", "));
    plan.endpoint.clone().or_else(mixed)
}

/// What a run was started with.
///
/// # Errors
/// It cannot be read, or is not what the run began with.
pub(super) fn inputs(dir: &RunDir, ledger: &Ledger) -> Result<Frozen, Failure> {
    let text = dir.read_text(RunDir::INPUTS)?;
    if let Some(Record::RunStarted { inputs_sha256: Some(was), .. }) = &ledger.started
        && *was != journal::hash(text.as_bytes())
    {
        let id = dir.id();
        return Err(Failure::new(
            Exit::Refused,
            format!("run {id} {CHANGED}; nothing was changed"),
        )
        .help("put the file back; a release without `-i` does not need it"));
    }
    let path = dir.path().join(RunDir::INPUTS);
    serde_json::from_str(&text).map_err(|error| Failure::at(&path)(error.into()))
}

/// The playbook or simulation that a run was started with. `started` is the first record of its journal.
///
/// # Errors
/// It cannot be read, or is not what the run began with.
pub(super) fn document(dir: &RunDir, started: Option<&Record>) -> Result<KeptDocument, Failure> {
    let kept = KeptDocument::read(dir)?;
    match started {
        Some(Record::RunStarted { playbook_sha256, .. }) if kept.is(playbook_sha256) => Ok(kept),
        _ => Err(Failure::new(
            Exit::Refused,
            format!(
                "run {} has a `playbook.yaml`, or a file of its simulation, that was changed after it started; it is not used",
                dir.id()
            ),
        )
        .help("what it says is not what the run did: put the file back. A release without `-i` does not need it")),
    }
}

/// What is said of a run whose inputs are not those that it began with.
pub(super) const CHANGED: &str = "has an `inputs.json` that was changed after it started";

/// Takes a run over as it was looked at: a record that this user's key signs, and with it all before.
///
/// # Errors
/// It is another by now, somebody works on it, no key can be kept, or the disk refuses it.
pub(crate) async fn adopt(context: &Context, looked: &Looked) -> Result<(), Failure> {
    let Some(seal) = context.seal()? else {
        let message = "there is no key to sign the run with; nothing was changed";
        return Err(Failure::new(Exit::Refused, message)
            .help("make `$XDG_STATE_HOME/backburn` a folder that you may write to"));
    };
    adopt_as(seal, looked).await
}

async fn adopt_as(seal: &Seal, looked: &Looked) -> Result<(), Failure> {
    let Looked { dir, head, .. } = looked;
    // Before anything is written: the lock is a file in the folder.
    looked.is_still_there()?;
    let _lock = dir.lock()?;
    let file = dir.open_journal()?;
    looked.is_still_there()?;
    let path = dir.path().join(RunDir::JOURNAL);
    // From here on it is this file, whatever gets its name.
    if Which::opened(&file).map_err(Failure::at(&path))? != looked.journal {
        return Err(looked.exchanged());
    }
    let now = journal::each_in(&file, drop).map_err(|error| error.at(&path))?.head;
    if now.hash != head.hash {
        let message = format!("run {} has changed meanwhile; nothing was changed", dir.id());
        return Err(Failure::new(Exit::Drift, message).help("look at it again"));
    }
    let seal = Some((seal.clone(), dir.id().to_owned()));
    let known = Known { head: now, origins: Origins::default(), ledger: None, seal };
    let journal = Journal::append_in(file, &path, known, Vec::new().into(), None)
        .map_err(Failure::at(&path))?;
    let kept = journal.append(Record::Adopted { by: operator() }).await;
    kept.map_err(|e| Failure::new(Exit::Internal, format!("the journal cannot be written: {e}")))
}

impl Looked {
    /// A run without records.
    #[cfg(all(test, unix))]
    pub(crate) fn for_tests(dir: &RunDir) -> Self {
        let folder = Which::at(dir.path()).expect("a folder");
        Self {
            dir: dir.clone(),
            signature: Signature::Unsigned,
            head: Head::default(),
            ledger: Ledger::default(),
            plan: None,
            folder,
            journal: folder,
        }
    }

    /// # Errors
    /// What has the folder's name now is a link, or another folder than the one that was looked at.
    pub(crate) fn is_still_there(&self) -> Result<(), Failure> {
        match Which::at(self.dir.path()) {
            Ok(now) if now == self.folder && now.is_folder() => Ok(()),
            _ => Err(self.exchanged()),
        }
    }

    /// Another is in its place.
    pub(crate) fn exchanged(&self) -> Failure {
        let path = self.dir.path().display();
        let message = format!(
            "{path} is not the folder that was looked at any more: somebody has put a link or another one in its place; nothing was changed"
        );
        Failure::new(Exit::Drift, message).help(
            "look at who may write there, move the folder to one that only you may write to, and look at it again",
        )
    }
}

#[cfg(test)]
#[path = "whose_tests.rs"]
mod tests;
