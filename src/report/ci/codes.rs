//! Codes of what a plan, a run or a drill can find, and of errors beside files, each with the
//! paragraph that explains it. Those of files are `playbook::codes`'.

use crate::playbook::codes;

use super::lab_codes;

/// Code and explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        "plan::refused",
        "A safety check or a read of the account refuses the step. A run of the plan does the other steps, except those that need it, and does not end as a success; the step itself is never run. The message shows what was read; fix that, or the inputs, and plan again.",
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
        "An objective of the drill was not reached: a detection was late or missed, a time limit was exceeded, content was not as before, or a call of the attacker still works. The scorecard has the clocks.",
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
        "run::foreign",
        "The home, its `runs` folder or the run's folder belongs to another user or may be written by others, who could decide what this program does with your credentials. Nothing in it is followed. The message has the command that makes it yours; look at what is in it first.",
    ),
    (
        "run::not-signed",
        "This user's key did not sign the run as it is: another program or user wrote it, it was changed, or no key could be kept. A resume or release would do with your credentials what its files say. Look at it; `--trust=HASH` follows it as it is, and signs what comes after.",
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
        "A line of the journal is not one that this program wrote: the file was changed or damaged. What that means and what to do is as for `journal::broken-chain`.",
    ),
    (
        "journal::broken-chain",
        "Each line of a journal carries the hash of the line before. Here it does not fit: a record was changed, removed or inserted. The program does not know what the run did from there on, so no command follows the run, nobody is asked whether to, and `--trust` does not help. The account is as the run left it. `backburn runs show RUN` lists the settings that the records before that line changed, with their values before and after: give those back by hand that the account still has as the run set them. The record right before the line may itself be the changed one: compare what it says with CloudTrail. Look in CloudTrail for what later records may have changed: the user agent of every call has `app/backburn-RUN`. Where a whole copy of the journal exists, put it in place of this one: then the run can be released as usual.",
    ),
    (
        "journal::newer-format",
        "A newer version of this program wrote the journal. Use that version, or a later one.",
    ),
];

/// The page of any code: of files, of plans and runs, of errors, of the lab.
pub fn explain(code: &str) -> Option<&'static str> {
    let own =
        CODES.iter().chain(lab_codes::CODES).find(|(name, _)| *name == code).map(|(_, text)| *text);
    own.or_else(|| codes::explain(code))
}

/// Every code, those of files first.
pub fn all() -> impl Iterator<Item = &'static str> + Clone {
    codes::CODES.iter().chain(CODES).chain(lab_codes::CODES).map(|(code, _)| *code)
}
