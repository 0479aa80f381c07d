//! What the policies of one kind say to a request.

use crate::{
    Effect, Kind, Missing, Policies, Policy, Request, StatementRef,
    condition::Scope,
    glob::Fuel,
    named::{Reached, reaches},
    truth::Truth,
};

/// What the policies of one kind say.
pub(crate) struct Side {
    pub kind: Kind,
    pub deny: Truth,
    /// For policies without principals, `direct` is all that they allow.
    pub allow: Reached,
    pub statements: Vec<(StatementRef, Truth)>,
}

pub(crate) struct Weigher<'a> {
    pub request: &'a Request,
    pub policies: &'a Policies,
    pub fuel: &'a Fuel,
    /// Whether the caller has a permissions boundary.
    pub bounded: Truth,
}

impl Weigher<'_> {
    pub(crate) fn side(&self, kind: Kind, level: Option<usize>, of: &[Policy]) -> Side {
        let mut side =
            Side { kind, deny: Truth::No, allow: Reached::new(Truth::No), statements: Vec::new() };
        for policy in self.fuel.each(of) {
            if let Some(fault) = policy.document.is_unreadable() {
                let open =
                    || Truth::open(Missing::Malformed(format!("`{}`: {fault}", policy.name)));
                side.deny = side.deny.or(open());
                side.allow.direct = side.allow.direct.or(open());
                continue;
            }
            self.weigh(kind, level, policy, &mut side);
        }
        if self.policies.unseen.contains(&kind) {
            let open = || Truth::open(Missing::Policies(kind));
            side.deny = side.deny.or(open());
            side.allow.direct = side.allow.direct.or(open());
        }
        side
    }

    fn weigh(&self, kind: Kind, level: Option<usize>, policy: &Policy, side: &mut Side) {
        let Self { request, fuel, .. } = *self;
        let scope = Scope { context: &request.context, variables: policy.document.variables, fuel };
        for (index, statement) in fuel.each(policy.document.statements()).enumerate() {
            let covers = statement.covers(request, scope);
            if covers == Truth::No {
                continue;
            }
            let deny = statement.effect() != Some(Effect::Allow);
            let named = statement.principals.as_ref();
            let reached = match (kind, named) {
                (Kind::Resource | Kind::Rcp, Some(listed)) => {
                    reaches(listed, deny, &request.principal, &request.context, &self.bounded)
                }
                (Kind::Resource, None) => {
                    Reached::new(malformed("a statement without `Principal`"))
                }
                (Kind::Rcp | _, None) => Reached::new(Truth::Yes),
                (_, Some(_)) => Reached::new(malformed("a `Principal` in a policy that has none")),
            };
            let applies = covers.clone().and(reached.at_all());
            if applies == Truth::No {
                continue;
            }
            if deny {
                side.deny = side.deny.clone().or(applies.clone());
            }
            if statement.effect() != Some(Effect::Deny) {
                let also =
                    |have: &mut Truth, by: Truth| *have = have.clone().or(covers.clone().and(by));
                also(&mut side.allow.direct, reached.direct);
                also(&mut side.allow.limited, reached.limited);
                also(&mut side.allow.delegated, reached.delegated);
            }
            let named = StatementRef {
                kind,
                level,
                policy: policy.name.clone(),
                index,
                sid: statement.sid().map(str::to_owned),
                effect: if deny { Effect::Deny } else { Effect::Allow },
            };
            side.statements.push((named, applies));
        }
    }
}

fn malformed(text: &str) -> Truth {
    Truth::open(Missing::Malformed(text.into()))
}
