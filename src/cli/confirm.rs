//! An explicit yes to exactly what was shown: typed on a terminal, or given beforehand. Where AWS is called, one
//! that is given beforehand names the hash of what was shown.

use std::io::IsTerminal;

use crate::journal::{DIGITS, is_hash};

use super::{Exit, Failure, terminal::line};

/// What somebody is to say yes to.
pub(super) struct Asked<'a> {
    /// Such as `run plan`.
    pub what: &'a str,
    /// Of what was shown.
    pub hash: &'a str,
    pub account: &'a str,
    /// All that is called is on this machine.
    pub local: bool,
    /// The command that says yes to it from a script, without `--yes`.
    pub command: &'a str,
    /// Another way to name what was approved.
    pub other: &'a str,
}

impl Asked<'_> {
    /// `yes` is what `--yes` was given; `approved` says that it was named in another way.
    ///
    /// # Errors
    /// Nobody said yes, or to something else.
    pub(super) fn confirm(&self, yes: Option<&str>, approved: bool) -> Result<(), Failure> {
        let Self { what, hash, account, local, command, other } = self;
        let refused = |message: String| Failure::new(Exit::Refused, message);
        let short = &hash[..DIGITS];
        match yes {
            Some("") if *local || approved => return Ok(()),
            Some("") => {
                return Err(refused(
                    "`--yes` alone does not confirm what was shown, and not everything that it calls is on this machine; nothing was changed".into(),
                )
                .help(format!("give `--yes={short}`{other}")));
            }
            Some(given) if is_hash(hash, given) => {
                return Ok(());
            }
            Some(given) => {
                return Err(refused(format!(
                    "`--yes={given}` is not the hash of what was shown, {hash}, or its first {DIGITS} digits; nothing was changed"
                ))
                .help("look at it again: the account has changed since, or it was another one"));
            }
            None => {}
        }
        if !std::io::stdin().is_terminal() {
            let yes = if *local { "--yes".to_owned() } else { format!("--yes={short}") };
            return Err(refused(
                "nobody can be asked, and `--yes` was not given; nothing was changed".into(),
            )
            .help(format!("to confirm what is shown: `{command} {yes}`")));
        }
        match line(&format!("Type `yes` to {what} {short} in account {account}: ")).as_deref() {
            Some("yes") => Ok(()),
            _ => Err(refused("declined, nothing was changed".into())),
        }
    }
}
