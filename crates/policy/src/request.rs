//! A request, as far as policies see it.

use crate::{Caller, Context, Who};

/// One action on one resource.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub principal: Caller,
    /// `service:Action`.
    pub action: String,
    /// The ARN of the resource; `*` for an action that knows no resource; [`Request::SOME`] where it is unknown.
    pub resource: String,
    /// The account that owns the resource. `None` is unknown; see [`Request::owner`].
    pub resource_account: Option<String>,
    /// The condition keys.
    pub context: Context,
}

impl Request {
    /// The resource of a request of which one does not know on what it acts. Only what holds for every resource is then
    /// an answer; all else is unknown ([`Missing::Resource`](crate::Missing::Resource)).
    pub const SOME: &str = "";

    /// A request; the resource's account is that of its ARN, if it has one. What is done on no resource at all is done
    /// in the caller's own account.
    pub fn new(principal: Caller, action: &str, resource: &str, context: Context) -> Self {
        let owner = match resource {
            "*" => principal.account(),
            arn => Self::owner(arn),
        };
        let resource_account = owner.map(str::to_owned);
        Self {
            action: action.into(),
            resource: resource.into(),
            resource_account,
            context,
            principal,
        }
    }

    /// The account in an ARN. That of a bucket has none.
    pub fn owner(arn: &str) -> Option<&str> {
        crate::arn::parts(arn).map(|parts| parts[4]).filter(|account| !account.is_empty())
    }

    /// Adds what follows from the principal and the resource to a partial context, where nothing was said of it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
    #[must_use]
    pub fn with_derived(mut self) -> Self {
        let caller = &self.principal;
        let mut derived: Vec<(&str, Option<String>)> = Vec::new();
        if let Some(account) = caller.account() {
            derived.push(("aws:PrincipalAccount", Some(account.into())));
        }
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let own = || Some(caller.text().to_owned());
        let (arn, kind, user) = match caller.who() {
            Who::Root => (own(), Some("Account"), None),
            Who::User(path) => (own(), Some("User"), Some(name(path))),
            Who::Role(_) => (own(), Some("AssumedRole"), None),
            // The ARN of the role has its path, which that of a session lacks.
            Who::Session { .. } => (None, Some("AssumedRole"), None),
            Who::Federated(_) => (own(), Some("FederatedUser"), None),
            Who::Anonymous => (None, Some("Anonymous"), None),
            _ => (None, None, None),
        };
        if arn.is_some() {
            derived.push(("aws:PrincipalArn", arn));
        }
        if let Some(kind) = kind {
            derived.push(("aws:PrincipalType", Some(kind.into())));
            derived.push(("aws:username", user));
        }
        if matches!(caller.who(), Who::Service) {
            derived.push(("aws:PrincipalServiceName", Some(caller.text().into())));
        }
        if !matches!(caller.who(), Who::Canonical | Who::Unique) {
            let service = matches!(caller.who(), Who::Service);
            derived.push(("aws:PrincipalIsAWSService", Some(service.to_string())));
        }
        if let Some(owner) = &self.resource_account {
            derived.push(("aws:ResourceAccount", Some(owner.clone())));
        }
        for (key, value) in derived {
            if self.context.tells(key) {
                continue;
            }
            self.context = match value {
                Some(value) => self.context.with(key, value),
                None => self.context.without(key),
            };
        }
        self
    }
}
