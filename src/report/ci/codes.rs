//! Codes of what a plan, a run or a drill can find, and of errors beside files, each with the
//! paragraph that explains it. Those of files are `playbook::codes`'.

use crate::playbook::codes;

/// Code and explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        "plan::refused",
        "A safety check or a read of the account says no, so the plan cannot be run. Nothing was changed. The message says what was read; mend that, or the inputs, and plan again.",
    ),
    (
        "plan::conflict",
        "The plan as a whole cannot be run, for example because two steps would write one setting with no order between them. Add `needs` to one of them.",
    ),
    (
        "plan::warning",
        "Something that whoever approves the plan should know, such as an FIS experiment that is running in the account.",
    ),
    (
        "run::step-failed",
        "A step of the run failed and its failure was not tolerated. What needs it did not run. `backburn resume` goes on from there, `backburn release` gives back what was taken.",
    ),
    (
        "run::step-tolerated",
        "A step failed, and its playbook says that the run goes on (`on-failure: continue`).",
    ),
    (
        "run::not-ended",
        "A step began and no record says how it ended, because the process was stopped. `backburn resume` looks at the account and goes on.",
    ),
    (
        "run::waiting",
        "A step waits for a person who could not be asked. `backburn resume RUN --approve STEP` gives the answer.",
    ),
    (
        "run::not-contained",
        "What was read back from the account after the change shows that the containment does not hold.",
    ),
    (
        "run::presumed",
        "A containment could not be proven: some of it cannot be seen from here, and the message says what. It may well hold. `--accept-presumed` ends a run with success all the same.",
    ),
    (
        "run::left-over",
        "Release could not give a change back: someone else changed it meanwhile, or a call failed. It was left alone and is named.",
    ),
    (
        "drill::objective",
        "An objective of the drill was not reached: a detection was late or missed, a time was over its budget, content was not as before. The scorecard has its clocks.",
    ),
    (
        "drill::accepted",
        "An objective of the drill came out less than hoped for, in a way that its simulation accepts.",
    ),
    (
        "run::unknown",
        "No run in this home has that id. `backburn runs` lists them; `--home` or `BACKBURN_HOME` says where they are kept.",
    ),
    (
        "run::ambiguous",
        "Several runs begin with the letters that were given. Give more of them, or `last`.",
    ),
    (
        "run::locked",
        "Another process works on the run. Two would get into each other's way, so the second is refused. `backburn abort` stops a live run.",
    ),
    (
        "run::io",
        "A file of the run's directory cannot be read or written. Nothing is done without its journal.",
    ),
    (
        "journal::unreadable",
        "The journal of the run cannot be read, so nothing can be said of what it did.",
    ),
    (
        "journal::not-a-record",
        "A line of the journal is not one that this program wrote. The file was changed or damaged: compare it with a copy, and look at the account itself.",
    ),
    (
        "journal::broken-chain",
        "Each line of a journal carries the hash of the line before. Here it does not fit: a record was changed, removed or inserted. What follows is unproven.",
    ),
    (
        "journal::newer-format",
        "A newer version of this program wrote the journal. Use that version, or a later one.",
    ),
];

/// The page of any code: of files, of plans and runs, of errors.
pub fn explain(code: &str) -> Option<&'static str> {
    let own = CODES.iter().find(|(name, _)| *name == code).map(|(_, text)| *text);
    own.or_else(|| codes::explain(code))
}

/// Every code, those of files first.
pub fn all() -> impl Iterator<Item = &'static str> + Clone {
    codes::CODES.iter().chain(CODES).map(|(code, _)| *code)
}
