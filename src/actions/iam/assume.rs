//! Who could assume a role by its trust policy alone. Owns the question that is put to the evaluator; calls nothing.
//!
//! Whoever asks is taken to have every permission of its own: what an attacker's account allows, nobody here can see.

use std::{collections::BTreeSet, sync::LazyLock};

use backburn_policy::{
    Answer, Caller, Context, Decision, Document, Kind, Policies, Policy, Request, Who, evaluate,
};
use serde_json::{Value, json};

/// What is asked of one who may be let in.
pub(super) struct Door<'a> {
    /// The role's ARN.
    pub role: &'a str,
    pub trust: &'a Value,
}

static EVERYTHING: LazyLock<Document> = LazyLock::new(|| {
    Document::from_value(&json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }],
    }))
});

impl Door<'_> {
    /// Whether `who` could assume the role.
    pub(super) fn lets_in(&self, who: &Caller) -> Decision {
        // IAM stores an account as its root, and means each of its principals.
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
        let account = who.account().filter(|_| *who.who() == Who::Root);
        let account = account.and_then(|account| Caller::parse(account).ok());
        let who = account.as_ref().unwrap_or(who);
        let request =
            Request::new(who.clone(), call(who), self.role, Context::partial()).with_derived();
        let policies = Policies {
            identity: vec![Policy::new("everything", EVERYTHING.clone())],
            resource: Some(Policy::new("trust policy", Document::from_value(self.trust))),
            ..Policies::default()
        };
        evaluate(&request, &policies)
    }

    /// How a principal that shall stay out would get in; `None` for one that would not.
    pub(super) fn way_in(&self, who: &Caller) -> Option<String> {
        let decision = self.lets_in(who);
        if decision.answer.is_denied() {
            return None;
        }
        let document = Document::from_value(self.trust);
        let of_trust = decision.because.iter().filter(|one| one.kind == Kind::Resource);
        let statements: BTreeSet<usize> = of_trust.map(|one| one.index).collect();
        let trusted: Vec<String> = statements
            .into_iter()
            .filter_map(|index| document.statements().get(index))
            .flat_map(|statement| match statement.principals() {
                [] => vec!["everyone whom its `NotPrincipal` does not name".to_owned()],
                some => some.iter().map(|one| described(&one.text)).collect(),
            })
            .collect();
        let trusted = if trusted.is_empty() { "somebody".into() } else { trusted.join(", ") };
        Some(match decision.answer {
            Answer::Unknown => {
                let missing: Vec<_> = decision.missing.iter().map(ToString::to_string).collect();
                format!("a statement trusts {trusted}, depending on {}", missing.join(", "))
            }
            _ => format!("a statement trusts {trusted}"),
        })
    }
}

fn described(principal: &str) -> String {
    match Caller::parse(principal).as_ref().map(|who| (who.who(), who.account())) {
        Ok((Who::Anonymous, _)) => "everyone".into(),
        Ok((Who::Account | Who::Root, Some(account))) => format!("the whole account {account}"),
        _ => format!("`{principal}`"),
    }
}

/// The call by which a principal assumes a role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
fn call(who: &Caller) -> &'static str {
    match who.who() {
        Who::Provider if who.text().contains(":saml-provider/") => "sts:AssumeRoleWithSAML",
        Who::Provider => "sts:AssumeRoleWithWebIdentity",
        _ => "sts:AssumeRole",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/web";
    const EVIL: &str = "arn:aws:iam::999988887777:role/evil-role";

    fn answer(statement: Value, who: &str) -> Answer {
        let trust = json!({ "Version": "2012-10-17", "Statement": statement });
        let who = Caller::parse(who).expect("a principal");
        Door { role: ROLE, trust: &trust }.lets_in(&who).answer
    }

    fn allow(principal: Value, action: &str) -> Value {
        json!({ "Effect": "Allow", "Principal": principal, "Action": action })
    }

    #[test]
    fn every_way_in_is_seen() {
        use Answer::{Allowed, ImplicitlyDenied, Unknown};
        let oidc = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
        let saml = "arn:aws:iam::123456789012:saml-provider/corp";
        for (principal, action, who, want) in [
            (json!({ "AWS": EVIL }), "sts:AssumeRole", EVIL, Allowed),
            (
                json!({ "AWS": EVIL }),
                "sts:*",
                "arn:aws:sts::999988887777:assumed-role/evil-role/s",
                Allowed,
            ),
            (json!({ "AWS": "999988887777" }), "sts:AssumeRole", EVIL, Allowed),
            (json!({ "AWS": EVIL }), "sts:AssumeRole", "999988887777", Unknown),
            (json!({ "AWS": EVIL }), "sts:AssumeRoleWithSAML", EVIL, ImplicitlyDenied),
            (json!("*"), "sts:AssumeRole", EVIL, Allowed),
            // An account, in the form that IAM stores: not only its root user, who assumes no role.
            (json!("*"), "sts:AssumeRole", "arn:aws:iam::999988887777:root", Allowed),
            (json!({ "AWS": EVIL }), "sts:AssumeRole", "arn:aws:iam::999988887777:root", Unknown),
            (json!({ "AWS": "123456789012" }), "sts:*", oidc, ImplicitlyDenied),
            (json!({ "Federated": oidc }), "sts:AssumeRoleWithWebIdentity", oidc, Allowed),
            (json!({ "Federated": saml }), "sts:AssumeRoleWithSAML", saml, Allowed),
            (
                json!({ "Service": "lambda.amazonaws.com" }),
                "sts:AssumeRole",
                "lambda.amazonaws.com",
                Allowed,
            ),
            (
                json!({ "Service": "lambda.amazonaws.com" }),
                "sts:AssumeRole",
                "ec2.amazonaws.com",
                ImplicitlyDenied,
            ),
            (
                json!({ "AWS": "AROA1234567123456DEAD" }),
                "sts:AssumeRole",
                "AROA1234567123456DEAD",
                Allowed,
            ),
        ] {
            assert_eq!(answer(allow(principal.clone(), action), who), want, "{principal} {who}");
        }
    }

    #[test]
    fn what_is_not_named_may_be_let_in() {
        let not_action = json!({ "Effect": "Allow", "Principal": { "AWS": EVIL }, "NotAction": "sts:TagSession" });
        assert_eq!(answer(not_action, EVIL), Answer::Allowed);
        let not_principal = json!({ "Effect": "Allow", "NotPrincipal": { "AWS": "123456789012" }, "Action": "sts:AssumeRole" });
        assert_eq!(answer(not_principal, EVIL), Answer::Allowed);
        let mut depends = allow(json!("*"), "sts:AssumeRole");
        depends["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } });
        assert_eq!(answer(depends.clone(), EVIL), Answer::Unknown);
        depends["Condition"] =
            json!({ "StringEquals": { "aws:PrincipalAccount": "123456789012" } });
        assert_eq!(answer(depends, EVIL), Answer::ImplicitlyDenied);
        let deny = json!([allow(json!("*"), "sts:*"), { "Effect": "Deny", "Principal": { "AWS": EVIL }, "Action": "*" }]);
        assert_eq!(answer(deny, EVIL), Answer::ExplicitlyDenied);
    }

    #[test]
    fn the_way_in_is_told() {
        let trust = json!({ "Statement": [allow(json!({ "AWS": ["999988887777", "123456789012"] }), "sts:AssumeRole")] });
        let who = Caller::parse(EVIL).expect("a principal");
        let way = Door { role: ROLE, trust: &trust }.way_in(&who).expect("let in");
        assert!(way.contains("the whole account 999988887777"), "{way}");
    }
}
