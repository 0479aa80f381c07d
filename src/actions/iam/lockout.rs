//! The lock-out check: nothing is denied to the principal that runs the program. Owns the match of a
//! caller against a user, a role or a session.

use crate::{
    aws::{
        Aws,
        iam::{Caller, CallerIs},
    },
    engine::{Step, StepError},
};

/// Whom a change takes access from.
#[derive(Clone, Copy, Debug)]
pub enum Victim<'a> {
    User(&'a str),
    /// Every session of a role.
    Role(&'a str),
    /// The session with this `aws:userid`.
    Session(&'a str),
}

/// # Errors
/// [`StepError::Refused`] when `victim` is the runner itself.
pub async fn check(step: &Step<Aws>, victim: Victim<'_>) -> Result<(), StepError> {
    let caller = step.read(&Caller).await?;
    match hit(&caller, victim) {
        None => Ok(()),
        Some(what) => Err(StepError::Refused(format!(
            "this would lock out the principal that runs it: it is called as `{}`, {what}; use the credentials of another principal, with `--profile`",
            caller.arn
        ))),
    }
}

fn hit(caller: &CallerIs, victim: Victim<'_>) -> Option<String> {
    match victim {
        // Names of IAM are unique without regard to case.
        Victim::User(name) => caller
            .user()
            .filter(|own| own.eq_ignore_ascii_case(name))
            .map(|own| format!("which is user `{own}`")),
        Victim::Role(name) => caller
            .role()
            .filter(|own| own.eq_ignore_ascii_case(name))
            .map(|own| format!("a session of role `{own}`")),
        Victim::Session(id) => (caller.user_id == id).then(|| format!("the session `{id}` itself")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(arn: &str, user_id: &str) -> CallerIs {
        CallerIs { account: "111122223333".into(), arn: arn.into(), user_id: user_id.into() }
    }

    #[test]
    fn the_runner_is_recognised() {
        let user = caller("arn:aws:iam::111122223333:user/ops/Anna", "AIDA1");
        assert!(hit(&user, Victim::User("anna")).is_some());
        assert!(hit(&user, Victim::User("ops")).is_none());
        assert!(hit(&user, Victim::Role("anna")).is_none());
        let role = caller("arn:aws:sts::111122223333:assumed-role/web/i-1", "AROA1:i-1");
        assert!(hit(&role, Victim::Role("web")).is_some());
        assert!(hit(&role, Victim::Session("AROA1:i-1")).is_some());
        assert!(hit(&role, Victim::Session("AROA1:i-2")).is_none());
        assert!(hit(&role, Victim::User("i-1")).is_none());
    }
}
