//! The question that a command asks before it follows a run that this user's key did not sign. Owns how it is
//! answered; what is signed is `journal`'s.

use std::io::IsTerminal;

use clap::Args;

use crate::{
    conduct::{Looked, NOT_SIGNED, look, standing},
    journal::{DIGITS, RunDir, Signature, is_hash},
    report::unsigned::{self, Claimed},
};

use super::{Context, Exit, Failure, terminal::line};

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Trust {
    /// Follow a run that this user's key did not sign, as it is: the head of its journal, or its first 32 digits
    #[arg(long, value_name = "HASH")]
    trust: Option<String>,
}

impl Trust {
    /// Where a command failed only because the run is not this user's: shows it and asks. The command may be tried
    /// again then, and follows the run as it was shown.
    ///
    /// # Errors
    /// It failed for another reason, or nobody said yes.
    pub(super) fn settle(
        &self,
        context: &Context,
        asked: &str,
        failure: Failure,
    ) -> Result<(), Failure> {
        if failure.code.as_deref() != Some(NOT_SIGNED) {
            return Err(failure);
        }
        let looked = look(context, &RunDir::find(context.home(), asked)?)?;
        let (head, run) = (&looked.head.hash, looked.dir.id());
        context.show(shown(context, &looked, &context.err).trim_end());
        let declined = "declined, nothing was changed";
        match &self.trust {
            Some(given) if is_hash(head, given) => {}
            Some(given) => {
                return Err(Failure::new(
                    Exit::Refused,
                    format!("`--trust={given}` is not the head of run {run}, {head}, or its first {DIGITS} digits; nothing was changed"),
                )
                .help("look at it again: it has changed since, or it was another one"));
            }
            None if std::io::stdin().is_terminal() => {
                let short = &head[..DIGITS];
                let prompt = format!("Type `yes` to follow run {run} as it is, head {short}: ");
                if line(&prompt).as_deref() != Some("yes") {
                    return Err(Failure::new(Exit::Refused, declined));
                }
            }
            None => return Err(failure),
        }
        context.trust(head);
        Ok(())
    }
}

/// Says so where a run that is shown is not this user's: what it shows is what its files claim.
pub(super) fn say_whose(context: &Context, dir: &RunDir) -> Result<Signature, Failure> {
    let signature = look(context, dir)?.signature;
    if let Some(words) = signature.words() {
        context.say(&format!("run {} is {words}: what follows is what its files claim", dir.id()));
    }
    Ok(signature)
}

/// What the files of a run say.
pub(super) fn shown(context: &Context, looked: &Looked, look: &crate::report::Look) -> String {
    let Looked { dir, signature, head, ledger, plan, .. } = looked;
    let state = standing::state(dir, ledger);
    let claimed = Claimed {
        run: dir.id(),
        signature,
        head: &head.hash,
        state: &state,
        ledger,
        plan: plan.as_ref(),
    };
    crate::journal::redact_text(unsigned::text(&claimed, look), &context.secrets())
}
