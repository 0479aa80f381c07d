//! Who may answer a question: its rule, held against what AWS and the system say of whoever answered. Owns the
//! decision; both sides of an answer ask for it, whoever gives it and the run that takes it up.

use crate::{engine::Approvers, journal::Who, playbook::Principals};

/// By which way an answer came, as the journal has it.
pub(crate) const TERMINAL: &str = "terminal";
pub(crate) const COMMAND_LINE: &str = "command line";
pub(crate) const APPROVE: &str = "approve";
pub(crate) const PAGE: &str = "live page";

/// What an answer is judged in: the run's operators, and its account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bench {
    pub operators: Vec<Who>,
    pub account: String,
    /// A rehearsal in the lab: nobody else is there.
    pub rehearses: bool,
}

impl Bench {
    /// Why an answer of `who` that came by `via` does not count; none where it does.
    pub(crate) fn refuses(&self, rule: &Approvers, who: &Who, via: Option<&str>) -> Option<String> {
        if rule.is_open() || self.rehearses {
            return None;
        }
        if via == Some(PAGE) {
            return Some(
                "the live page cannot show who answers, and this approval depends on that".into(),
            );
        }
        if who.callers.is_empty() {
            return Some("AWS did not say who answers (`sts:GetCallerIdentity`), and this approval depends on that".into());
        }
        if rule.not_by_operator {
            for operator in &self.operators {
                if let Some(caller) = who.callers.iter().find(|one| operator.callers.contains(one))
                {
                    return Some(format!(
                        "whoever runs a playbook does not approve this step: the run's operator is {caller}, and this answer comes from the same caller"
                    ));
                }
                if let (Some(user), Some(theirs)) = (&who.system, &operator.system)
                    && user.is(theirs)
                {
                    return Some(format!(
                        "whoever runs a playbook does not approve this step: the run's operator is {theirs}, and this answer comes from the same user"
                    ));
                }
            }
        }
        let fits = |entry: &String| {
            let entry = entry.parse::<Principals>();
            entry.is_ok_and(|entry| who.callers.iter().any(|one| entry.fit(one, &self.account)))
        };
        (!rule.one_of.is_empty() && !rule.one_of.iter().any(fits)).then(|| {
            format!(
                "this approval is by {} alone, and the caller is {}",
                rule.one_of.join(" or "),
                who.callers.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::SystemUser;

    fn who(caller: &str, uid: u32, login: Option<u32>) -> Who {
        let caller = format!("arn:aws:{caller}");
        Who { callers: vec![caller], system: Some(SystemUser { uid, name: None, login }) }
    }

    const ANNA: &str = "sts::111122223333:assumed-role/Responder/anna";
    const BEN: &str = "sts::111122223333:assumed-role/Lead/ben";

    fn bench() -> Bench {
        let operators =
            vec![who(ANNA, 1000, Some(1000)), who("iam::111122223333:user/carl", 1001, None)];
        Bench { operators, account: "111122223333".into(), rehearses: false }
    }

    fn refused(rule: &Approvers, who: &Who, via: &str) -> String {
        bench().refuses(rule, who, Some(via)).unwrap_or_default()
    }

    #[test]
    fn no_operator_answers_as_anybody_else() {
        let rule = Approvers { not_by_operator: true, one_of: Vec::new() };
        let same_caller = who(ANNA, 2000, None);
        assert!(refused(&rule, &same_caller, APPROVE).contains("operator is arn:aws:sts"));
        let same_user = who(BEN, 1000, None);
        assert!(refused(&rule, &same_user, APPROVE).contains("operator is system user 1000"));
        let by_sudo = who(BEN, 0, Some(1000));
        assert!(refused(&rule, &by_sudo, APPROVE).contains("system user 1000"));
        let who_resumed = who(BEN, 1001, None);
        assert!(refused(&rule, &who_resumed, APPROVE).contains("system user 1001"));
        let unknown = Who { callers: Vec::new(), ..who(BEN, 2000, None) };
        assert!(refused(&rule, &unknown, APPROVE).contains("AWS did not say"));
        // Whoever holds the page's token may be the operator.
        assert!(refused(&rule, &who(BEN, 2000, None), PAGE).contains("live page"));
        assert_eq!(refused(&rule, &who(BEN, 2000, Some(2000)), APPROVE), "");
    }

    #[test]
    fn only_those_who_are_named_answer() {
        let rule = Approvers { not_by_operator: false, one_of: vec!["role/Lead".into()] };
        assert!(refused(&rule, &who(ANNA, 2000, None), TERMINAL).contains("by role/Lead alone"));
        assert!(refused(&rule, &who(BEN, 1000, None), PAGE).contains("live page"));
        assert_eq!(refused(&rule, &who(BEN, 1000, None), TERMINAL), "");
        let elsewhere = who("sts::999988887777:assumed-role/Lead/ben", 2000, None);
        assert!(refused(&rule, &elsewhere, APPROVE).contains("999988887777"));
        let broken = Approvers { one_of: vec!["commander".into()], ..rule };
        assert!(!refused(&broken, &who(BEN, 1000, None), APPROVE).is_empty());
    }

    #[test]
    fn without_a_rule_everybody_answers() {
        assert_eq!(refused(&Approvers::default(), &Who::default(), PAGE), "");
    }
}
