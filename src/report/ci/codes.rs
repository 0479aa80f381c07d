//! Codes of what a plan, a run or a drill can find, and of errors beside files, each with the
//! paragraph that explains it. Those of files are `playbook::codes`'.

use crate::playbook::codes;

/// Code and explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        "plan::refused",
        "A safety check or a read of the account refuses the plan, so it cannot be run. Nothing was changed. The message shows what was read; fix that, or the inputs, and plan again.",
    ),
    (
        "plan::conflict",
        "The plan as a whole cannot be run, for example because two steps would write one setting with no order between them. Add `needs` to one of them.",
    ),
    (
        "plan::warning",
        "Something that the person approving the plan should know, such as an FIS experiment running in the account.",
    ),
    (
        "run::step-failed",
        "A step of the run failed and its failure was not tolerated. Steps that need it did not run. `backburn resume` continues from there, `backburn release` gives back what was taken.",
    ),
    (
        "run::step-tolerated",
        "A step failed, and its playbook lets the run continue (`on-failure: continue`).",
    ),
    (
        "run::not-ended",
        "A step began and no record shows how it ended, because the process was stopped. `backburn resume` reads the account and continues.",
    ),
    (
        "run::waiting",
        "A step waits for a person who could not be asked. `backburn resume RUN --approve STEP` gives the answer.",
    ),
    (
        "run::not-contained",
        "The state read back from the account after the change shows that the containment does not hold.",
    ),
    (
        "run::presumed",
        "A containment could not be proven, because part of it cannot be seen from here; the message names that part. It may well hold. With `--accept-presumed` the run still exits successfully.",
    ),
    (
        "run::left-over",
        "Release could not give a change back: someone else changed it meanwhile, or a call failed. It was left alone and is named.",
    ),
    (
        "drill::objective",
        "An objective of the drill was not reached: a detection was late or missed, a time limit was exceeded, or content was not as before. The scorecard has the clocks.",
    ),
    (
        "drill::accepted",
        "An objective of the drill was not fully reached, in a way that its simulation accepts.",
    ),
    (
        "run::unknown",
        "No run in this home has that id. `backburn runs` lists them; `--home` or `BACKBURN_HOME` determines where they are kept.",
    ),
    (
        "run::ambiguous",
        "Several runs begin with the given characters. Give more characters, or `last`.",
    ),
    (
        "run::locked",
        "Another process is working on the run. Two would interfere with each other, so the second one is refused. `backburn abort` stops a live run.",
    ),
    (
        "run::io",
        "A file of the run's directory cannot be read or written. Nothing is done without its journal.",
    ),
    (
        "journal::unreadable",
        "The journal of the run cannot be read, so it is unknown what the run did.",
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
