//! Who this program is to AWS. Owns how a caller's ARN is taken apart; what may not be denied to it
//! is the business of the actions' lock-out check.

use super::permissions::*;
use crate::aws::kit::*;

/// The calling principal, by
/// [`GetCallerIdentity`](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
#[derive(Clone, Debug, Serialize)]
pub struct Caller;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallerIs {
    pub account: String,
    pub arn: String,
    /// As `aws:userid` has it: `AIDA...` of a user, `AROA...:session` of a role's session.
    pub user_id: String,
}

impl CallerIs {
    /// The part of the ARN after its account: `user/path/name`, `assumed-role/name/session`.
    fn resource(&self) -> &str {
        self.arn.splitn(6, ':').nth(5).unwrap_or_default()
    }

    /// Name of the calling user, with a long-term key or a session by `GetSessionToken`.
    pub fn user(&self) -> Option<&str> {
        self.resource().strip_prefix("user/").map(|rest| rest.rsplit('/').next().unwrap_or(rest))
    }

    /// Name of the role whose session calls. The ARN of a session has no path.
    pub fn role(&self) -> Option<&str> {
        self.resource().strip_prefix("assumed-role/")?.split('/').next()
    }
}

impl FactHead<Aws> for Caller {
    const KIND: &'static str = "iam.caller";
    const READS: &'static [Permission] = &[GET_CALLER_IDENTITY];
    type Value = CallerIs;

    fn target(&self) -> String {
        "runner".into()
    }
}

impl Fact<Aws> for Caller {
    async fn read(&self, aws: &Aws) -> Result<CallerIs, CallError> {
        let who = aws.sts().get_caller_identity().send().await.by(GET_CALLER_IDENTITY)?;
        match (who.account, who.arn, who.user_id) {
            (Some(account), Some(arn), Some(user_id)) => Ok(CallerIs { account, arn, user_id }),
            _ => Err(CallError::local(
                GET_CALLER_IDENTITY.action,
                Class::Unknown,
                "names no account, ARN and user id",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_every_form_of_arn() {
        let caller =
            |arn: &str| CallerIs { account: "1".into(), arn: arn.into(), user_id: "x".into() };
        let user = caller("arn:aws:iam::111122223333:user/ops/anna");
        assert_eq!((user.user(), user.role()), (Some("anna"), None));
        let role = caller("arn:aws-cn:sts::111122223333:assumed-role/responder/backburn-1");
        assert_eq!((role.user(), role.role()), (None, Some("responder")));
        let root = caller("arn:aws:iam::111122223333:root");
        assert_eq!((root.user(), root.role()), (None, None));
    }
}
