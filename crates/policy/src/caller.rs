//! Who makes a request.

use std::fmt;

use crate::{arn, named::is_unique_id};

/// The principal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    text: String,
    account: Option<String>,
    who: Who,
}

/// What kind of principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The root user of an account.
    Root,
    /// A user, by its path and name.
    User(String),
    /// Some session of a role, by the role's path and name.
    Role(String),
    /// A session of a role.
    Session {
        /// Name of the role, without its path: the ARN of a session has none.
        role: String,
        /// Name of the session.
        session: String,
    },
    /// A session by `GetFederationToken`, by the name that its maker gave it.
    Federated(String),
    /// A service of AWS.
    Service,
    /// An identity provider, for whoever it vouches for: the ARN of a SAML or OIDC provider, or a host.
    Provider,
    /// Some principal of an account.
    Account,
    /// A user or a role by its unique id, perhaps one that was deleted.
    Unique,
    /// An account of S3 by its canonical user id, or an origin access identity of CloudFront.
    Canonical,
    /// Nobody who signs.
    Anonymous,
}

impl Caller {
    /// Reads a principal as AWS writes it: an ARN, an account's id, a service, a provider's host, a unique id, a
    /// canonical user id, or `*` or `anonymous` for one who does not sign.
    ///
    /// # Errors
    /// It is none of these; the text says so.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (account, who) = read(text).ok_or_else(|| {
            format!("`{text}` is no principal: give an ARN, an account id, a service, a unique id or `*`")
        })?;
        Ok(Self { text: text.into(), account, who })
    }

    /// As it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its account, if it has one.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// What kind of principal it is.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// The name of the role that it is, or is a session of.
    pub fn role(&self) -> Option<&str> {
        match &self.who {
            Who::Role(path) => path.rsplit('/').next(),
            Who::Session { role, .. } => Some(role),
            _ => None,
        }
    }

    /// Whether service control policies never limit it, beside all else that does not belong to an account.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub(crate) fn is_service_linked(&self) -> bool {
        self.role().is_some_and(|role| role.starts_with("AWSServiceRoleFor"))
    }

    /// Whether identity policies can give it anything.
    pub(crate) fn has_identity(&self) -> bool {
        !matches!(self.who, Who::Service | Who::Provider | Who::Anonymous | Who::Canonical)
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a text is an account's id.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn read(text: &str) -> Option<(Option<String>, Who)> {
    if text == "*" || text == "anonymous" {
        return Some((None, Who::Anonymous));
    }
    if is_account(text) {
        return Some((Some(text.into()), Who::Account));
    }
    if is_unique_id(text) {
        return Some((None, Who::Unique));
    }
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some((None, Who::Canonical));
    }
    let Some([_, _, service, _, account, resource]) = arn::parts(text) else {
        let host = text.contains('.')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
        // The one provider whose host looks like a service.
        let service = |host: &str| {
            (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
                && !host.starts_with("cognito-identity.")
        };
        return host.then(|| (None, if service(text) { Who::Service } else { Who::Provider }));
    };
    let account = is_account(account).then(|| account.to_owned())?;
    let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
    let who = match (service, kind) {
        ("iam", "root") if name.is_empty() => Who::Root,
        _ if name.is_empty() => return None,
        ("iam", "user") => Who::User(name.into()),
        ("iam", "role") => Who::Role(name.into()),
        ("iam", "saml-provider" | "oidc-provider") => Who::Provider,
        ("sts", "federated-user") => Who::Federated(name.into()),
        ("sts", "assumed-role") => {
            let (role, session) = name.rsplit_once('/')?;
            Who::Session { role: role.rsplit('/').next()?.into(), session: session.into() }
        }
        _ => return None,
    };
    Some((Some(account), who))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let who = |text: &str| Caller::parse(text).map(|caller| caller.who);
        assert_eq!(who("arn:aws:iam::111122223333:root"), Ok(Who::Root));
        assert_eq!(who("arn:aws-cn:iam::111122223333:user/a/b"), Ok(Who::User("a/b".into())));
        assert_eq!(who("111122223333"), Ok(Who::Account));
        assert_eq!(who("ec2.amazonaws.com"), Ok(Who::Service));
        assert_eq!(who("cognito-identity.amazonaws.com"), Ok(Who::Provider));
        assert_eq!(who("accounts.google.com"), Ok(Who::Provider));
        assert_eq!(who("AROAEXAMPLEAPPROLE00"), Ok(Who::Unique));
        assert_eq!(who("*"), Ok(Who::Anonymous));
        let session =
            Caller::parse("arn:aws:sts::111122223333:assumed-role/web/i-1").expect("session");
        assert_eq!((session.role(), session.account()), (Some("web"), Some("111122223333")));
        for wrong in [
            "",
            "bob",
            "arn:aws:iam::1:user/x",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::111122223333:user/",
        ] {
            assert!(who(wrong).is_err(), "{wrong}");
        }
    }
}
